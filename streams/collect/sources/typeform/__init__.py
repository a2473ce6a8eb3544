"""Typeform: a form's response is a remark."""

from schemas.topics import FEEDBACK_RECEIVED
from streams.collect.source import Source
from streams.collect.sources.typeform.parse import IGNORED, RESPONSE, delivery_id, parse
from streams.collect.sources.typeform.verify import SIGNATURE, verify

SOURCE = Source(
    name="typeform",
    vendor="Typeform",
    handled={RESPONSE: FEEDBACK_RECEIVED.name},
    ignored=IGNORED,
    secret=lambda settings: settings.typeform_secret,
    verify=verify,
    delivery_id=delivery_id,
    parse=parse,
    headers=frozenset({SIGNATURE}),
)
