"""Bodies of the vendors' webhooks, as they send them. Pure."""

from datetime import datetime
from typing import Any

import msgspec


def hubspot_change(event: int, company: int, property_: str, value: str, at: datetime) -> bytes:
    """A company's property changed."""
    change = {
        "eventId": event,
        "portalId": 1,
        "occurredAt": int(at.timestamp() * 1000),
        "subscriptionType": "company.propertyChange",
        "attemptNumber": 0,
        "objectId": company,
        "propertyName": property_,
        "propertyValue": value,
    }
    return msgspec.json.encode([change])


def zendesk_ticket(  # noqa: PLR0913 - what a ticket says, by name
    number: str, key: str, *, at: datetime, customer: str, agent: str, words: str
) -> bytes:
    """A ticket's first comment; support tied the ticket to an issue."""
    body = {
        "type": "closeloop.remark",
        "ticket_id": number,
        "updated_at": stamp(at),
        "subject": "Reports as files",
        "description": words,
        "comment": words,
        "url": f"https://us.zendesk.example/agent/tickets/{number}",
        "requester": {"id": "88001", "name": "Ada Byrne", "email": customer},
        "agent": {"name": agent.partition("@")[0].title(), "email": agent},
        "jira_issue_keys": key,
    }
    return msgspec.json.encode(body)


def typeform_response(token: str, words: str, *, at: datetime, customer: str, rep: str) -> bytes:
    """The answers to a form of two questions."""
    answers = {"problem": words, "name": "Pat Nowak"}
    fields = [{"id": ref, "ref": ref, "type": "long_text", "title": ref.title()} for ref in answers]
    body: dict[str, Any] = {
        "event_id": token,
        "event_type": "form_response",
        "form_response": {
            "form_id": "f",
            "token": token,
            "submitted_at": stamp(at),
            "landed_at": stamp(at),
            "hidden": {"rep_email": rep, "email": customer},
            "definition": {"id": "f", "title": "What is in your way?", "fields": fields},
            "answers": [
                {"type": "text", "text": text, "field": {"id": ref, "ref": ref, "type": "text"}}
                for ref, text in answers.items()
            ],
        },
    }
    return msgspec.json.encode(body)


def stamp(at: datetime) -> str:
    """To the second, as the vendors write it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
