"""Cuts the word pieces of a text into sentences, so that each can be compared by itself.

A remark praises in one sentence and says what it misses in another; the mean of all is like
neither. What is compared of a sentence is read in the context of its whole text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streams.link.likeness.scores import Matrix

ENDS = frozenset({999, 1012, 1029})
"""The pieces ``!``, ``.`` and ``?``, as the packaged vocabulary numbers them."""

LEAST = 8
"""Pieces of a sentence; a shorter one goes with the next, the last with the one before."""

LONGEST = 126
"""Pieces of a text that are cut; those after them are in no sentence."""

AT_ONCE = 32
"""Texts whose sentences are compared together, 15 of each at most: with 50,000 issues, 96 MB."""


class Parted(NamedTuple):
    """Vectors of some texts and of their sentences.

    Attributes:
        whole: one row per text.
        parts: one row per sentence, those of a text in their order, at least one of each.
        first: the place of each text's first sentence among the parts.
    """

    whole: Matrix
    parts: Matrix
    first: npt.NDArray[np.int64]

    def some(self, size: int) -> Iterator[Parted]:
        """The same in order, so many texts at a time."""
        ends = np.append(self.first, len(self.parts))
        for start in range(0, len(self.whole), size):
            these = ends[start : start + size + 1]
            parts = self.parts[these[0] : these[-1]]
            yield Parted(self.whole[start : start + size], parts, these[:-1] - these[0])


def cut(pieces: Sequence[int]) -> list[slice]:
    """The places of each sentence among the pieces, which have no marks; at least one."""
    short = pieces[:LONGEST]
    starts = [0]
    for at, piece in enumerate(short, 1):
        if piece in ENDS and at - starts[-1] >= LEAST:
            starts.append(at)
    if len(starts) > 1 and len(short) - starts[-1] < LEAST:
        starts.pop()
    return [slice(*ends) for ends in zip(starts, [*starts[1:], len(short)], strict=True)]


def firsts(cuts: Sequence[Sequence[slice]]) -> npt.NDArray[np.int64]:
    """Of each text the place of its first sentence among those of all."""
    return np.cumsum([0, *(len(each) for each in cuts[:-1])], dtype=np.int64)[: len(cuts)]


def best_part(said: Parted, like: Callable[[Matrix], Matrix]) -> Matrix:
    """For each text and epic what its likest sentence has; `like` has a column for each epic."""
    return np.asarray(np.maximum.reduceat(like(said.parts), said.first, axis=0), np.float32)
