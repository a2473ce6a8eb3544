"""The tables of ``docs/sources.md``; ``python -m streams.collect.describe PAGE`` renews them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from streams.collect.registry import SOURCES
from streams.collect.source import Source

BEGIN, END = "<!-- sources: begin -->", "<!-- sources: end -->"
ROUTE = "/v1/sources/{name}"


def sources_table() -> str:
    """Every source, then what it does with every event type of its vendor, as Markdown."""
    parts = [_overview(), *(_events(source) for source in SOURCES.values())]
    return "\n\n".join(parts)


def with_tables(page: str) -> str:
    """The page with today's tables between its markers."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{sources_table()}\n{END}{after}"


def _overview() -> str:
    head = "| source | vendor | route | topic |\n| --- | --- | --- | --- |"
    return "\n".join((head, *map(_row, SOURCES.values())))


def _row(source: Source) -> str:
    route = ROUTE.format(name=source.name)
    posted = f"`POST {route}`" if source.is_posted else "its own pages"
    return f"| `{source.name}` | {source.vendor} | {posted} | `source.{source.name}` |"


def _events(source: Source) -> str:
    head = "| event | becomes |\n| --- | --- |"
    return "\n".join((f"### {source.name}\n", head, *_event_rows(source)))


def _event_rows(source: Source) -> Iterator[str]:
    for kind, topic in sorted(source.handled.items()):
        yield f"| `{kind}` | `{topic}` |"
    for kind, reason in sorted(source.ignored.items()):
        yield f"| `{kind}` | ignored: {reason} |"


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:]):
        path.write_text(with_tables(path.read_text("utf-8")), "utf-8")
