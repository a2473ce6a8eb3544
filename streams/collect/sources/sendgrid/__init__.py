"""SendGrid: what became of our mails."""

from schemas.topics import NOTIFICATION_SETTLED
from streams.collect.source import Source
from streams.collect.sources.sendgrid.parse import IGNORED, OUTCOMES, delivery_id, parse
from streams.collect.sources.sendgrid.verify import SIGNATURE, TIMESTAMP, verify

SOURCE = Source(
    name="sendgrid",
    vendor="Twilio SendGrid",
    handled=dict.fromkeys(OUTCOMES, NOTIFICATION_SETTLED.name),
    ignored=IGNORED,
    secret=lambda settings: settings.sendgrid_public_key,
    verify=verify,
    delivery_id=delivery_id,
    parse=parse,
    headers=frozenset({SIGNATURE, TIMESTAMP}),
)
