"""Labelled guesses, as a certificate is made of them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import merge

import numpy as np
import numpy.typing as npt

from sinks.store.learned import Labelled
from streams.link.likeness.features import NAMES

Place = tuple[int, int]
"""A remark and the number of its passage."""


def of_basis(labelled: Sequence[Labelled], basis: str) -> list[Labelled]:
    """Those that are of these vectors and this release's features."""
    return [
        one
        for one in labelled
        if one.guess.basis == basis and len(one.guess.features) == len(NAMES)
    ]


def in_order(known: Sequence[Labelled], linked: Sequence[Labelled]) -> list[Labelled]:
    """All of them, the oldest decision first, as each of the two is."""
    return list(merge(known, linked, key=lambda one: one.decided_at))


def place(one: Labelled) -> Place:
    """Where it stands."""
    return one.guess.remark_id, one.guess.passage


def one_a_remark(known: Sequence[Labelled], audits: Sequence[int]) -> list[int]:
    """One place a remark, for its passages are settled together.

    Which of them is chosen by the remark's id, so that no passage is looked at more than another.
    """
    of: dict[int, list[int]] = {}
    for at in audits:
        of.setdefault(known[at].guess.remark_id, []).append(at)
    return sorted(places[remark_id % len(places)] for remark_id, places in of.items())


def arrays(
    labelled: Sequence[Labelled],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """The features of each, and whether it was found right."""
    features = np.array([one.guess.features for one in labelled], np.float64)
    right = np.array([one.right for one in labelled], np.bool_)
    return features.reshape(len(labelled), len(NAMES)), right
