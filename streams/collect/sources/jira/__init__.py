"""Jira Cloud: issues and versions as of now."""

from schemas.topics import EPIC_CHANGED
from streams.collect.source import Source
from streams.collect.sources.jira import parse, verify

SOURCE = Source(
    name="jira",
    vendor="Jira Cloud",
    handled=dict.fromkeys((*parse.ISSUES, *parse.VERSIONS), EPIC_CHANGED.name),
    ignored=parse.IGNORED,
    secret=lambda settings: settings.jira_webhook_secret,
    verify=verify.verify,
    delivery_id=parse.delivery_id,
    parse=parse.parse,
    headers=frozenset({verify.SIGNATURE, parse.IDENTIFIER}),
)
