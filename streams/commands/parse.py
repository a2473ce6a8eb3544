"""``closeloop parse``: what a vendor's request would become, with nothing sent."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import IO, Any

import click

from schemas.errors import InvalidEvent
from sinks.contracts import Outgoing
from streams.commands import options
from streams.commands.output import remark, show_json, show_line


@click.command()
@click.argument("source")
@click.argument("body", type=click.File("rb"))
@click.option("--headers", type=click.File("r"), help="JSON object, or `Name: value` lines.")
@options.as_json
def parse(*, source: str, body: IO[bytes], headers: IO[str] | None, as_json: bool) -> int:
    """Read a vendor's request body and print its canonical events, one JSON a line.

    Nothing is sent, and no signature is checked. --json prints one document, with keys and topics,
    what was ignored and what is wrong. Exit status 1 where anything is wrong.

    Example: closeloop parse zendesk ticket.json
    """
    from streams.collect.rereading import delivery_of, headers_of, kept, read_again

    now = datetime.now(UTC)
    said = headers_of(headers.read()) if headers else {}
    reading = read_again(kept(delivery_of(source, body.read(), said, now)), now)
    if as_json:
        show_json(
            {
                "source": source,
                "events": [_described(one) for one in reading.outgoing],
                "ignored": reading.ignored,
                "wrong": _wrong(reading.error),
            }
        )
    else:
        for one in reading.outgoing:
            show_line(_event(one))
        for part in reading.ignored:
            remark(f"ignored: {part.what}: {part.reason}")
    if reading.error is not None:
        remark(f"wrong: {reading.error.path}: {reading.error.reason}")
    return 1 if reading.error else 0


def _event(record: Outgoing) -> Any:
    return json.loads(record.value or b"null")


def _described(record: Outgoing) -> dict[str, Any]:
    key = (record.key or b"").decode()
    return {"topic": record.topic, "key": key, "event": _event(record)}


def _wrong(error: InvalidEvent | None) -> dict[str, str] | None:
    if error is None:
        return None
    return {"error": type(error).__name__, "path": error.path, "reason": error.reason}
