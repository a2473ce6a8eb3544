"""Zendesk: what customers write in tickets are remarks."""

from schemas.topics import FEEDBACK_RECEIVED
from streams.collect.source import Source
from streams.collect.sources.zendesk.parse import HANDLED, IGNORED, delivery_id, parse
from streams.collect.sources.zendesk.trigger import REMARK
from streams.collect.sources.zendesk.verify import SIGNATURE, TIMESTAMP, verify

SOURCE = Source(
    name="zendesk",
    vendor="Zendesk",
    handled=dict.fromkeys((*HANDLED, REMARK), FEEDBACK_RECEIVED.name),
    ignored=IGNORED,
    secret=lambda settings: settings.zendesk_secret,
    verify=verify,
    delivery_id=delivery_id,
    parse=parse,
    headers=frozenset({SIGNATURE, TIMESTAMP}),
)
