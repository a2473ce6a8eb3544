"""Letters as sparse rows: those of an epic never change, those of a remark are weighed by rarity.

A row of epics is the half of its title's unit row and the half of that of title and description.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from streams.link.likeness import grams
from streams.link.likeness.clean import MOST_LETTERS

SHARE = 0.5
"""What the letters of the title, and of the description, weigh among letters."""

COMMON_SHARE, COMMON_LEAST = 0.3, 300
"""Letters that more than this share of the epics have, and at least so many, say nothing."""


class Seen(NamedTuple):
    """Of `size` texts, how many have each piece; `having` has an entry for each bucket."""

    having: npt.NDArray[np.integer] | npt.NDArray[np.float64]
    size: int


def of_epics(titles: Sequence[str], bodies: Sequence[str]) -> sparse.csr_array:
    """One row for each epic."""
    both = (_unit(grams.count(texts)) for texts in (titles, bodies))
    return sparse.csr_array(SHARE * next(both) + SHARE * next(both))


def count(texts: Sequence[str]) -> sparse.csr_array:
    """Of the letters of remarks that are looked at, as `grams.count` gives them."""
    return grams.count([text[:MOST_LETTERS] for text in texts])


def of_remarks(counts: sparse.csr_array, epics: Seen, usual: Seen | None) -> sparse.csr_array:
    """Rows whose product with those of epics is the letters' share of the score.

    Args:
        counts: of the remarks.
        epics: what they have.
        usual: ordinary texts, counted beside the epics.
    """
    seen, size = epics.having[counts.indices], epics.size
    known, every = (
        (seen, 1 + size)
        if usual is None
        else (seen + usual.having[counts.indices], 1 + size + usual.size)
    )
    rare = (np.log(every / (1 + known)) + 1) / (np.log(every) + 1)
    rare[seen > max(COMMON_SHARE * size, COMMON_LEAST)] = 0
    weight = (1 + np.log(counts.data)) * rare
    length = np.sqrt(_row_sums(counts, weight**2))
    weight *= rare / np.repeat(np.maximum(length, 1e-9), np.diff(counts.indptr))
    return _with_data(counts, weight)


def _unit(counts: sparse.csr_array) -> sparse.csr_array:
    weight = 1 + np.log(counts.data.astype(np.float64))
    length = np.sqrt(_row_sums(counts, weight**2))
    return _with_data(counts, weight / np.repeat(np.maximum(length, 1e-9), np.diff(counts.indptr)))


def _row_sums(rows: sparse.csr_array, data: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    number = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    return np.bincount(number, weights=data, minlength=rows.shape[0]).astype(np.float64)


def _with_data(rows: sparse.csr_array, data: npt.NDArray[np.float64]) -> sparse.csr_array:
    return sparse.csr_array((data.astype(np.float32), rows.indices, rows.indptr), shape=rows.shape)
