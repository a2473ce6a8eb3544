"""``closeloop publish``: canonical events from a file onto Kafka, all of them or none."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import IO

import click

from schemas.errors import UnknownType
from schemas.topics import Topic, topic
from sinks.kafka.writing import sender
from streams.collect.handing_in import Wrong, events_of
from streams.commands import options
from streams.commands.broker import servers_of
from streams.commands.errors import Refused
from streams.commands.output import progress, remark, show_json
from streams.commands.root import settings_of


@click.command()
@click.argument("topic_name", metavar="TOPIC")
@click.argument("file", type=click.File("rb"))
@options.dry_run
@options.as_json
@click.pass_context
def publish(
    context: click.Context, *, topic_name: str, file: IO[bytes], dry_run: bool, as_json: bool
) -> None:
    """Check events and publish them: one JSON object, an array, or one a line; - reads stdin.

    Nothing is sent unless everything is valid. The record key is derived from each event.

    Example: closeloop publish feedback.received remarks.jsonl --dry-run
    """
    wanted = _publishable(topic_name)
    records, wrong = events_of(file.read(), wanted, datetime.now(UTC))
    if wrong or not records:
        _refuse(wrong, as_json=as_json)
    if not dry_run:
        servers, what = servers_of(settings_of(context)), f"publishing onto {wanted.name}"
        with sender(servers, [wanted.name]) as to, progress(what, len(records)) as advance:
            to.send(records, advance)
    keys = [record.key.decode() for record in records if record.key is not None]
    if as_json:
        show_json({"topic": wanted.name, "sent": 0 if dry_run else len(keys), "keys": keys})
    else:
        done = "would be published" if dry_run else "published"
        click.echo(f"{len(records)} {'event' if len(records) == 1 else 'events'} {done}")


def _publishable(name: str) -> Topic:
    found = topic(name)
    if not found.events:
        raise UnknownType(f"{name} carries raw records, no events: publish is not for it")
    return found


def _refuse(wrong: list[Wrong], *, as_json: bool) -> None:
    if as_json:
        show_json({"sent": 0, "wrong": wrong})
    for one in wrong:
        remark(f"line {one.line}: {one.path}: {one.reason}")
    raise Refused(f"nothing was sent: {len(wrong)} wrong" if wrong else "the file holds no event")
