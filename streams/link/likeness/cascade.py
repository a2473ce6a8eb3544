"""Asks the quality tier only what the fast tier does not settle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streams.link.likeness import minilm, table
from streams.link.likeness.blend import Weights
from streams.link.likeness.index import Index
from streams.link.likeness.scores import Candidate

Settled = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.bool_]]
"""Which rows of `features.NAMES` the fast tier answers alone: a certified threshold."""

QUALITY = Weights(description=0.3, scale=0.0035, power=5, least=0.1, most=8.0)
"""Letters weigh less than in the fast tier where texts are short: the model knows paraphrases."""


class Cascaded(NamedTuple):
    """Rankings of some remarks, and which tier gave each.

    Attributes:
        candidates: one list per remark, best first.
        features: one row of `features.NAMES` per remark, of the tier that answered it: each tier
            has a calibration of its own.
        deep: whether the quality tier answered.
    """

    candidates: list[list[Candidate]]
    features: npt.NDArray[np.float64]
    deep: npt.NDArray[np.bool_]


class Cascade:
    """Two indexes of the same epics; `rank` as that of `Index`.

    Args:
        settled: tells by its features whether the fast tier's answer stands.
        fast: the index that is asked first.
        quality: the index that is asked what is left.
    """

    def __init__(self, settled: Settled, fast: Index, quality: Index) -> None:
        self._settled = settled
        self.fast = fast
        self.quality = quality

    def __len__(self) -> int:
        return len(self.fast)

    def __contains__(self, epic_id: str) -> bool:
        return epic_id in self.fast

    def put(self, epic_id: str, title: str, description: str) -> None:
        """Adds an epic, or replaces what was known of it; the next `rank` sees it."""
        self.put_all([(epic_id, title, description)])

    def put_all(self, epics: Iterable[tuple[str, str, str]]) -> None:
        """Adds or replaces many epics, of the same id the last."""
        held = list(epics)
        self.fast.put_all(held)
        self.quality.put_all(held)

    def remove(self, epic_id: str) -> None:
        """Forgets an epic; one that is not there is no error."""
        self.fast.remove(epic_id)
        self.quality.remove(epic_id)

    def rank(self, texts: Sequence[str], top: int) -> list[list[Candidate]]:
        """The best `top` epics for each text, best first; scores of one text are of one tier."""
        return self.look(texts, top).candidates

    def look(self, texts: Sequence[str], top: int) -> Cascaded:
        """As `rank`, with the features of each best answer and the tier that gave it."""
        found = self.fast.look(texts, top)
        deep = ~self._settled(found.features) if len(texts) else np.zeros(0, np.bool_)
        open_ = np.flatnonzero(deep).tolist()
        better = self.quality.look([texts[at] for at in open_], top)
        candidates, features = list(found.candidates), found.features.copy()
        for at, answer, told in zip(open_, better.candidates, better.features, strict=True):
            candidates[at], features[at] = answer, told
        return Cascaded(candidates, features, deep)


def packaged(settled: Settled) -> Cascade:
    """An empty cascade of the packaged tiers.

    Raises:
        NotInstalled: the fast tier is left.
    """
    return Cascade(settled, Index(table.packaged()), Index(minilm.packaged(), QUALITY))
