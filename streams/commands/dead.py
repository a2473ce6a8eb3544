"""``closeloop dead``: what could not be used, why, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import click
import msgspec

from schemas.topics import BY_NAME, TOPICS
from sinks.kafka.reading import consumer
from streams.commands import options
from streams.commands.broker import servers_of
from streams.commands.letterbox import choose, find, scan, whole
from streams.commands.output import progress, remark, show, show_fields, show_json
from streams.commands.root import settings_of
from streams.commands.settling import settling
from streams.commands.terminal import excerpt, safe
from streams.dead.explain import Explanation, explain
from streams.dead.letters import Fate, Letter, Place, Settled, Wanted, original_of


class PlaceType(click.ParamType):
    """``PARTITION:OFFSET`` on the dead-letter topic."""

    name = "PARTITION:OFFSET"

    def convert(
        self, value: Any, param: click.Parameter | None, context: click.Context | None
    ) -> Place:
        """The place."""
        if isinstance(value, Place):
            return value
        partition, _, offset = str(value).partition(":")
        said = {"partition": partition, "offset": offset}
        try:
            return msgspec.convert(said, Place, strict=False)
        except msgspec.ValidationError:
            self.fail(f"{value!r} is not PARTITION:OFFSET, such as 0:17", param, context)


@click.group()
def dead() -> None:
    """Dead letters: list, show, redrive, drop.

    Example: closeloop dead list feedback.received --since 1d
    """


@dead.command("list")
@click.argument("topic", required=False)
@options.since
@click.option("--all", "with_settled", is_flag=True, help="Those put back or dropped as well.")
@options.limit()
@options.as_json
@click.pass_context
def list_(  # noqa: PLR0913 - one argument per option
    context: click.Context,
    *,
    topic: str | None,
    since: datetime | None,
    with_settled: bool,
    limit: int,
    as_json: bool,
) -> None:
    """List what lies on a topic's dead-letter twin, or on all of them, the newest first.

    Example: closeloop dead list feedback.received --since 1d
    """
    servers = servers_of(settings_of(context))
    found: list[tuple[Letter, Settled | None]] = []
    with consumer(servers) as client:
        there = client.topics()
        names = [original_of(topic)] if topic else _with_twins(there)
        for name in names:
            letters, settled = scan(client, name, since)
            found += [(letter, settled.get(letter.place)) for letter in letters]
    chosen = [one for one in found if with_settled or one[1] is None]
    chosen.sort(key=lambda one: _time_of(one[0]), reverse=True)
    show(
        as_json=as_json,
        value=[described(*one) for one in chosen[:limit]],
        columns=("topic", "place", "given up", "key", "error", "path", "reason", "state"),
        rows=(_row(*one) for one in chosen[:limit]),
    )
    if len(chosen) > limit:
        remark(f"{limit} of {len(chosen)}: --limit shows more")


@dead.command("show")
@click.argument("topic")
@click.argument("place", type=PlaceType(), metavar=PlaceType.name)
@options.as_json
@click.pass_context
def show_one(context: click.Context, *, topic: str, place: Place, as_json: bool) -> None:
    """Explain one dead letter: what is wrong, with what, why, and what to do now.

    Example: closeloop dead show feedback.received 0:17
    """
    name = original_of(topic)
    with consumer(servers_of(settings_of(context))) as client:
        letter = find(client, name, place)
        settled = scan(client, name, None)[1].get(place)
    said = explain(letter, settled)
    if as_json:
        show_json({**described(letter, settled), "explanation": said})
    else:
        _print(letter, settled, said)


_PLACES = click.argument("places", type=PlaceType(), nargs=-1, metavar=f"[{PlaceType.name}]...")
_ALL = click.option("--all", "every", is_flag=True, help="Every letter of the topic.")
_REASON = click.option("--reason", default="", help="Those whose reason holds these words.")
_ERROR = click.option("--error", default="", help="Those of this error, such as UnknownType.")


@dead.command()
@click.argument("topic")
@_PLACES
@_ALL
@_REASON
@_ERROR
@options.since
@click.option("--again", is_flag=True, help="Those that were put back or dropped already as well.")
@options.by
@options.dry_run
@options.as_json
@click.pass_context
def redrive(context: click.Context, /, **said: Any) -> None:
    """Put records back onto their topic, as they were: value, key, headers, partition.

    A letter is put back once, however often this is repeated, unless --again is given.

    Example: closeloop dead redrive feedback.received --error UnknownType --dry-run
    """
    _settle(context, "redriven", said)


@dead.command()
@click.argument("topic")
@_PLACES
@_ALL
@_REASON
@_ERROR
@options.since
@click.option("--why", default="", help="Remembered with the letter.")
@options.by
@options.dry_run
@options.as_json
@click.pass_context
def drop(context: click.Context, /, **said: Any) -> None:
    """Let dead letters go: they are listed no more; the topic forgets them after 30 days.

    Example: closeloop dead drop feedback.received 0:17 --why "test data"
    """
    _settle(context, "dropped", said)


def _settle(context: click.Context, fate: Fate, said: dict[str, Any]) -> None:
    wanted = Wanted(places=said["places"], reason=said["reason"], error=said["error"])
    if not (wanted.places or wanted.reason or wanted.error or said["every"]):
        raise click.UsageError("name letters as PARTITION:OFFSET, or --reason, --error or --all")
    topic = original_of(said["topic"])
    servers = servers_of(settings_of(context))
    again, since = said.get("again", False), said["since"]
    if said["dry_run"]:
        with consumer(servers) as client:
            chosen = choose(client, topic, wanted, fate, since=since, again=again)
    else:
        with settling(servers) as session, consumer(servers) as client:
            chosen = choose(client, topic, wanted, fate, since=since, again=again)
            memory = (datetime.now(UTC), said["by"], said.get("why", ""))
            todo = _with_memory(whole(client, topic, chosen, since), fate, memory)
            with progress(f"{fate} on {topic}", len(chosen)) as advance:
                session.settle(todo, advance)
    _report(topic, fate, chosen, said)


def _with_memory(
    letters: Iterator[Letter], fate: Fate, memory: tuple[datetime, str, str]
) -> Iterator[tuple[Letter, Settled]]:
    at, by, why = memory
    for letter in letters:
        yield letter, Settled(place=letter.place, fate=fate, at=at, by=by, why=why)


def _report(topic: str, fate: Fate, chosen: Sequence[Letter], said: dict[str, Any]) -> None:
    done = f"would be {fate}" if said["dry_run"] else fate
    show(
        as_json=said["as_json"],
        value={
            "topic": topic,
            "fate": fate,
            "dry_run": said["dry_run"],
            "letters": [described(letter, None) for letter in chosen],
        },
        columns=("place", "key", "reason", ""),
        rows=((one.place, _key(one), excerpt(one.reason), done) for one in chosen),
    )
    if not chosen:
        remark("no letter fits, or all that do were put back or dropped already")


def described(letter: Letter, settled: Settled | None) -> dict[str, Any]:
    """A letter for machines; the record itself stays where it is."""
    return {
        "topic": letter.topic,
        "place": str(letter.place),
        "key": _key(letter),
        "size_bytes": letter.size_bytes,
        "state": settled.fate if settled else "dead",
        "settled": settled,
        "said": letter.said,
    }


def _row(letter: Letter, settled: Settled | None) -> tuple[object, ...]:
    said = letter.said
    return (
        letter.topic,
        letter.place,
        said.at if said else None,
        _key(letter),
        letter.error,
        said.path if said else "",
        excerpt(letter.reason),
        settled.fate if settled else "dead",
    )


def _key(letter: Letter) -> str | None:
    return None if letter.key is None else letter.key.decode("utf-8", "backslashreplace")


def _time_of(letter: Letter) -> tuple[float, Place]:
    return (letter.said.at.timestamp() if letter.said else 0.0, letter.place)


def _with_twins(there: set[str]) -> list[str]:
    return [t.name for t in TOPICS if t.has_dead_twin and t.dead in there]


def _print(letter: Letter, settled: Settled | None, said: Explanation) -> None:
    click.secho(said.what, bold=True)
    place = letter.said
    show_fields(
        [
            ("why", said.why),
            ("where", said.path),
            ("error", letter.error),
            ("topic", letter.topic),
            ("read at", f"{place.partition}:{place.offset}" if place else None),
            ("letter", f"{letter.place} on {BY_NAME[letter.topic].dead}"),
            ("key", _key(letter)),
            ("size", f"{letter.size_bytes} bytes"),
            ("given up", place.at if place else None),
            ("by version", place.version if place else None),
            ("state", f"{settled.fate} {settled.at:%Y-%m-%d} by {settled.by}" if settled else None),
        ]
    )
    click.echo()
    for line in said.lines:
        for number, text in enumerate(safe(line.text).split("\n")):
            lead = "> " if line.marked and number == 0 else "  "
            click.secho(f"{lead}{text}", fg="red" if line.marked else None)
    click.echo("\nWhat to do")
    for number, step in enumerate(said.advice, 1):
        click.echo(f"{number}. {safe(step)}")
