"""What a ranking tells about its own best answer, as numbers for the calibration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streams.link.likeness.scores import Matrix, Scores

NAMES = (
    "score",
    "margin",
    "gap_to_ten",
    "standing",
    "log_words",
    "log_epics",
    "meaning",
    "meaning_margin",
    "letters",
    "letters_margin",
    "agreeing",
    "log_title_words",
    "like_second",
    "like_all",
    "taught",
    "taught_margin",
)
"""Columns of `of_best`, in order."""

TEN = 10


class Best(NamedTuple):
    """What the epics themselves tell about a best answer, one entry for each remark.

    A short title is like a text sooner than a long one, and an epic that is like all others is like
    many texts; where the two best say the same, one of them is right without standing out.

    Attributes:
        rows: of the best epic.
        title_words: words of its title.
        like_second: its likeness to the second best, -1..1; to itself where it is alone.
        like_all: its likeness to all epics together, -1..1.
    """

    rows: npt.NDArray[np.int64]
    title_words: npt.NDArray[np.int64]
    like_second: npt.NDArray[np.float64]
    like_all: npt.NDArray[np.float64]


def none(size: int) -> npt.NDArray[np.float64]:
    """The rows of so many remarks where there is no epic."""
    return np.zeros((size, len(NAMES)))


def of_best(
    scores: Scores, texts: Sequence[str], size: int, chosen: Best, highest: Matrix
) -> npt.NDArray[np.float64]:
    """One row of `NAMES` for each remark's best epic.

    Args:
        scores: of the remarks against all epics, forgotten ones minus infinity.
        texts: the remarks.
        size: how many epics are alive, at least one.
        chosen: the best answers.
        highest: the highest scores of each remark, `TEN` or more where there are, the best first.
    """
    alive, best = _alive(scores, chosen.rows)
    total, rows = alive.total, np.arange(len(texts))
    near = highest[:, :TEN].astype(np.float64)
    mean = total.mean(axis=1, dtype=np.float64)
    squares = np.einsum("ij,ij->i", total, total, dtype=np.float64) / size
    spread = np.sqrt(np.maximum(squares - mean**2, 0))
    first = near[:, 0]
    second = near[:, 1] if size > 1 else np.zeros(len(near))
    meaning, letters = (_own(part, best, rows) for part in (alive.meaning, alive.letters))
    nothing = (np.zeros(len(near)), np.zeros(len(near)))
    taught = nothing if alive.taught is None else _own(alive.taught, best, rows)
    columns = [
        first,
        first - second,
        first - near.mean(axis=1),
        (first - mean) / np.maximum(spread, 1e-6),
        np.log1p([len(text.split()) for text in texts]),
        np.full(len(near), np.log1p(size)),
        *meaning,
        *letters,
        (meaning[1] >= 0).astype(np.float64) + (letters[1] >= 0),
        np.log1p(chosen.title_words),
        chosen.like_second,
        chosen.like_all,
        *taught,
    ]
    return np.column_stack(columns)


def _alive(scores: Scores, best: npt.NDArray[np.int64]) -> tuple[Scores, npt.NDArray[np.int64]]:
    """The scores without the columns of forgotten epics, and where the best ones are then."""
    columns = np.flatnonzero(np.isfinite(scores.total[0]))
    if len(columns) == scores.total.shape[1]:
        return scores, best
    total, meaning, letters = (
        part[:, columns] for part in (scores.total, scores.meaning, scores.letters)
    )
    taught = None if scores.taught is None else scores.taught[:, columns]
    return Scores(total, meaning, letters, taught), np.searchsorted(columns, best)


def _own(
    part: npt.NDArray[np.float32], best: npt.NDArray[np.int64], rows: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """One scorer's value for the best epic, and by how much that beats its best other one."""
    value = part[rows, best].astype(np.float64)
    others = part.copy()
    others[rows, best] = -np.inf
    highest = others.max(axis=1).astype(np.float64)
    return value, value - np.where(np.isfinite(highest), highest, 0.0)
