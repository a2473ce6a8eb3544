"""Zendesk: what customers write in tickets are remarks."""

from schemas.topics import FEEDBACK_RECEIVED
from streams.collect.source import Source
from streams.collect.sources.zendesk import parse, trigger, verify

SOURCE = Source(
    name="zendesk",
    vendor="Zendesk",
    handled=dict.fromkeys((*parse.HANDLED, trigger.REMARK), FEEDBACK_RECEIVED.name),
    ignored=parse.IGNORED,
    secret=lambda settings: settings.zendesk_secret,
    verify=verify.verify,
    delivery_id=parse.delivery_id,
    parse=parse.parse,
    headers=frozenset({verify.SIGNATURE, verify.TIMESTAMP}),
)
