"""Examples of every event, one coherent story, as structured CloudEvents in ``schemas/examples/``.

The first of a type is ``<type>.json``, the next ``<type>.2.json``. Every rule that consumes a topic
is run on its examples; the documents show them.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from itertools import count

from schemas.codec import type_of
from schemas.events import Event
from schemas.topics import TOPICS


def examples() -> Iterator[tuple[str, bytes]]:
    """Topic and structured CloudEvent of every example, in the order of the topics."""
    for topic in TOPICS:
        for event in topic.events:
            for example in examples_of(event):
                yield topic.name, example


def examples_of(event: type[Event]) -> Iterator[bytes]:
    """The examples of one event type, the plainest first; at least one."""
    folder = files("schemas") / "examples"
    for number in count(1):
        example = folder / example_name(type_of(event), number)
        if not example.is_file():
            return
        yield example.read_bytes()


def example_name(kind: str, number: int) -> str:
    """The file name of the n-th example of an event type, n from 1."""
    return f"{kind}.json" if number == 1 else f"{kind}.{number}.json"
