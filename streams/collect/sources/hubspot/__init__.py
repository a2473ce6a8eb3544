"""HubSpot: companies and deals, one changed property at a time."""

from schemas.topics import CRM_CHANGED
from streams.collect.source import Source
from streams.collect.sources.hubspot import parse, verify

SOURCE = Source(
    name="hubspot",
    vendor="HubSpot",
    handled=dict.fromkeys(parse.HANDLED, CRM_CHANGED.name),
    ignored=parse.IGNORED,
    secret=lambda settings: settings.hubspot_secret,
    verify=verify.verify,
    delivery_id=parse.delivery_id,
    parse=parse.parse,
    headers=frozenset({verify.SIGNATURE, verify.TIMESTAMP}),
)
