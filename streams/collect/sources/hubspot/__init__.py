"""HubSpot: companies and deals, one changed property at a time."""

from schemas.topics import CRM_CHANGED
from streams.collect.source import Source
from streams.collect.sources.hubspot.parse import HANDLED, IGNORED, delivery_id, parse
from streams.collect.sources.hubspot.verify import SIGNATURE, TIMESTAMP, verify

SOURCE = Source(
    name="hubspot",
    vendor="HubSpot",
    handled=dict.fromkeys(HANDLED, CRM_CHANGED.name),
    ignored=IGNORED,
    secret=lambda settings: settings.hubspot_secret,
    verify=verify,
    delivery_id=delivery_id,
    parse=parse,
    headers=frozenset({SIGNATURE, TIMESTAMP}),
)
