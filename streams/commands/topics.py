"""``closeloop topics``: what flows, as declared and as the broker has it."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from schemas.codec import type_of
from schemas.errors import UnknownType
from schemas.events import Event
from schemas.topics import TOPICS, Topic, dead_twins
from streams.commands import options
from streams.commands.broker import servers_of
from streams.commands.output import remark, show, show_json
from streams.commands.root import settings_of


@click.group()
def topics() -> None:
    """Topics: list, schema, create, check.

    Example: closeloop topics list
    """


@topics.command("list")
@click.option("--dead", is_flag=True, help="The dead-letter twins as well.")
@options.as_json
def list_(*, dead: bool, as_json: bool) -> None:
    """List every topic as declared: key, writers, readers, how long it is kept.

    Example: closeloop topics list --json
    """
    from schemas.render import kept

    listed = (*TOPICS, *dead_twins()) if dead else TOPICS
    show(
        as_json=as_json,
        value=[_described(topic) for topic in listed],
        columns=("topic", "key", "written by", "read by", "kept", "partitions"),
        rows=(
            (t.name, t.key, ", ".join(t.producers), ", ".join(t.consumers), kept(t), t.partitions)
            for t in listed
        ),
    )


@topics.command()
@click.option("--event", "kind", metavar="TYPE", help="Only this event, as JSON Schema.")
@click.option("--json", is_flag=True, expose_value=False, help="As without: it is always JSON.")
def schema(kind: str | None) -> None:
    """Print the AsyncAPI 3.1 document of every topic, or the JSON Schema of one event.

    Example: closeloop topics schema --event closeloop.feedback.received.v1
    """
    from schemas.render import asyncapi, json_schema

    show_json(asyncapi() if kind is None else json_schema(_event(kind)))


@topics.command()
@options.dry_run
@options.as_json
@click.pass_context
def create(context: click.Context, *, dry_run: bool, as_json: bool) -> None:
    """Create the topics that the broker lacks; those that are there stay as they are.

    Example: closeloop topics create --dry-run
    """
    from sinks.kafka.admin import create_missing

    servers = servers_of(settings_of(context))
    names = _missing(servers) if dry_run else create_missing(servers)
    show(
        as_json=as_json,
        value={"created": [] if dry_run else names, "missing": names if dry_run else []},
        columns=("would create" if dry_run else "created",),
        rows=[(name,) for name in names],
    )
    if not names:
        remark("every topic is there")


@topics.command()
@options.as_json
@click.pass_context
def check(context: click.Context, *, as_json: bool) -> int:
    """Compare the broker's topics with the declaration; exit status 1 where they differ.

    Example: closeloop topics check
    """
    from sinks.kafka.admin import differences

    servers = servers_of(settings_of(context))
    found = differences(servers)
    if found or as_json:
        show(
            as_json=as_json,
            value=found,
            columns=("topic", "what", "declared", "broker"),
            rows=((d.topic, d.what, d.wanted, d.found or "missing") for d in found),
        )
    if not found:
        remark("the broker has every topic as declared")
    elif any(difference.found is None for difference in found):
        remark("create what is missing: closeloop topics create")
    return 1 if found else 0


def _described(topic: Topic) -> dict[str, Any]:
    said: dict[str, Any] = msgspec.structs.asdict(topic)
    twin = topic.dead if topic.has_dead_twin else None
    return {**said, "events": [type_of(event) for event in topic.events], "dead": twin}


def _missing(servers: str) -> list[str]:
    from sinks.kafka.admin import differences

    return [one.topic for one in differences(servers) if one.found is None]


def _event(kind: str) -> type[Event]:
    for topic in TOPICS:
        for event in topic.events:
            if type_of(event) == kind:
                return event
    raise UnknownType(f"no event is called {kind!r}: see `closeloop topics list --json`")
