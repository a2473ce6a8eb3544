"""From likeness to a calibrated probability, and from audits to a threshold that keeps a promise.

The promise, exactly: with probability of at least ``1 - delta`` over the audited sample, at least
``p`` of the links above the threshold are right, if new remarks are like the audited ones. A
threshold tuned to look right breaks that in more than half of all runs; one that was tested along
a sequence fixed beforehand keeps it for about five points of coverage (LINKING 4).
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from streams.link.likeness.logistic import Logistic, Steps, fit_logistic, fit_steps

PLATT_BELOW = 150
"""Labels under which features beyond the score overfit."""

STEPS_ABOVE = 1000
"""Labels from which isotonic steps are steadier than the logistic curve alone."""

GRID = tuple(np.round(np.arange(0.98, 0.30, -0.02), 2).tolist())
"""Thresholds in the order of the test, fixed before any label is seen.

Steps of .005 stopped at the luckiest of many places and kept the promise in .845 of halves, these
in .89, for half a point of coverage.
"""

SPARE_ERRORS = 3
"""The test starts where so many errors would still pass: one early mistake must not end it."""

SLACK = 0.5
"""The test is done at this share of `delta`. Thresholds are found on confidences of models that
have not seen the item, and used on those of the model fitted to all, a little bolder ones: at all
of it .85 to .885 of halves kept the promise of .9, at half .905 to .92, for a point of coverage.
"""

CURVED = 13
"""Leading columns whose products are features too, once there are `CURVED_ABOVE` labels."""

CURVED_ABOVE = 2000

FOLDS = 5

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]


class Certainty(NamedTuple):
    """A fitted calibration: features of the best candidate -> probability that it is right."""

    logistic: Logistic
    steps: Steps | None
    columns: int

    def rank(self, features: npt.NDArray[np.float64]) -> Vector:
        """Confidence without steps, so without ties: what thresholds are tested and applied on."""
        return self.logistic.probability(shaped(features, self.columns))

    def probability(self, features: npt.NDArray[np.float64]) -> Vector:
        """Calibrated probability, 0..1, non-decreasing in `rank`."""
        ranked = self.rank(features)
        return ranked if self.steps is None else self.steps.value(ranked)


class Threshold(NamedTuple):
    """What a test certified.

    Attributes:
        least: link when `Certainty.rank` is at least this.
        passed: audited items at or above it, `wrong` of them wrong.
    """

    least: float
    passed: int
    wrong: int
    p: float
    delta: float


def fit(features: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> Certainty:
    """Calibrates on labelled answers; the first column of `features` is the score.

    Under `PLATT_BELOW` labels only the score is used.
    """
    curve = fit_curve(features, right)
    if len(right) < STEPS_ABOVE:
        return curve
    return curve._replace(steps=fit_steps(cross_rank(features, right), right))


def fit_curve(features: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> Certainty:
    """As `fit`, without steps: enough for `Certainty.rank`, at a fifth of the work."""
    columns = _columns(features, right)
    return Certainty(fit_logistic(shaped(features, columns), right), None, columns)


def cross_rank(features: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> Vector:
    """Each item's confidence by a calibration that has not seen it."""
    wide = shaped(features, _columns(features, right))
    fold = np.arange(len(right)) % FOLDS
    held = np.zeros(len(right))
    for number in range(FOLDS):
        seen, out = fold != number, fold == number
        model = fit_logistic(wide[seen], right[seen])
        held[out] = model.probability(wide[out])
    return held


def shaped(features: Matrix, columns: int) -> Matrix:
    """The first `columns`, and beyond those that there are, products of the first `CURVED`."""
    if columns <= features.shape[1]:
        return features[:, :columns]
    bent = features[:, :CURVED]
    first, second = np.triu_indices(bent.shape[1])
    return np.column_stack([features, bent[:, first] * bent[:, second]])


def _columns(features: Matrix, right: npt.NDArray[np.bool_]) -> int:
    """One below `PLATT_BELOW` labels; all; and from `CURVED_ABOVE` on more than there are."""
    if len(right) < PLATT_BELOW:
        return 1
    return int(features.shape[1]) + int(len(right) >= CURVED_ABOVE)


def certify(
    confidence: Vector, right: npt.NDArray[np.bool_], *, p: float = 0.9, delta: float = 0.1
) -> Threshold | None:
    """The lowest threshold that the audits certify, or None: then link nothing.

    Tests "precision above this threshold is under p" with the binomial tail, from the highest
    threshold of `GRID` down, and stops at the first that cannot be refuted (fixed sequence, Learn
    then Test). Thresholds with too few items above them to pass with `SPARE_ERRORS` are left out,
    which looks at no label.
    """
    least = smallest_sample(p, delta)
    found: Threshold | None = None
    for threshold in GRID:
        above = confidence >= threshold
        size = int(above.sum())
        if size < least:
            continue
        wrong = size - int(right[above].sum())
        if stats.binom.cdf(wrong, size, 1 - p) > delta * SLACK:
            return found
        found = Threshold(threshold, size, wrong, p, delta)
    return found


@lru_cache
def smallest_sample(p: float, delta: float) -> int:
    """The fewest audits that pass with `SPARE_ERRORS` errors: 32 for .8, 65 for .9, 132 for .95."""
    sizes = np.arange(SPARE_ERRORS, 100_000)
    passes = stats.binom.cdf(SPARE_ERRORS, sizes, 1 - p) <= delta
    return int(sizes[np.argmax(passes)]) if passes.any() else len(sizes)


def ece(probability: Vector, right: npt.NDArray[np.bool_], bins: int = 15) -> float:
    """Expected calibration error over bins of equal width, 0..1."""
    if not len(right):
        return 0.0
    place = np.minimum((probability * bins).astype(int), bins - 1)
    gap = np.bincount(place, weights=probability - right, minlength=bins)
    return float(np.abs(gap).sum() / len(right))


def auroc(score: Vector, right: npt.NDArray[np.bool_]) -> float:
    """Chance that a right answer scores above a wrong one; a half where there is only one kind."""
    good = int(right.sum())
    bad = len(right) - good
    if not good or not bad:
        return 0.5
    ranks = stats.rankdata(score)
    return float((ranks[right].sum() - good * (good + 1) / 2) / (good * bad))
