"""What a ranking is made of."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]


class Candidate(NamedTuple):
    """One epic as a possible answer.

    Attributes:
        epic_id: the tracker's issue id.
        score: the blend, 0 to about 10, more for long remarks; not a probability.
        parts: the share of each scorer in it: ``meaning``, ``letters`` and, once
            people have taught anything, ``taught``.
    """

    epic_id: str
    score: float
    parts: dict[str, float]


class Scores(NamedTuple):
    """What every scorer says of every epic, one row per remark, one column per row of the index.

    Attributes:
        taught: the share of what people accepted; None where nobody has accepted anything.
    """

    total: Matrix
    meaning: Matrix
    letters: Matrix
    taught: Matrix | None = None


def highest(total: Matrix, most: int) -> Matrix:
    """The highest scores of each remark, so many, the best first."""
    if not most:
        return total[:, :0]
    width = total.shape[1]
    return -np.sort(-np.partition(total, width - most, axis=1)[:, width - most :], axis=1)


def cosines(
    first: npt.NDArray[np.floating], second: npt.NDArray[np.floating]
) -> npt.NDArray[np.float64]:
    """Of each row with its like, or with the only one; of whole numbers, so whatever the order."""
    one, other = first.astype(np.float64), second.astype(np.float64)
    length = np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1))
    return np.asarray((one * other).sum(axis=1) / np.maximum(length, 1e-9), np.float64)
