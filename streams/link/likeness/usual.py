"""How usual pieces of words are in English, which a few dozen epics cannot tell.

Among 79 titles "please" is as rare as "invoice". So ordinary texts are counted beside the epics,
less and less of all the more epics there are. They need not be read: a vocabulary lists its words
by frequency, and a word's chance falls as one over its place (Zipf's law, as Mandelbrot has it).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from streams.link.likeness import grams, table
from streams.link.likeness.letters import Seen

TEXT_WORDS = 20
"""Words of an ordinary text."""

BEFORE = 2.7
"""Mandelbrot's: the first words are less frequent than one over their place."""

STEPS = 64.0
"""Counts are rounded to one over this, so that every processor has the same."""


@lru_cache
def texts(size: int) -> Seen:
    """How many of so many ordinary texts have each piece."""
    return Seen(np.rint(size * _shares() * STEPS) / STEPS, size)


@lru_cache(maxsize=1)
def _shares() -> npt.NDArray[np.float64]:
    words = [word for word in table.packaged().words() if len(word) > 1]
    chance = 1 / (np.arange(len(words)) + BEFORE)
    each = grams.count(words).T.tocsr() @ (chance / chance.sum())
    return np.asarray(1 - (1 - np.minimum(each, 1)) ** TEXT_WORDS, np.float64)
