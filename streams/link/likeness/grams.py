"""Counts the hashed four-letter pieces of words, a whole batch of texts at once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse

BITS = 18
LONG = 4
"""Letters in a piece."""

WIDTH = 1 << BITS
"""Number of hash buckets; 16 bits were measured a little worse, 20 no better."""

_NOT_WORD = re.compile(r"[\W_]+")
_SPACE = np.uint32(ord(" "))
_PRIMES = tuple(np.uint64(p) for p in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9))
_SHIFT = np.uint64(64 - BITS)


def plain(text: str) -> str:
    """The text in lower case, letters and digits only, one blank between words and at both ends."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return f" {_NOT_WORD.sub(' ', folded).strip()} "


def count(texts: Sequence[str]) -> sparse.csr_array:
    """Counts per text and bucket.

    Shape:
        One row for each text, `WIDTH` columns, sorted and unique within a row; a text without a
        word of two letters has an empty row.
    """
    pieces = [plain(text) for text in texts]
    letters = np.frombuffer("".join(pieces).encode("utf-32-le", "replace"), dtype=np.uint32)
    lengths = np.fromiter((len(piece) for piece in pieces), np.int64, len(pieces))
    hashed, row = _windows(letters, lengths)
    keys = (row << BITS) | hashed
    keys.sort()
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    data = np.diff(first, append=len(keys)).astype(np.float32)
    indices = (keys[first] & (WIDTH - 1)).astype(np.int32)
    rows = np.bincount(keys[first] >> BITS, minlength=len(pieces))
    indptr = np.concatenate(([0], np.cumsum(rows))).astype(np.int32)
    return sparse.csr_array((data, indices, indptr), shape=(len(pieces), WIDTH))


def _windows(
    letters: npt.NDArray[np.uint32], lengths: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Bucket and text number of every window of four letters that lies in one word.

    A window may begin with the blank before its word and end with the one after it.
    """
    if len(letters) < LONG:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    word = letters != _SPACE
    keep = np.flatnonzero(word[1:-2] & word[2:-1])
    wide = letters.astype(np.uint64)
    mixed = wide[keep] * _PRIMES[0]
    for offset in (1, 2, 3):
        mixed = (mixed ^ wide[keep + offset]) * _PRIMES[offset % 3]
        mixed ^= mixed >> np.uint64(29)
    hashed = ((mixed * _PRIMES[0]) >> _SHIFT).astype(np.int64)
    row = np.repeat(np.arange(len(lengths)), lengths)[keep]
    return hashed, row
