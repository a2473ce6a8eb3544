"""Keeps today's schemas for ever: ``python -m schemas.freeze``, at every release.

Adds what has no frozen form yet, and never overwrites::

    schemas/frozen/<topic>/<type>.schema.json     as first released
    schemas/frozen/<topic>/<type>.2.schema.json   as widened since, and so on
    schemas/frozen/<topic>/<type>.json            its examples, numbered as in schemas/examples/
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from schemas.codec import type_of
from schemas.compatibility import breaks
from schemas.events import Event
from schemas.examples import example_name, examples_of
from schemas.render import dumps, json_schema
from schemas.topics import TOPICS

FROZEN = Path(__file__).parent / "frozen"
_SCHEMA = ".schema.json"


def frozen_schemas(root: Path = FROZEN) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Topic, event type and JSON Schema of everything frozen, every generation."""
    for path in sorted(root.glob(f"*/*{_SCHEMA}")):
        schema = json.loads(path.read_text("utf-8"))
        yield path.parent.name, schema["$id"].rpartition(":")[2], schema


def frozen_examples(root: Path = FROZEN) -> Iterator[tuple[str, bytes]]:
    """Topic and structured CloudEvent of every frozen example."""
    for path in sorted(root.glob("*/*.json")):
        if not path.name.endswith(_SCHEMA):
            yield path.parent.name, path.read_bytes()


def freeze(root: Path = FROZEN) -> list[Path]:
    """Add what is not frozen yet; the files that were written, none that was there before.

    Effects: writes files under `root`; repeating it writes nothing.
    """
    return [
        written
        for topic in TOPICS
        for event in topic.events
        for written in (*_freeze_schema(root / topic.name, event), *_freeze_examples(root, event))
    ]


def _freeze_schema(folder: Path, event: type[Event]) -> Iterator[Path]:
    """The next generation, where today's schema has something that the last one has not."""
    today = json_schema(event)
    generation, last = 1, None
    while (path := folder / _schema_name(type_of(event), generation)).exists():
        generation, last = generation + 1, json.loads(path.read_text("utf-8"))
    if last is None or breaks(today, last):
        yield _write(path, dumps(today).encode())


def _freeze_examples(root: Path, event: type[Event]) -> Iterator[Path]:
    for topic in (topic for topic in TOPICS if event in topic.events):
        for number, example in enumerate(examples_of(event), start=1):
            path = root / topic.name / example_name(type_of(event), number)
            if not path.exists():
                yield _write(path, example)


def _schema_name(kind: str, generation: int) -> str:
    return example_name(kind, generation).removesuffix(".json") + _SCHEMA


def _write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:  # x: what is frozen is never overwritten
        file.write(content)
    return path


if __name__ == "__main__":
    for written in freeze():
        sys.stdout.write(f"frozen: {written}\n")
