"""``closeloop replay``: what a source sent is read once more, by today's parser."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from schemas.errors import UnknownType
from schemas.topics import BY_NAME, CRM_CHANGED, EPIC_CHANGED, FEEDBACK_RECEIVED
from schemas.topics import NOTIFICATION_SETTLED as SETTLED
from sinks.contracts import Outgoing
from sinks.kafka.reading import consumer, count, read
from sinks.kafka.writing import sender
from streams.commands import options
from streams.commands.broker import servers_of
from streams.commands.output import Advance, progress, remark, show_fields, show_json
from streams.commands.root import settings_of

if TYPE_CHECKING:
    from streams.collect.rereading import Reading

ONTO = (FEEDBACK_RECEIVED.name, CRM_CHANGED.name, EPIC_CHANGED.name, SETTLED.name)
MOST_SHOWN = 20


@click.command()
@click.argument("source")
@options.since
@options.dry_run
@options.as_json
@click.pass_context
def replay(
    context: click.Context, *, source: str, since: datetime | None, dry_run: bool, as_json: bool
) -> None:
    """Parse the raw deliveries of a source again and publish their events, with the same ids.

    For a parser that was mended: words and links become what it makes of them now, what people
    decided stays, and nobody is told twice. What is wrong with a delivery is told here, and not
    dead-lettered a second time.

    Example: closeloop replay zendesk --since 2d --dry-run
    """
    from streams.collect.rereading import REPLAYABLE

    if source not in REPLAYABLE:
        raise UnknownType(f"{source!r} cannot be replayed; these can: {', '.join(REPLAYABLE)}")
    servers, tally = servers_of(settings_of(context)), Tally()
    topic = BY_NAME[f"source.{source}"].name
    with consumer(servers) as client:
        total = count(client, topic, since)
        with progress(f"replaying {topic}", total) as advance:
            found = _events(client, topic, since, tally, advance)
            if dry_run:
                tally.events = sum(1 for _ in found)
            else:
                with sender(servers, ONTO) as to:
                    tally.events = to.send(found)
    _report(tally, source, dry_run=dry_run, as_json=as_json)


class Tally:
    """What a replay came to."""

    def __init__(self) -> None:
        self.deliveries = 0
        self.events = 0
        self.ignored: Counter[str] = Counter()
        self.wrong: list[dict[str, str]] = []

    def add(self, place: str, reading: Reading) -> None:
        """Take in what one delivery amounted to."""
        self.deliveries += 1
        self.ignored.update(part.what for part in reading.ignored)
        if reading.error is not None:
            error = reading.error
            self.wrong.append({"delivery": place, "path": error.path, "reason": error.reason})


def _events(
    client: Any, topic: str, since: datetime | None, tally: Tally, advance: Advance
) -> Iterator[Outgoing]:
    from streams.collect.rereading import read_again

    replayed = datetime.now(UTC)
    for record in read(client, topic, since, advance):
        reading = read_again(record, datetime.now(UTC), replayed)
        tally.add(f"{record.partition}:{record.offset}", reading)
        yield from reading.outgoing


def _report(tally: Tally, source: str, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        show_json({"source": source, "dry_run": dry_run, **vars(tally)})
        return
    done = "would be published" if dry_run else "published"
    show_fields(
        [
            ("deliveries", tally.deliveries),
            (f"events {done}", tally.events),
            ("parts ignored", tally.ignored.total()),
            ("wrong", len(tally.wrong)),
        ]
    )
    for one in tally.wrong[:MOST_SHOWN]:
        remark(f"{one['delivery']}: {one['path']}: {one['reason']}")
    if len(tally.wrong) > MOST_SHOWN:
        remark(f"and {len(tally.wrong) - MOST_SHOWN} more: --json tells all")
