"""SendGrid: what became of our mails."""

from schemas.topics import NOTIFICATION_SETTLED
from streams.collect.source import Source
from streams.collect.sources.sendgrid import parse, verify

SOURCE = Source(
    name="sendgrid",
    vendor="Twilio SendGrid",
    handled=dict.fromkeys(parse.OUTCOMES, NOTIFICATION_SETTLED.name),
    ignored=parse.IGNORED,
    secret=lambda settings: settings.sendgrid_public_key,
    verify=verify.verify,
    delivery_id=parse.delivery_id,
    parse=parse.parse,
    headers=frozenset({verify.SIGNATURE, verify.TIMESTAMP}),
)
