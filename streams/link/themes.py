"""Groups remarks that no issue is about with their like, and names the groups. Pure.

The first remark of a theme leads it: who comes later joins the theme whose leader it is most like,
or leads one of its own. A leader never changes, so a new remark never moves an old one, and the
same remarks in the same order always make the same themes. Leaders were measured against centroids
that move with their members: they find more of the themes, at less mixing (docs/decisions/0011).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from streams.link.likeness import grams
from streams.link.likeness.encoder import Encoder
from streams.link.likeness.language import small_words
from streams.link.passages import passages

ALIKE = 0.65
"""Cosine from which a remark is like a theme's leader."""

LETTERS, FOLDED = 0.5, 512
"""What letters weigh beside word vectors, and into how many numbers they are folded."""

STEPS = 8192
"""Whole numbers per unit: products are exact, whatever order a library sums them in."""

SHOWN_FROM = 3
"""Remarks that make a theme worth showing."""

NAME_WORDS = 4
MOST_NAMED_FROM = 200
"""Remarks of a theme that its name is made from."""

Rows = npt.NDArray[np.int16]

_BUCKETS = np.arange(grams.WIDTH, dtype=np.int64)
_SIGNS = np.where((_BUCKETS * 40503 >> 5) & 1, 1.0, -1.0)
_FOLD = sparse.csr_array(
    (_SIGNS, (_BUCKETS, (_BUCKETS * 2654435761 >> 7) % FOLDED)), shape=(grams.WIDTH, FOLDED)
)
_WORD = re.compile(r"[^\W\d_]{3,}")
_SAYS = re.compile(r"[^\W_]")
_ROOT = 4
_RARE = 2.0
"""A word tells where at most about every second of the other remarks has it."""


class Place(NamedTuple):
    """Where a remark was sorted: the leader's position, and how like it is, 0..1."""

    at: int
    likeness: float


def rows_of(encoder: Encoder, texts: Sequence[str]) -> Rows:
    """One row a remark: word vectors and letters of what it tells of, of length `STEPS`.

    Shape:
        All zero where nothing of it is known to either; such a remark is like nothing.
    """
    said = [" ".join(passages(text)) for text in texts]
    both = np.hstack([_unit(encoder.encode(said)), LETTERS * _unit(_letters(said))])
    both[[not _SAYS.search(each) for each in said]] = 0
    return np.rint(_unit(both) * STEPS).astype(np.int16)


def sort(leaders: Rows, rows: Rows) -> list[Place]:
    """For each row in turn the leader that it joins; one beyond the last begins a new theme.

    A row that begins a theme leads it for the rows behind. Of equally near leaders the first is
    taken; a row of zeros, which is like nothing, begins a theme as well.
    """
    both = np.vstack([leaders, rows]).astype(np.float64)
    likeness = (both[len(leaders) :] @ both.T) / STEPS**2
    heads = list(range(len(leaders)))  # of which row of `both` each theme is
    places = []
    for number, near in enumerate(likeness):
        best = int(near[heads].argmax()) if heads else 0
        if heads and near[heads[best]] >= ALIKE:
            places.append(Place(best, min(1.0, float(near[heads[best]]))))
            continue
        places.append(Place(len(heads), 1.0))
        heads.append(len(leaders) + number)
    return places


def name_of(
    texts: Iterable[str], others: Iterable[str], names: Collection[str], fallback: str = ""
) -> str:
    """The words that tell these remarks from the others, best first.

    Only words that at least two of the remarks, and a quarter of them, have; no numbers, and
    nothing of the names given.

    Args:
        texts: of the theme's remarks.
        others: of remarks that are not in it.
        names: of customers, their people and their mail domains.
        fallback: where no word tells.
    """
    inside, outside = list(_word_sets(texts)), list(_word_sets(others))
    here, there = _said_by(inside), _said_by(outside)
    secret = {word for name in names for word in _WORD.findall(name.lower())}
    least = max(2, len(inside) / 4)
    telling = {
        word: count / len(inside) * math.log(rarity)
        for word, count in here.items()
        if count >= least
        and word not in secret
        and (rarity := (2 + len(outside)) / (1 + there[word])) >= _RARE
    }
    chosen: list[str] = []
    for word in sorted(telling, key=lambda each: (-telling[each], each)):
        if all(word[:_ROOT] != other[:_ROOT] for other in chosen):
            chosen.append(word)
    return " ".join(chosen[:NAME_WORDS]) or fallback


def _said_by(texts: Iterable[Collection[str]]) -> Counter[str]:
    return Counter(word for text in texts for word in text)


def _word_sets(texts: Iterable[str]) -> Iterator[set[str]]:
    small = frozenset().union(*small_words().values())
    for text in texts:
        yield {word for word in _WORD.findall(text.lower()) if word not in small}


def _letters(texts: Sequence[str]) -> npt.NDArray[np.float64]:
    counts = grams.count(texts)
    weights = sparse.csr_array(
        (1 + np.log(counts.data.astype(np.float64)), counts.indices, counts.indptr),
        shape=counts.shape,
    )
    return np.asarray((weights @ _FOLD).toarray(), np.float64)


def _unit(rows: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    length = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
    return np.asarray(rows / np.maximum(length, 1e-9)[:, None], np.float64)
