"""Draws English sentences out of permissively licensed packages, the same ones every time."""

from __future__ import annotations

import ast
import gzip
import hashlib
import html
import io
import json
import random
import re
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

LONGEST_WORDS, SHORTEST_LETTERS = 40, 5
MOSTLY_LETTERS = 0.72

_TAG = re.compile(r"<[^>]{1,200}>|https?://\S+|[`*]+|&[a-z]+;")
_HOLE = re.compile(r"%\(\w+\)[sd]|\{\{?[^{}]{0,40}\}?\}|%[sd]|\[%[^\]]*%\]|\$\w+")
_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_MSGID = re.compile(r'^msgid ((?:"[^\n]*"\n)+)', re.MULTILINE)
_DOC = re.compile(r'"""(.{8,1500}?)"""', re.DOTALL)
_QUOTED = re.compile(r'"([^"]{8,200})"')


class WrongPackage(ValueError):
    """A package is missing or is not the pinned one: the table cannot be rebuilt from it. Fatal."""


def pins(listing: str) -> dict[str, tuple[str, str]]:
    """File name -> (sha256, licence), from lines of the three."""
    fields = (line.split() for line in listing.splitlines() if line and line[0] != "#")
    return {name: (digest, licence) for name, digest, licence in fields}


def sentences(package: Path, digest: str) -> list[str]:
    """Clean sentences of one package, unique, in a fixed order.

    Raises:
        WrongPackage: the file is not the pinned one.
    """
    raw = package.read_bytes() if package.is_file() else b""
    if hashlib.sha256(raw).hexdigest() != digest:
        raise WrongPackage(f"{package.name} is missing or is not the pinned file")
    found: dict[str, str] = {}
    for name, body in _files(package.name, raw):
        for text in _texts(name, body):
            for sentence in _clean(text):
                found.setdefault(sentence.casefold(), sentence)
    return sorted(found.values())


def draw(found: list[str], most: int, seed: str) -> list[str]:
    """At most so many of the sentences, by a fixed shuffle."""
    drawn = list(found)
    random.Random(seed).shuffle(drawn)  # noqa: S311 - a draw that must be repeatable
    return drawn[:most]


def _files(name: str, raw: bytes) -> Iterator[tuple[str, bytes]]:
    if name.endswith(".whl"):
        with zipfile.ZipFile(io.BytesIO(raw)) as wheel:
            for member in sorted(wheel.namelist()):
                if _reader(member):
                    yield member, wheel.read(member)
        return
    with tarfile.open(fileobj=io.BytesIO(raw)) as bundle:
        for part in sorted(bundle.getmembers(), key=lambda each: each.name):
            held = bundle.extractfile(part) if _reader(part.name) else None
            if held:
                yield part.name, held.read()


def _texts(name: str, body: bytes) -> Iterator[str]:
    reader = _reader(name)
    if reader:
        plain = gzip.decompress(body) if name.endswith(".gz") else body
        yield from reader(plain.decode("utf-8", "replace"))


def _reader(name: str) -> Callable[[str], Iterator[str]] | None:
    """How to read a file, by its name; None for files that are not read."""
    return next((reader for pattern, reader in READERS if re.search(pattern, name)), None)


def _strings(text: str) -> Iterator[str]:
    yield from _leaves(json.loads(text))


def _described(text: str) -> Iterator[str]:
    """Descriptions of an interface document, and the names of its operations as words."""
    for key, value in _pairs(json.loads(text)):
        if key in ("description", "documentation"):
            yield value
        elif key in ("id", "title", "name") and len(value) > SHORTEST_LETTERS:
            yield re.sub(r"(?<=[a-z])(?=[A-Z])|[._]", " ", value)


def _pairs(node: object, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for name, value in node.items():
            yield from _pairs(value, name)
    elif isinstance(node, list):
        for value in node:
            yield from _pairs(value, key)
    elif isinstance(node, str):
        yield key, node


def _leaves(node: object) -> Iterator[str]:
    return (value for _, value in _pairs(node))


def _messages(text: str) -> Iterator[str]:
    for block in _MSGID.findall(text):
        yield "".join(ast.literal_eval(line) for line in block.splitlines())


def _docstrings(text: str) -> Iterator[str]:
    for found in _DOC.findall(text):
        yield found.strip().split("\n\n")[0].split(":param")[0]


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        bare = re.sub(r"^[\s-]+", "", line)
        yield re.sub(r"\(([^()|]*)\|[^()]*\)", r"\1", bare).split("|")[0]


def _glosses(text: str) -> Iterator[str]:
    """Definitions with their word, and examples, of a WordNet data file."""
    for line in text.splitlines():
        head, bar, gloss = line.partition(" | ")
        if not bar:
            continue
        fields = head.split()
        words = [fields[4 + 2 * n] for n in range(int(fields[3], 16))]
        word = words[0].replace("_", " ").split("(")[0]
        meaning = gloss.split('; "')[0].strip()
        yield f"{word}: {meaning}"
        yield " or ".join(each.replace("_", " ").split("(")[0] for each in words[:3])
        yield from _QUOTED.findall(gloss)


def _clean(text: str) -> Iterator[str]:
    bare = " ".join(_TAG.sub(" ", html.unescape(text)).split())
    for sentence in _END.split(bare)[:3]:
        whole = " ".join(_HOLE.sub(" ", sentence).split())
        letters = sum(letter.isascii() and (letter.isalpha() or letter == " ") for letter in whole)
        words = len(whole.split())
        if (
            len(whole) >= SHORTEST_LETTERS
            and words <= LONGEST_WORDS
            and letters >= MOSTLY_LETTERS * len(whole)
        ):
            yield whole


READERS: tuple[tuple[str, Callable[[str], Iterator[str]]], ...] = (
    (r"service-2\.json\.gz$|discovery_cache/documents/.*\.json$", _described),
    (r"^homeassistant/.*strings\.json$", _strings),
    (r"/(?:en|en_US|de)/LC_MESSAGES/\w+\.po$", _messages),
    (r"/en-us/.*\.(?:intent|dialog|voc)$|data/english/.*\.yml$", _lines),
    (r"dict/data\.(?:noun|verb|adj|adv)$", _glosses),
    (r"^(?:stripe|twilio|plaid|hubspot|msgraph)\w*[-/].*\.py$", _docstrings),
)
