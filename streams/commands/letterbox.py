"""Finds dead letters on their topics: read within bounds, without a group, nothing committed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from schemas.topics import BY_NAME
from sinks.kafka.reading import count, read, read_one
from streams.commands.errors import NotFound, Refused
from streams.commands.output import progress
from streams.dead.letters import Fate, Letter, Place, Settled, Wanted, light
from streams.dead.letters import read as read_letter

FEW = 10
"""Letters that are looked up one by one instead of reading the whole topic again."""


def scan(
    client: Any, topic: str, since: datetime | None
) -> tuple[list[Letter], dict[Place, Settled]]:
    """Every letter of the topic without its record, and what was done with which."""
    twin = BY_NAME[topic].dead
    letters: list[Letter] = []
    settled: dict[Place, Settled] = {}
    total = count(client, twin, since)
    with progress(f"reading {twin}", total) as advance:
        for record in read(client, twin, since, advance):
            one = read_letter(topic, record)
            if isinstance(one, Settled):
                settled[one.place] = one
            else:
                letters.append(light(one))
    return letters, settled


def find(client: Any, topic: str, place: Place) -> Letter:
    """The whole letter at a place; `NotFound` where there is none."""
    twin = BY_NAME[topic].dead
    record = read_one(client, twin, place.partition, place.offset)
    letter = read_letter(topic, record) if record else None
    if not isinstance(letter, Letter):
        raise NotFound(f"no letter lies at {place} on {twin}: see `closeloop dead list {topic}`")
    return _with_record(client, letter)


def _with_record(client: Any, letter: Letter) -> Letter:
    """The letter with its record, also where that was left on its topic and is still there."""
    if not letter.is_left or letter.said is None:
        return letter
    found = read_one(client, letter.topic, letter.said.partition, letter.said.offset)
    if found is None:
        return letter
    return msgspec.structs.replace(letter, key=found.key, value=found.value, headers=found.headers)


def _present(letter: Letter) -> Letter:
    """The letter, where its record is still to be had; else `NotFound`."""
    if letter.is_left:
        raise NotFound(f"the record of {letter.place} was too large to be kept, and is gone by now")
    return letter


def choose(  # noqa: PLR0913 - plain values
    client: Any, topic: str, wanted: Wanted, fate: Fate, *, since: datetime | None, again: bool
) -> list[Letter]:
    """The letters that are meant and may be settled, without their records.

    Raises:
        NotFound: no letter lies at one of the places.
        Refused: one that was named was settled already, or is none of ours.
    """
    letters, settled = scan(client, topic, None if wanted.places else since)
    chosen = [letter for letter in letters if wanted.fits(letter)]
    missing = {*wanted.places} - {letter.place for letter in chosen}
    if missing:
        raise NotFound(f"no letter lies at {min(missing)} on {BY_NAME[topic].dead}")
    free = [one for one in chosen if again or one.place not in settled]
    done = [settled[one.place] for one in chosen if one.place in settled and not again]
    if wanted.places and done:
        hint = "; --again does it again" if fate == "redriven" else ""
        raise Refused(f"{done[0].place} was {done[0].fate} already, by {done[0].by}{hint}")
    strange = [one for one in free if one.said is None]
    if fate == "redriven" and wanted.places and strange:
        raise Refused(f"{strange[0].place} is no dead letter of ours: it cannot be put back")
    return [one for one in free if fate == "dropped" or one.said is not None]


def whole(
    client: Any, topic: str, chosen: Sequence[Letter], since: datetime | None
) -> Iterator[Letter]:
    """The chosen letters with their records, one at a time."""
    places = {letter.place for letter in chosen}
    if len(places) <= FEW:
        yield from (_present(find(client, topic, place)) for place in sorted(places))
        return
    left: list[Letter] = []
    for record in read(client, BY_NAME[topic].dead, since):
        one = read_letter(topic, record)
        if isinstance(one, Letter) and one.place in places:
            if one.is_left:
                left.append(one)  # to look its record up would end this reading
            else:
                yield one
    yield from (_present(_with_record(client, letter)) for letter in left)
