"""Figures with their intervals: what a sample of labelled remarks says, and how surely."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from streams.link.certificate import FEWEST, Cold
from streams.link.likeness import certainty

RESAMPLES, SPLITS, SEED = 1000, 200, 20_260_101
"""Bootstrap resamples, random halves for the guarantee, and the seed of both."""

P, DELTA = 0.9, 0.1

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


class Measure(msgspec.Struct, frozen=True):
    """A figure with its 95 % interval, ``low <= value <= high``."""

    value: float
    low: float
    high: float


def place(found: Sequence[str], right: frozenset[str]) -> float:
    """Of the first right epic among those found, from 1; infinite where there is none."""
    return next((float(at) for at, epic in enumerate(found, 1) if epic in right), np.inf)


def mean(values: npt.NDArray[np.generic]) -> Measure:
    """The mean of some values, with its interval."""
    if not len(values):
        return Measure(0.0, 0.0, 0.0)
    exact = values.astype(np.float64)
    drawn = np.array([exact[rows].mean() for rows in _drawn(len(exact))])
    return Measure(float(exact.mean()), *_middle(drawn))


def auroc(confidence: Floats, right: Bools) -> Measure:
    """How well a confidence parts right from wrong, with its interval."""
    return Measure(*_both(certainty.auroc, confidence, right))


def ece(confidence: Floats, right: Bools) -> Measure:
    """Expected calibration error, 0..1, with its interval.

    A resample has its own chance gaps beside those of the sample, so its error is larger: all
    resampled values may lie above the measured one. So they are moved until their middle is on it.
    The measured value has such chance gaps itself, and overstates the error of a small sample.
    """
    value, low, high = _both(certainty.ece, confidence, right, moved=True)
    return Measure(value, max(low, 0.0), min(high, 1.0))


def crossed(features: Floats, right: Bools) -> Floats:
    """Each answer's probability by a calibration that was fitted without it.

    Every part holds as many right and wrong answers as any other: else a part with more right ones
    is judged by a calibration that saw fewer, and what is sure in one part is below what is unsure
    in the next. The only one of its kind is in every fit, for without it none knows of its kind.
    With fewer answers than the product fits anything to, it is the fixed curve that it uses then.
    """
    if len(right) < FEWEST:
        return Cold().probability(features)
    fold, only = folds(right), _only(right)
    held = np.zeros(len(right))
    for number in range(certainty.FOLDS):
        seen, out = (fold != number) | only, fold == number
        held[out] = certainty.fit(features[seen], right[seen]).probability(features[out])
    return held


def folds(right: Bools) -> npt.NDArray[np.int64]:
    """The part of each answer, at random; none has more than one right or wrong one too many."""
    order = np.random.default_rng(SEED).permutation(len(right))
    fold = np.zeros(len(right), np.int64)
    fold[order[np.argsort(right[order], kind="stable")]] = np.arange(len(right)) % certainty.FOLDS
    return fold


def coverage(features: Floats, right: Bools) -> tuple[Measure, float]:
    """Share linked at the guarantee with its interval, and the share of halves that kept it.

    The value is a mean over random halves, one to calibrate and certify, the other to link. The
    interval is of resampled remarks, each resample halved once: what other remarks, and another
    draw of those that are audited, would have given. Their middle is moved onto the value, since a
    remark that was drawn twice may be on both sides.
    """
    shares, kept = guarantee(features, right)
    half = np.arange(len(right)) < len(right) // 2
    resampled = np.array(
        [_share(linked_by(features[rows], right[rows], half)) for rows in _drawn(len(right))]
    )
    value = float(shares.mean())
    low, high = _moved(value, resampled)
    return Measure(value, max(low, 0.0), min(high, 1.0)), kept


def guarantee(
    features: Floats, right: Bools, p: float = P, delta: float = DELTA
) -> tuple[Floats, float]:
    """Share linked in each of `SPLITS` random halves, and the share of halves that kept `p`.

    A half that links nothing has kept its promise.
    """
    random = np.random.default_rng(SEED)
    shares, kept = np.zeros(SPLITS), 0
    for number in range(SPLITS):
        half = random.permutation(len(right)) < len(right) // 2
        linked = linked_by(features, right, half, p, delta)
        shares[number] = _share(linked)
        kept += bool(not linked.any() or right[~half][linked].mean() >= p)
    return shares, kept / SPLITS


def linked_by(
    features: Floats, right: Bools, half: Bools, p: float = P, delta: float = DELTA
) -> Bools:
    """Which answers outside of the half would be linked, certified on the half."""
    nothing = np.zeros(int((~half).sum()), np.bool_)
    if half.sum() < certainty.smallest_sample(p, delta):
        return nothing
    confidence = certainty.cross_rank(features[half], right[half])
    threshold = certainty.certify(confidence, right[half], p=p, delta=delta)
    if threshold is None:
        return nothing
    model = certainty.fit_curve(features[half], right[half])
    return model.rank(features[~half]) >= threshold.least


def _share(linked: Bools) -> float:
    return float(linked.mean()) if len(linked) else 0.0


def _only(right: Bools) -> Bools:
    """Where the only right answer is, and the only wrong one; nowhere where there are more."""
    alone = np.zeros(len(right), np.bool_)
    for kind in (right, ~right):
        alone |= kind & (kind.sum() == 1)
    return alone


def _both(
    measure: Callable[[Floats, Bools], float],
    score: Floats,
    right: Bools,
    *,
    moved: bool = False,
) -> tuple[float, float, float]:
    """The measure of all, and the ends of its interval."""
    value = float(measure(score, right))
    drawn = np.array([measure(score[rows], right[rows]) for rows in _drawn(len(right))])
    return value, *(_moved(value, drawn) if moved else _middle(drawn))


def _drawn(size: int) -> Iterator[npt.NDArray[np.int64]]:
    random = np.random.default_rng(SEED)
    return (random.integers(0, size, size) for _ in range(RESAMPLES))


def _middle(values: Floats) -> tuple[float, float]:
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def _moved(value: float, values: Floats) -> tuple[float, float]:
    """The interval, moved until its median is the value: so that is always within."""
    low, middle, high = np.percentile(values, [2.5, 50, 97.5])
    return float(value + (low - middle)), float(value + (high - middle))
