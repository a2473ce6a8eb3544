"""Jira Cloud: issues and versions as of now."""

from schemas.topics import EPIC_CHANGED
from streams.collect.source import Source
from streams.collect.sources.jira.parse import (
    IDENTIFIER,
    IGNORED,
    ISSUES,
    VERSIONS,
    delivery_id,
    parse,
)
from streams.collect.sources.jira.verify import SIGNATURE, verify

SOURCE = Source(
    name="jira",
    vendor="Jira Cloud",
    handled=dict.fromkeys((*ISSUES, *VERSIONS), EPIC_CHANGED.name),
    ignored=IGNORED,
    secret=lambda settings: settings.jira_webhook_secret,
    verify=verify,
    delivery_id=delivery_id,
    parse=parse,
    headers=frozenset({SIGNATURE, IDENTIFIER}),
)
