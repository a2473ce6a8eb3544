"""Typeform: a form's response is a remark."""

from schemas.topics import FEEDBACK_RECEIVED
from streams.collect.source import Source
from streams.collect.sources.typeform import parse, verify

SOURCE = Source(
    name="typeform",
    vendor="Typeform",
    handled={parse.RESPONSE: FEEDBACK_RECEIVED.name},
    ignored=parse.IGNORED,
    secret=lambda settings: settings.typeform_secret,
    verify=verify.verify,
    delivery_id=parse.delivery_id,
    parse=parse.parse,
    headers=frozenset({verify.SIGNATURE}),
)
