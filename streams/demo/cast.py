"""Who and what the story is about. Everything is made up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from schemas.events import (
    Account,
    AccountChanged,
    AnyEvent,
    Customer,
    Feedback,
    FeedbackReceived,
    Opportunity,
    OpportunityChanged,
    Rep,
    RepChanged,
    Reporter,
)

CRM = "https://crm.closeloop.example"
PORTAL = "https://portal.closeloop.example"

REPS = (
    Rep(id="r-mara", email="mara@closeloop.example", name="Mara Lindt", team="North"),
    Rep(id="r-dana", email="dana@closeloop.example", name="Dana Roth", manager_id="r-mara"),
    Rep(id="r-lee", email="lee@closeloop.example", name="Lee Osei", manager_id="r-mara"),
)
ACCOUNTS = (
    Account(
        id="a-acme",
        name="Acme Freight",
        domains=("acme.example",),
        revenue_cents=240_000_00,
        currency="EUR",
        segment="Enterprise",
        owner_id="r-dana",
    ),
    Account(
        id="a-globex",
        name="Globex Foods",
        domains=("globex.example",),
        revenue_cents=36_000_00,
        currency="EUR",
        segment="Mid-market",
        owner_id="r-lee",
    ),
    Account(
        id="a-initech",
        name="Initech Labs",
        domains=("initech.example",),
        revenue_cents=12_500_00,
        currency="EUR",
        segment="Small business",
        owner_id="r-lee",
    ),
)
DEAL = "5551"
OPPORTUNITIES = (
    Opportunity(
        id=DEAL,
        account_id="a-acme",
        name="Acme renewal and expansion",
        stage="Negotiation",
        amount_cents=80_000_00,
        currency="EUR",
        owner_id="r-dana",
        is_open=True,
    ),
)
EXPORT = {
    "project": "APP",
    "summary": "Export reports as CSV",
    "description": "Let customers export every report, with all columns, as a CSV file.",
}
LOGIN = {
    "project": "APP",
    "summary": "Single sign-on with SAML",
    "description": "Log in through the customer's own identity provider.",
}
DARK = {
    "project": "APP",
    "summary": "Dark mode for the dashboard",
    "description": "A dark colour scheme that follows the system's setting.",
}


def crm_changes(at: datetime) -> list[tuple[str, AnyEvent]]:
    """(key, event) of everyone and everything, as a CRM's connector publishes them."""
    kinds: list[tuple[str, Any, tuple[Any, ...]]] = [
        ("rep", RepChanged, REPS),
        ("account", AccountChanged, ACCOUNTS),
        ("opportunity", OpportunityChanged, OPPORTUNITIES),
    ]
    return [
        (
            f"{kind}:{data.id}",
            event(id=f"{kind}-{data.id}", source=CRM, specversion="1.0", time=at, data=data),
        )
        for kind, event, rows in kinds
        for data in rows
    ]


def upstream_remark(at: datetime, key: str) -> tuple[str, AnyEvent]:
    """A remark that a producer of its own puts straight on Kafka."""
    said = Feedback(
        origin="upstream",
        record="note-17",
        words=f"Their auditors want every report as CSV, all columns. This is {key}.",
        customer=Customer(name="Ivo Blum", email="ivo@initech.example"),
        reporter=Reporter(email="lee@closeloop.example", name="Lee Osei"),
    )
    event = FeedbackReceived(id="note-17", source=PORTAL, specversion="1.0", time=at, data=said)
    return "upstream:note-17", event


def typeform_answer(at: datetime) -> bytes:
    """A form answer of Pat at Acme, passed on by Dana; it names no issue."""
    fields = [
        ("problem", "long_text", "What is in your way?"),
        ("name", "short_text", "Who are you?"),
        ("email", "email", "How do we reach you?"),
    ]
    answers: list[dict[str, Any]] = [
        {
            "type": "text",
            "text": "Every Monday I copy forty rows out of your reports by hand. "
            "I need to export reports with all columns, as CSV.",
            "field": {"id": "f1", "type": "long_text", "ref": "problem"},
        },
        {
            "type": "text",
            "text": "Pat Nowak",
            "field": {"id": "f2", "type": "short_text", "ref": "name"},
        },
        {
            "type": "email",
            "email": "pat@acme.example",
            "field": {"id": "f3", "type": "email", "ref": "email"},
        },
    ]
    body = {
        "event_id": "demo-typeform-1",
        "event_type": "form_response",
        "form_response": {
            "form_id": "demo",
            "token": "demo0001",
            "submitted_at": _iso(at),
            "landed_at": _iso(at - timedelta(minutes=3)),
            "hidden": {
                "rep_email": "dana@closeloop.example",
                "company": "a-acme",
                "opportunity": DEAL,
            },
            "definition": {
                "id": "demo",
                "title": "What is in your way?",
                "fields": [
                    {"id": f"f{number}", "ref": ref, "type": kind, "title": title}
                    for number, (ref, kind, title) in enumerate(fields, 1)
                ],
            },
            "answers": answers,
        },
    }
    return msgspec.json.encode(body)


def hubspot_owner_change(at: datetime, owner: str) -> bytes:
    """The deal has another owner from now on."""
    event = {
        "eventId": 17,
        "subscriptionId": 1,
        "portalId": 1,
        "appId": 1,
        "occurredAt": int(at.timestamp() * 1000),
        "subscriptionType": "deal.propertyChange",
        "attemptNumber": 0,
        "objectId": int(DEAL),
        "propertyName": "hubspot_owner_id",
        "propertyValue": owner,
        "changeSource": "CRM_UI",
    }
    return msgspec.json.encode([event])


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def zendesk_comment(at: datetime, key: str) -> bytes:
    """The first comment of a ticket of Globex, which support has tied to an issue."""
    words = "We retype your numbers into our spreadsheet every month. A file would do!"
    body = {
        "type": "closeloop.remark",
        "ticket_id": "4711",
        "updated_at": _iso(at),
        "subject": "Reports as files",
        "description": words,
        "comment": words,
        "url": "https://globex.zendesk.example/agent/tickets/4711",
        "requester": {"id": "88001", "name": "Ada Byrne", "email": "ada@globex.example"},
        "agent": {"name": "Lee Osei", "email": "lee@closeloop.example"},
        "jira_issue_keys": key,
    }
    return msgspec.json.encode(body)
