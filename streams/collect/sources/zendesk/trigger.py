"""The body of the trigger that README.md asks a Zendesk admin to make, to a remark; pure.

Unlike Zendesk's own events it carries mail addresses, the CRM's id and the Jira links.

Source: Zendesk, "Placeholders reference" (read 2026-07); our own template.
"""

from __future__ import annotations

import re

from schemas.events import Customer, Feedback, Reporter
from streams.collect.outside import Outside
from streams.collect.source import Fact, digest, event_id
from streams.collect.sources.zendesk.remark import fact, record_of

REMARK = "closeloop.remark"
_KEY = re.compile(r"\b[A-Z][A-Z0-9_]{1,30}-[1-9][0-9]{0,9}\b")
_MOST_KEYS = 100
_DIGEST_DIGITS = 16


def remark(payload: Outside) -> Fact:
    """The customer's comment that fired the trigger."""
    ticket, words = payload["ticket_id"].id(), payload["comment"].words()
    at = payload["updated_at"].instant()
    comment = digest(words.encode())[:_DIGEST_DIGITS]
    description = payload["description"].maybe(Outside.text)
    record = Outside(record_of(ticket, words, description, comment), "$.ticket_id").id()
    id_ = event_id("zendesk", "trigger", record, at.isoformat(), comment)
    return fact(id_, at, _feedback(payload, record, words))


def _feedback(payload: Outside, record: str, words: str) -> Feedback:
    requester, agent = payload["requester"], payload["agent"]
    keys = payload["jira_issue_keys"].maybe(Outside.text) or ""
    return Feedback(
        origin="zendesk",
        record=record,
        words=words,
        title=payload["subject"].maybe(Outside.name),
        customer=Customer(
            email=requester["email"].maybe(Outside.email),
            name=requester["name"].maybe(Outside.name),
            id=requester["id"].maybe(Outside.id),
        ),
        account_id=payload["account_id"].maybe(Outside.id),
        reporter=Reporter(
            email=agent["email"].maybe(Outside.email), name=agent["name"].maybe(Outside.name)
        ),
        thread=payload["ticket_id"].id(),
        issue_keys=tuple(dict.fromkeys(_KEY.findall(keys)))[:_MOST_KEYS],
        url=payload["url"].maybe(Outside.url),
    )
