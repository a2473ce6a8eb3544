"""The tiers: which vectors, blended how."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from streams.link.likeness import minilm, table
from streams.link.likeness.blend import FAST, QUALITY, Weights
from streams.link.likeness.encoder import SentenceEncoder
from streams.link.likeness.index import Index
from streams.link.likeness.learning import Taught
from streams.link.likeness.saved import RECIPE
from streams.link.likeness.table import Table

TierName = Literal["fast", "quality"]
"""In the order in which they are asked."""


@dataclass(frozen=True)
class Tier:
    """One way of being alike.

    Attributes:
        pieces: how many word pieces each of some words has, for the language.
        slow: whether vectors of texts that were learned are worth keeping for the next start.
    """

    name: TierName
    encoder: SentenceEncoder
    weights: Weights
    pieces: Callable[[Sequence[str]], Sequence[int]]
    slow: bool = False

    @property
    def basis(self) -> str:
        """Names everything that a score depends on beside the issues and lessons."""
        return f"{self.name}:{self.encoder.name}:{RECIPE}"

    def index(self, taught: Taught | None = None) -> Index:
        """An empty index; `taught` is what people accepted, if that is to count."""
        return Index(self.encoder, self.weights, taught)


def tier_called(name: TierName, words: Table | None = None) -> Tier:
    """The tier of that name, with this table of word vectors or the packaged one.

    Raises:
        NotInstalled: the quality tier is an extra.
    """
    words = words or table.packaged()
    if name == "quality":
        return Tier(name, minilm.beside(words), QUALITY, words.pieces, slow=True)
    return Tier(name, words, FAST, words.pieces)
