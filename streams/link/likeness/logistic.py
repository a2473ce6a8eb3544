"""Logistic regression and isotonic steps in a page of numpy: small, deterministic, storable."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

PENALTY = 1.0
"""Ridge on standardised weights: the weight of one label's doubt."""

ROUNDS = 50
CLOSE = 1e-10

Array = npt.NDArray[np.float64]


class Logistic(NamedTuple):
    """A fitted curve; `weights` apply to standardised columns."""

    centre: tuple[float, ...]
    spread: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float

    def probability(self, features: Array) -> Array:
        """Probability for each row, 0..1: the same bits whatever the other rows are.

        A matrix product would sum in another order for one row than for many.
        """
        scaled = (np.ascontiguousarray(features) - np.array(self.centre)) / np.array(self.spread)
        return _sigmoid((scaled * np.array(self.weights)).sum(axis=1) + self.bias)


class Steps(NamedTuple):
    """A non-decreasing curve through points, straight between them."""

    at: tuple[float, ...]
    values: tuple[float, ...]

    def value(self, where: Array) -> Array:
        """The curve's value at each place."""
        return np.interp(where, self.at, self.values)


def fit_logistic(features: Array, right: npt.NDArray[np.bool_]) -> Logistic:
    """Fits by Newton's method from zero; the bias is not penalised, targets are Platt's.

    Platt's targets keep the curve finite when all labels are alike.
    """
    centre, spread = features.mean(axis=0), features.std(axis=0)
    spread = np.where(spread > CLOSE, spread, 1.0)
    scaled = np.column_stack([(features - centre) / spread, np.ones(len(features))])
    good = int(right.sum())
    target = np.where(right, (good + 1) / (good + 2), 1 / (len(right) - good + 2))
    ridge = np.full(scaled.shape[1], PENALTY)
    ridge[-1] = CLOSE
    weights = np.zeros(scaled.shape[1])
    for _ in range(ROUNDS):
        chance = _sigmoid(scaled @ weights)
        slope = scaled.T @ (chance - target) + ridge * weights
        curve = (scaled.T * (chance * (1 - chance) + CLOSE)) @ scaled + np.diag(ridge)
        step = np.linalg.solve(curve, slope)
        weights = weights - step
        if np.abs(step).max() < CLOSE:
            break
    return Logistic(
        tuple(centre.tolist()),
        tuple(spread.tolist()),
        tuple(weights[:-1].tolist()),
        float(weights[-1]),
    )


def fit_steps(score: Array, right: npt.NDArray[np.bool_]) -> Steps:
    """Fits the nearest non-decreasing curve by pooling adjacent violators."""
    order = np.argsort(score, kind="stable")
    pools: list[tuple[float, float, float]] = []  # sum of labels, sum of scores, size
    for at, label in zip(score[order].tolist(), right[order].tolist(), strict=True):
        pool = (float(label), at, 1.0)
        while pools and pools[-1][0] * pool[2] >= pool[0] * pools[-1][2]:
            last = pools.pop()
            pool = (last[0] + pool[0], last[1] + pool[1], last[2] + pool[2])
        pools.append(pool)
    return Steps(
        tuple(mean / size for _, mean, size in pools), tuple(good / size for good, _, size in pools)
    )


def _sigmoid(value: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-np.clip(value, -35, 35)))
