"""Every source, by name. A new one is a folder under ``sources/`` and a line here."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.errors import UnknownType
from streams.collect.source import Source
from streams.collect.sources import hubspot, jira, reply, sendgrid, typeform, zendesk

SOURCES: Mapping[str, Source] = {
    each.name: each
    for each in (
        hubspot.SOURCE,
        jira.SOURCE,
        reply.SOURCE,
        sendgrid.SOURCE,
        typeform.SOURCE,
        zendesk.SOURCE,
    )
}


def source(name: str) -> Source:
    """The source of that name.

    Raises:
        UnknownType: nobody declared it.
    """
    try:
        return SOURCES[name]
    except KeyError:
        raise UnknownType(f"no source is called {name!r}") from None
