"""Ranks epics by likeness to a remark; follows every change of an epic at once.

The score is a fixed blend of cosines, ``t + d/2 + w(ct + cd)/2``: word vectors (t, d) and hashed
letters (c) of the title and of the first words of title and description, the letters weighing more
the longer the remark is: short ones are paraphrases, long ones quote. Measured against rank fusion,
standard scores and learned rerankers, plain weighted cosines rank as well as any and keep the
magnitude that tells "near nothing" (LINKING 3.2; docs/decisions).

Two workers that hold the same epics give equal scores bit for bit, whatever the order of arrival:

- vectors are rounded to integers held in float32, small enough that every product is exact in
  whatever order a matrix library sums it;
- letters are weighted by rarity on the query's side only, from integer counts, so that a stored row
  never changes when another epic comes or goes;
- equal scores are ordered by epic id.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from streams.link.likeness import features, grams, letters, saved, usual
from streams.link.likeness.blend import FAST, Weights, weighed
from streams.link.likeness.clean import MOST_LETTERS, first_words, strip_hints, strip_template
from streams.link.likeness.encoder import SentenceEncoder
from streams.link.likeness.growing import Rows
from streams.link.likeness.learning import Taught
from streams.link.likeness.postings import Postings
from streams.link.likeness.reading import once
from streams.link.likeness.scores import Candidate, Matrix, Scores, cosines, highest
from streams.link.likeness.sentences import AT_ONCE, best_part

QUERY_SCALE, ROW_SCALE = 2048, 4096
"""Integers per unit: 2048 * 4096 * 1.5 (the longest row) stays under 2**24, exact in float32."""

BATCH = 256


class Looked(NamedTuple):
    """Rankings of some remarks, and what they tell about their own best answers.

    Attributes:
        candidates: one list per remark, best first; empty where there are no epics.
        features: one row of `features.NAMES` per remark, for `certainty`; zero without epics.
    """

    candidates: list[list[Candidate]]
    features: npt.NDArray[np.float64]


class Index:
    """The epics that a remark may be linked to.

    Args:
        encoder: the word vectors; without one, letters alone decide.
        weights: of the blend.
        taught: what people accepted for the epics; it counts for those that are in the index.
    """

    def __init__(
        self,
        encoder: SentenceEncoder | None = None,
        weights: Weights = FAST,
        taught: Taught | None = None,
    ) -> None:
        self._encoder = encoder
        self._weights = weights
        self._taught = taught
        self._meaning = Rows(encoder.width if encoder else 1)
        self._all = np.zeros(self._meaning.array.shape[1])
        self._letters = Postings(grams.WIDTH)
        self._common = np.zeros(grams.WIDTH, np.int32)
        self._usual = usual.texts(weights.usual) if weights.usual else None
        self._ids: list[str] = []
        self._at: dict[str, int] = {}
        self._dead: set[int] = set()
        self._digests: dict[str, str] = {}
        self._title_words: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._at)

    def __contains__(self, epic_id: str) -> bool:
        return epic_id in self._at

    def put(self, epic_id: str, title: str, description: str) -> None:
        """Adds an epic, or replaces what was known of it; the next `rank` sees it."""
        self.put_all([(epic_id, title, description)])

    def put_all(self, epics: Iterable[tuple[str, str, str]]) -> None:
        """Adds or replaces many epics, of the same id the last."""
        latest = {epic_id: (title, description) for epic_id, title, description in epics}
        if not latest:
            return
        titles = [first_words(title) for title, _ in latest.values()]
        written = [first_words(f"{t} {strip_hints(d)}") for t, d in latest.values()]
        bare = [first_words(f"{t} {strip_template(d)}") for t, d in latest.values()]
        self._append(list(latest), self._meanings(titles, written), letters.of_epics(titles, bare))
        self._digests.update({epic: saved.digest(*words) for epic, words in latest.items()})
        self._title_words.update(
            {epic: len(title.split()) for epic, title in zip(latest, titles, strict=True)}
        )

    def save(self) -> bytes:
        """All rows as bytes, for `load`."""
        ids = list(self._at)
        rows = [self._at[epic_id] for epic_id in ids]
        digests = [self._digests[epic_id] for epic_id in ids]
        words = [self._title_words[epic_id] for epic_id in ids]
        meaning, pieces = self._meaning.array[rows], self._letters.matrix()[rows]
        return saved.dump(saved.Saved(ids, digests, words, meaning, pieces), self._table())

    def load(self, body: bytes, epics: Iterable[tuple[str, str, str]]) -> int:
        """Fills the index with these epics, from saved rows where the words have not changed.

        Returns:
            How many had to be computed.

        Raises:
            Stale: nothing was loaded; the caller uses `put_all`.
        """
        held = saved.parse(body, self._table())
        wanted = {epic[0]: epic for epic in epics}
        fresh = saved.changed(held, wanted.values())
        old = wanted.keys() - {epic[0] for epic in fresh}
        rows = [row for row, epic_id in enumerate(held.ids) if epic_id in old]
        if rows:
            ids = [held.ids[row] for row in rows]
            self._append(ids, held.meaning[rows], held.letters[rows])
            self._digests.update({held.ids[row]: held.digests[row] for row in rows})
            self._title_words.update({held.ids[row]: held.title_words[row] for row in rows})
        self.put_all(fresh)
        return len(fresh)

    def _table(self) -> str:
        return f"{self._encoder.name if self._encoder else ''}:{self._weights.description}"

    def remove(self, epic_id: str) -> None:
        """Forgets an epic; one that is not there is no error."""
        row = self._at.pop(epic_id, None)
        if row is None:
            return
        self._all -= self._meaning.array[row]
        self._common[self._letters.row(row).indices] -= 1
        self._dead.add(row)
        self._digests.pop(epic_id, None)
        self._title_words.pop(epic_id, None)
        if len(self._dead) > len(self._at) + grams.BITS:
            self._compact()

    def rank(self, texts: Sequence[str], top: int) -> list[list[Candidate]]:
        """The best `top` epics for each text, best first, equal scores by id.

        Shape:
            One list per text, in order; shorter than `top` only if there are fewer epics.
        """
        found: list[list[Candidate]] = []
        for start in range(0, len(texts), BATCH):
            scores = self.scores(texts[start : start + BATCH])
            found += self._best(scores, highest(scores.total, min(top, len(self))))
        return found

    def look(self, texts: Sequence[str], top: int) -> Looked:
        """As `rank`, with the features of each best answer."""
        found: list[list[Candidate]] = []
        told = [features.none(0)]
        for start in range(0, len(texts), BATCH):
            part = texts[start : start + BATCH]
            scores = self.scores(part)
            near = highest(scores.total, min(max(top, features.TEN), len(self)))
            best = self._best(scores, near[:, : max(top, 2)])
            found += [each[:top] for each in best]
            told.append(self._features(scores, part, best, near))
        return Looked(found, np.concatenate(told))

    def _features(
        self,
        scores: Scores,
        texts: Sequence[str],
        best: Sequence[Sequence[Candidate]],
        near: Matrix,
    ) -> npt.NDArray[np.float64]:
        if not len(self):
            return features.none(len(texts))
        first, second = (
            np.array([self._at[each[:2][at].epic_id] for each in best]) for at in (0, -1)
        )
        words = np.array([self._title_words[each[0].epic_id] for each in best])
        best_rows, second_rows = self._meaning.array[first], self._meaning.array[second]
        like = cosines(best_rows, second_rows), cosines(best_rows, self._all[None])
        chosen = features.Best(first, words, *like)
        return features.of_best(scores, texts, len(self), chosen, near)

    def scores(self, texts: Sequence[str]) -> Scores:
        """Every epic's score for each text; rows of forgotten epics hold minus infinity."""
        short = [text[:MOST_LETTERS] for text in texts]
        counts = once(letters.count, texts)
        epics = letters.Seen(self._common, len(self))
        shared = self._letters.scores(letters.of_remarks(counts, epics, self._usual))
        shared *= self._weights.letters(short)[:, None]
        vectors, meaning = self._meant(texts)
        total = meaning + shared
        taught = self._taught_scores(vectors, counts)
        if taught is not None:
            total += taught
        total[:, list(self._dead)] = -np.inf
        return Scores(total, meaning, shared, taught)

    def _meant(self, texts: Sequence[str]) -> tuple[Matrix, Matrix]:
        """The texts' vectors, and how each epic is like them in meaning."""
        share = np.float32(self._weights.sentence)
        if self._encoder is None:
            nothing = np.zeros((len(texts), 1), np.float32)
            return nothing, self._products(nothing)
        if not share:
            vectors = self._encoder.encode(texts)
            return vectors, self._products(vectors)
        said = self._encoder.parted(texts)
        best = [best_part(some, self._products) for some in said.some(AT_ONCE)]
        return said.whole, (1 - share) * self._products(said.whole) + share * np.concatenate(best)

    def _products(self, vectors: Matrix) -> Matrix:
        found = _whole(vectors, QUERY_SCALE) @ self._meaning.array.T
        found *= 1.0 / (QUERY_SCALE * ROW_SCALE)
        return found

    def _taught_scores(self, vectors: Matrix, counts: sparse.csr_array) -> Matrix | None:
        """What the epics' accepted texts add; nothing where a text does not stand out."""
        if self._taught is None:
            return None
        known = [(at, self._at[one]) for at, one in enumerate(self._taught.ids) if one in self._at]
        if not known:
            return None
        columns, rows = map(list, zip(*known, strict=True))
        how = weighed(len(known) / len(self._at))
        far = self._taught.scores(vectors, counts, how.common)[:, columns]
        found = np.zeros((len(vectors), len(self._ids)), np.float32)
        found[:, rows] = how.of(far)
        return found

    def _best(self, scores: Scores, highest_of: Matrix) -> list[list[Candidate]]:
        """As many epics for each text as there are highest scores of it."""
        top = highest_of.shape[1]
        if not top:
            return [[] for _ in highest_of]
        return [self._first(scores, number, top, row[-1]) for number, row in enumerate(highest_of)]

    def _first(self, scores: Scores, number: int, top: int, least: np.float32) -> list[Candidate]:
        row = scores.total[number]
        near = [(-float(row[at]), self._ids[at], at) for at in np.flatnonzero(row >= least)]
        return [
            Candidate(epic_id, -score, _parts(scores, number, int(at)))
            for score, epic_id, at in sorted(near)[:top]
        ]

    def _append(self, ids: list[str], meanings: Matrix, pieces: sparse.csr_array) -> None:
        for epic_id in ids:
            self.remove(epic_id)
        start = len(self._ids)
        self._at.update(zip(ids, range(start, start + len(ids)), strict=True))
        self._ids += ids
        self._meaning.append(meanings)
        self._all += meanings.sum(axis=0, dtype=np.float64)
        self._letters.append(pieces)
        np.add.at(self._common, pieces.indices, 1)

    def _compact(self) -> None:
        alive = np.fromiter(sorted(self._at.values()), np.int64, len(self._at))
        self._ids = [self._ids[row] for row in alive]
        self._at = {epic_id: row for row, epic_id in enumerate(self._ids)}
        self._meaning.keep(alive)
        self._letters.keep(alive)
        self._dead = set()

    def _meanings(self, titles: Sequence[str], bodies: Sequence[str]) -> Matrix:
        if self._encoder is None:
            return np.zeros((len(titles), 1), np.float32)
        rows = self._encoder.encode(titles)
        if self._weights.description:
            rows = rows + self._weights.description * self._encoder.encode(bodies)
        return _whole(rows, ROW_SCALE)


def _parts(scores: Scores, number: int, at: int) -> dict[str, float]:
    shares = {"meaning": scores.meaning, "letters": scores.letters, "taught": scores.taught}
    return {name: float(part[number, at]) for name, part in shares.items() if part is not None}


def _whole(vectors: npt.NDArray[np.floating], scale: int) -> Matrix:
    return np.asarray(np.rint(vectors * scale), np.float32)
