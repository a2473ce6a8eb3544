"""What accepted remarks teach about an epic: sums that a decision adds to, and its undo subtracts.

Everything kept is a whole number, so that undo is exact, order does not matter, and a rebuild from
the decisions gives the same bits. From the sums follow two scorers: the centroid of an epic's
texts, and a linear head (linear discriminants: the epics' means under what all of them vary in),
whose only inputs are those sums and the sum of outer products. An epic's title is learned as its
first text; auto-links that nobody audited are never learned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from scipy import sparse

from streams.link.likeness import grams
from streams.link.likeness.encoder import Encoder
from streams.link.likeness.scores import Matrix

STEPS = 1024
"""Whole numbers per unit."""

PROJECTED, LETTERS = 512, 0.7
"""Letters are folded into so many numbers, by a signed hash, and weigh so much."""

RIDGE = 1.0
"""How much of the texts' total spread is added in every direction."""

LEAST = 1e-6
"""Where every text is empty there is no spread; nothing is divided by less."""

CENTROID = 4.0
"""Weight of the centroid's cosine beside the head, whose own spread is one."""

AT_ONCE = 1_000
"""Texts whose rows are in memory together."""

ROUNDED = 256.0
"""Steps of a score per standard deviation."""

AnyT = TypeVar("AnyT")
Whole = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int32]
"""A text adds a few thousand to a column at most: those of 100,000 texts have room in 32 bits."""
Floats = npt.NDArray[np.floating]

_BUCKETS = np.arange(grams.WIDTH, dtype=np.int64)
_SIGNS = np.where((_BUCKETS * 40503 >> 5) & 1, 1, -1).astype(np.float32)
_FOLD = sparse.csr_array(
    (_SIGNS, (_BUCKETS, (_BUCKETS * 2654435761 >> 7) % PROJECTED)), shape=(grams.WIDTH, PROJECTED)
)


class Head(NamedTuple):
    """The scorer that the sums give: ``row @ weights.T + bias``; columns as `ids`.

    Attributes:
        mean, deviation: of each epic's score, over the texts of all others.
    """

    ids: list[str]
    weights: Floats
    bias: Floats
    mean: Floats
    deviation: Floats

    def scores(self, rows: Floats, common: float) -> Floats:
        """In standard deviations: of each epic's own score, and for the part `common` of all."""
        own = (rows @ self.weights.T + self.bias - self.mean) / self.deviation
        if not common or not len(self.ids):
            return np.asarray(own)
        every = (own * self.deviation + self.mean - self.mean.mean()) / self.deviation.mean()
        return np.asarray(own + common * (every - own))


class Cohort(NamedTuple):
    """Sums of texts that were met."""

    size: int
    total: Whole
    products: Whole

    def plus(self, rows: Rows, sign: int) -> Cohort:
        """With these rows more, or less."""
        return Cohort(
            self.size + sign * len(rows),
            self.total + sign * rows.sum(axis=0, dtype=np.int64),
            self.products + sign * _products(rows),
        )


class Taught:
    """Sums of the texts accepted for each epic.

    Args:
        encoder: the word vectors.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._width = encoder.width + PROJECTED
        self._sums: dict[str, Rows] = {}
        self._sizes: dict[str, int] = {}
        self._products = np.zeros((self._width, self._width), np.int64)
        self._met = Cohort(0, np.zeros(self._width, np.int64), self._products.copy())
        self._head: Head | None = None

    def meet(self, texts: Sequence[str]) -> None:
        """Texts of no epic in particular, as all titles: what everything is measured against."""
        for part in _parts(texts):
            self._met = self._met.plus(self._rows(part), 1)
        self._head = None

    def part(self, texts: Sequence[str]) -> None:
        """Takes met texts back, exactly."""
        for part in _parts(texts):
            self._met = self._met.plus(self._rows(part), -1)
        self._head = None

    def learn(self, epic_id: str, text: str) -> None:
        """Adds a text to an epic; constant time."""
        self.learn_all([(epic_id, text)])

    def learn_all(self, decisions: Sequence[tuple[str, str]]) -> None:
        """Adds many texts at once; the same as one by one."""
        for part in _parts(decisions):
            self._change(part, 1)

    def unlearn(self, epic_id: str, text: str) -> None:
        """Takes a learned text back, exactly: nothing of it stays."""
        self._change([(epic_id, text)], -1)

    def size(self, epic_id: str) -> int:
        """How many texts an epic has, its title counted."""
        return self._sizes.get(epic_id, 0)

    def state(self) -> tuple[object, ...]:
        """All there is, to compare two workers or a rebuild, bit for bit."""
        sums = {epic: (self._sizes[epic], held.tobytes()) for epic, held in self._sums.items()}
        met = (self._met.size, self._met.total.tobytes(), self._met.products.tobytes())
        return sums, self._products.tobytes(), met

    def scores(self, vectors: Floats, counts: sparse.csr_array, common: float) -> Matrix:
        """How far each text stands out among all that were learned, for every epic that has any.

        Rounded, so that the order in which a library sums does not show.

        Args:
            vectors: the texts' word vectors, as the encoder gives them.
            counts: their letters, as `grams.count` gives them.
            common: 0: each epic is measured by its own, so that one with many texts draws nothing
                from epics that have none; 1: all by one measure, which tells them apart better.

        Shape:
            One row per text; columns in the order of `ids`.
        """
        far = self._ready().scores(self._whole(vectors, counts) / STEPS, common)
        return np.asarray(np.rint(far * ROUNDED) / ROUNDED, np.float32)

    @property
    def ids(self) -> list[str]:
        """Epics in the order of the columns of `scores`: sorted."""
        return sorted(self._sums)

    def _change(self, decisions: Sequence[tuple[str, str]], sign: int) -> None:
        rows = self._rows([text for _, text in decisions])
        for (epic_id, _), row in zip(decisions, rows, strict=True):
            self._sizes[epic_id] = self.size(epic_id) + sign
            self._sums[epic_id] = self._sums.get(epic_id, np.zeros_like(row)) + sign * row
            if not self._sizes[epic_id]:
                del self._sizes[epic_id], self._sums[epic_id]
        self._products += sign * _products(rows)
        self._head = None

    def _rows(self, texts: Sequence[str]) -> Rows:
        return self._whole(self._encoder.encode(texts), grams.count(texts))

    def _whole(self, vectors: Floats, counts: sparse.csr_array) -> Rows:
        weight = 1 + np.log(counts.data)
        size = counts.shape[0]
        number = np.repeat(np.arange(size), np.diff(counts.indptr))
        length = np.sqrt(np.bincount(number, weights=weight**2, minlength=size))
        weight = (LETTERS * weight / length[number]).astype(np.float32)
        unit = sparse.csr_array((weight, counts.indices, counts.indptr), shape=counts.shape)
        both = np.hstack([vectors, (unit @ _FOLD).toarray()])
        return np.asarray(np.rint(both * STEPS), np.int32)

    def _ready(self) -> Head:
        if self._head is None:
            self._head = self._solve()
        return self._head

    def _solve(self) -> Head:
        ids = self.ids
        if not ids:
            none = np.zeros(0)
            return Head(ids, np.zeros((0, self._width)), none, none, none)
        sums = np.stack([self._sums[epic_id] for epic_id in ids]) / STEPS
        sizes = np.array([self._sizes[epic_id] for epic_id in ids], np.float64)
        means = sums / sizes[:, None]
        products = self._products / STEPS**2 / sizes.sum()
        within = products - sums.T @ means / sizes.sum()
        within += np.eye(self._width) * max(RIDGE * np.trace(products) / self._width, LEAST)
        weights = np.linalg.solve(within, means.T).T
        spread = max(np.sqrt((weights * (weights @ within)).sum(axis=1).mean()), LEAST)
        bias = -0.5 * (weights * means).sum(axis=1) / spread
        weights = weights / spread + self._centroids(sums)
        mean, deviation = self._others(weights, bias, means, sizes)
        return Head(ids, weights, bias, mean, deviation)

    def _others(
        self, weights: Floats, bias: Floats, means: Floats, sizes: Floats
    ) -> tuple[Floats, Floats]:
        """Mean and deviation of each epic's score over all texts but its own, learned or met.

        Its own count as if all were at their mean, which is what the sums know of them.
        """
        size = sizes.sum() + self._met.size
        middle = (sizes @ means + self._met.total / STEPS) / size
        products = (self._products + self._met.products) / STEPS**2 / size
        mean = weights @ middle + bias
        square = (weights * (weights @ products)).sum(axis=1) + 2 * bias * mean - bias**2
        own = (weights * means).sum(axis=1) + bias
        others = np.maximum(size - sizes, 1)
        mean_of_others = (size * mean - sizes * own) / others
        spread = (size * square - sizes * own**2) / others - mean_of_others**2
        return mean_of_others, np.sqrt(np.maximum(spread, LEAST))

    def _centroids(self, sums: Floats) -> Floats:
        """As weights, with nothing for letters."""
        dense = sums.copy()
        dense[:, self._encoder.width :] = 0
        length = np.linalg.norm(dense, axis=1, keepdims=True)
        return np.asarray(CENTROID * dense / np.maximum(length, 1e-9))


def _parts(every: Sequence[AnyT]) -> Iterator[Sequence[AnyT]]:
    """The same in order, at most `AT_ONCE` at a time: their rows take 30 kB each on the way."""
    for start in range(0, len(every), AT_ONCE):
        yield every[start : start + AT_ONCE]


def _products(rows: Rows) -> Whole:
    exact = rows.astype(np.float64)  # sums of products stay far under 2**53
    return np.asarray(np.rint(exact.T @ exact), np.int64)
