"""Reads a folder of labelled remarks, and refuses by file and line what does not fit."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

Line = TypeVar("Line", bound=msgspec.Struct)


class Epic(msgspec.Struct, frozen=True):
    """One line of ``candidates.jsonl``."""

    id: str
    pool: str
    title: str
    description: str | None = ""

    @property
    def row(self) -> tuple[str, str, str]:
        """As an index takes it."""
        return self.id, self.title, self.description or ""


class Query(msgspec.Struct, frozen=True):
    """One line of ``queries.jsonl``."""

    id: str
    pool: str
    text: str


class Past(msgspec.Struct, frozen=True):
    """One line of ``history.jsonl``: a text and the epics that a person confirmed."""

    text: str
    gold: tuple[str, ...] | None = ()


class Gold(msgspec.Struct, frozen=True):
    """One line of ``gold.jsonl``: the right epics; empty where nothing fits."""

    query_id: str
    gold: tuple[str, ...] | None = ()


class Labelled(NamedTuple):
    """What is in a folder.

    Attributes:
        epics, queries: at least one of each, every id once.
        gold: query id -> its right epics; what is not there has none.
        past: epic id and a text that a person confirmed for it, in the file's order.
    """

    epics: list[Epic]
    queries: list[Query]
    gold: dict[str, frozenset[str]]
    past: list[tuple[str, str]]


class BadFolder(ValueError):
    """A file of the folder is missing or a line does not fit: named, and the command refuses."""


def read_folder(folder: Path) -> Labelled:
    """Everything in it; where there is a ``dev`` folder inside, queries and gold are read from it.

    Raises:
        BadFolder: the command refuses.
    """
    inner = folder / "dev" if (folder / "dev").is_dir() else folder
    history = folder / "history.jsonl"
    past = [line for _, line in lines(history, Past)] if history.exists() else []
    return Labelled(
        _some(folder / "candidates.jsonl", Epic, "id"),
        _some(inner / "queries.jsonl", Query, "id"),
        {
            line.query_id: frozenset(line.gold or ())
            for line in _once(inner / "gold.jsonl", Gold, "query_id")
        },
        [(epic, line.text) for line in past for epic in line.gold or ()],
    )


def lines(path: Path, kind: type[Line]) -> Iterator[tuple[int, Line]]:
    """Each line that is not empty, with its number; a byte-order mark before the first is nothing.

    Raises:
        BadFolder: the file cannot be read, or a line does not fit.
    """
    decoder = msgspec.json.Decoder(kind)
    try:
        with path.open("rb") as found:
            for number, line in enumerate(found, 1):
                if bare := line.removeprefix(BOM_UTF8 if number == 1 else b"").strip():
                    yield number, _decoded(decoder, bare, f"{path.name}:{number}")
    except FileNotFoundError as missing:
        raise BadFolder(f"{path} is missing") from missing
    except OSError as unreadable:
        raise BadFolder(f"{path} cannot be read: {unreadable.strerror}") from unreadable


def _some(path: Path, kind: type[Line], name: str) -> list[Line]:
    """As `_once`, at least one."""
    found = _once(path, kind, name)
    if not found:
        raise BadFolder(f"{path} has no line: there is nothing to measure")
    return found


def _once(path: Path, kind: type[Line], name: str) -> list[Line]:
    """All lines, of which no two have the same name."""
    first: dict[str, int] = {}
    found: list[Line] = []
    for number, line in lines(path, kind):
        before = first.setdefault(getattr(line, name), number)
        if before != number:
            twice = f"{name} {getattr(line, name)!a} stands in line {before} already"
            raise BadFolder(f"{path.name}:{number}: {twice}")
        found.append(line)
    return found


def _decoded(decoder: msgspec.json.Decoder[Line], line: bytes, where: str) -> Line:
    try:
        return decoder.decode(line)
    except UnicodeDecodeError as wrong:
        raise BadFolder(f"{where}: not UTF-8 (byte {wrong.object[wrong.start]:#04x})") from wrong
    except (msgspec.DecodeError, RecursionError) as wrong:
        raise BadFolder(f"{where}: {wrong}") from wrong
