"""Watches audits for a promise that no longer holds. Pure: audits in their order in, a verdict out.

Two looks at the same audits, because a promise can break in two ways. A binomial test of the last
audits sees a sharp fall; a CUSUM, which adds up what each audit says for "twice the errors" against
"as promised", sees a slow one. A verdict lowers no threshold: it says that linking must ask again
until new audits certify a threshold.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

WINDOW = 65
"""Audits that the binomial test looks at: as many as certify .9 with a few errors to spare."""

ALARM = 0.01
"""The binomial test speaks where precision as promised would do worse in so few of all windows."""

WORSE = 2.0
"""The CUSUM looks for so many times the errors that were promised."""

CUSUM_MOST = 5.0
"""Its bound: while the promise just holds, it errs about once in three thousand audits."""


class Drift(NamedTuple):
    """What the audits say.

    Attributes:
        drifted: whether to stop linking until a threshold is certified anew.
        reason: in words, for whoever is told; empty where there is nothing to tell.
        precision: share of right links among the last audits; one where there are none.
        chance: of so many errors or more among them, were the promise kept.
        cusum: how far the evidence for "worse" has added up.
    """

    drifted: bool
    reason: str
    precision: float
    chance: float
    cusum: float


def watch(right: Sequence[bool], *, p: float = 0.9, window: int = WINDOW) -> Drift:
    """Whether the audits of links since the last certificate still carry it.

    Args:
        right: one answer for each audit of a link above the threshold, the oldest first; audits
            from before the last certificate are left out by the caller.
        p: the precision that was promised.
        window: audits that the binomial test looks at.
    """
    last = right[-window:]
    wrong = len(last) - sum(last)
    chance = float(stats.binom.sf(wrong - 1, len(last), 1 - p)) if last else 1.0
    total = cusum(right, p)
    precision = 1 - wrong / len(last) if last else 1.0
    reason = ""
    if chance < ALARM:
        reason = f"{wrong} of the last {len(last)} audited links were wrong"
    elif total > CUSUM_MOST:
        reason = "links have been wrong more often than promised for a while"
    return Drift(bool(reason), reason, precision, chance, total)


def cusum(right: Sequence[bool], p: float) -> float:
    """Page's sum of log likelihood ratios of "worse" to "as promised", never under zero."""
    error = 1 - p
    worse = min(WORSE * error, (1 + error) / 2)
    if_right, if_wrong = np.log((1 - worse) / p), np.log(worse / error)
    total = 0.0
    for each in right:
        total = max(0.0, total + float(if_right if each else if_wrong))
    return total
