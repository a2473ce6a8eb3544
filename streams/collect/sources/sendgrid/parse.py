"""SendGrid's reports on mails to what became of ours; pure.

A body is an array of reports on any mail of the account. Ours carry our message's id as a custom
argument, which comes back as a field of the report; the rest is none of our business.

Source: Twilio SendGrid, "Event Webhook Reference"; recorded reports (read 2026-07).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from schemas.delivery import Delivery
from schemas.events import NotificationSettled, Settlement
from schemas.topics import NOTIFICATION_SETTLED
from sinks.mail.compose import MESSAGE_ARG
from streams.collect.outside import Outside, payload_of
from streams.collect.source import Fact, Ignored, Result, digest, each, event_id

Outcome: TypeAlias = Literal[
    "accepted", "delivered", "deferred", "bounced", "dropped", "spam", "opened", "unknown"
]
OUTCOMES: dict[str, Outcome] = {
    "processed": "accepted",
    "delivered": "delivered",
    "deferred": "deferred",
    "bounce": "bounced",
    "dropped": "dropped",
    "spamreport": "spam",
    "open": "opened",
    "click": "opened",
}
"""SendGrid's word -> ours; any other is ``unknown``. Who clicks has opened."""
IGNORED = dict.fromkeys(
    ("unsubscribe", "group_unsubscribe", "group_resubscribe"),
    "our own mails are unsubscribed from by our own links",
)
NOT_OURS = "another mail of the same account"
_LONGEST_REASON = 10_000


def delivery_id(body: bytes) -> str:
    """A re-delivery has the same body."""
    return digest(body)


def parse(delivery: Delivery) -> Sequence[Result]:
    """What each report says; one that cannot be right stands among the others as a `Fault`."""
    return each(payload_of(delivery.body).items(), _report)


def _report(report: Outside) -> Sequence[Result]:
    word = report["event"].text()
    message = report[MESSAGE_ARG].maybe(Outside.id)
    if message is None:
        return [Ignored("without our id", NOT_OURS)]
    if word in IGNORED:
        return [Ignored(word, IGNORED[word])]
    provider_id = report["sg_event_id"].id()
    event = NotificationSettled(
        id=event_id("sendgrid", provider_id),
        source="/sendgrid",
        time=report["timestamp"].seconds(),
        specversion="1.0",
        data=Settlement(
            message=message,
            outcome=OUTCOMES.get(word, "unknown"),
            provider_id=provider_id,
            reason=_reason(report, word),
        ),
    )
    return [Fact(NOTIFICATION_SETTLED.name, message, event)]


def _reason(report: Outside, word: str) -> str:
    """The other server's words, where there are any; an unknown word is kept here."""
    said = report["reason"].maybe(Outside.text) or report["response"].maybe(Outside.text) or ""
    return (said if word in OUTCOMES else f"{word}: {said}")[:_LONGEST_REASON]
