"""An index as bytes and back, so that a start need not compute every vector anew; no pickle."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec
import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load, save
from scipy import sparse

from streams.link.likeness import grams
from streams.link.likeness.scores import Matrix

RECIPE = 2
"""Raised whenever the same epic would get another vector: cleaning, hashing, weights, table."""

WORTH_KEEPING = 0.01
"""Of what is kept for a start, how much must have come or gone before it is kept again."""


class Stale(ValueError):
    """Saved under another recipe or table, or no index at all: put all epics again."""


class Saved(msgspec.Struct, frozen=True):
    """The epics of an index and their rows."""

    ids: list[str]
    digests: list[str]
    title_words: list[int]
    meaning: Matrix
    letters: sparse.csr_array


def digest(title: str, description: str) -> str:
    """Tells whether an epic's words are still those of its saved row."""
    both = f"{len(title)}:{title}{description}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(both).hexdigest()


def dump(held: Saved, table: str) -> bytes:
    """The bytes; vectors are whole numbers below 2**15, kept as such."""
    names = np.frombuffer(msgspec.json.encode([held.ids, held.digests]), np.uint8)
    return save(
        {
            "names": names,
            "title_words": np.array(held.title_words, np.int32),
            "meaning": held.meaning.astype(np.int16),
            "data": held.letters.data,
            "indices": held.letters.indices.astype(np.int32),
            "indptr": held.letters.indptr.astype(np.int64),
            "made_by": _mark(table),
        }
    )


def parse(body: bytes, table: str) -> Saved:
    """What was saved.

    Raises:
        Stale: the caller puts all epics again.
    """
    try:
        held = load(body)
        if not np.array_equal(held["made_by"], _mark(table)):
            raise Stale("saved under another recipe or table")
        ids, digests = msgspec.json.decode(held["names"].tobytes(), type=list[list[str]])
        parts = (held["data"], held["indices"], held["indptr"])
        letters = sparse.csr_array(parts, shape=(len(ids), grams.WIDTH))
        meaning = held["meaning"].astype(np.float32)
        title_words = held["title_words"].tolist()
        if not len(ids) == len(digests) == len(title_words) == len(meaning):
            raise Stale("saved with rows missing")
    except (SafetensorError, KeyError, msgspec.DecodeError) as wrong:
        raise Stale(f"not a saved index: {wrong}") from wrong
    except ValueError as wrong:  # of scipy, where the rows' parts do not fit each other
        raise Stale(f"saved in parts that do not fit: {wrong}") from wrong
    return Saved(ids, digests, title_words, meaning, letters)


def changed(held: Saved, epics: Iterable[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """The epics whose words are not those of the saved rows."""
    known = dict(zip(held.ids, held.digests, strict=True))
    return [(i, title, body) for i, title, body in epics if known.get(i) != digest(title, body)]


def _mark(table: str) -> npt.NDArray[np.uint8]:
    return np.frombuffer(f"{RECIPE}:{grams.BITS}:{table}".encode(), np.uint8)
