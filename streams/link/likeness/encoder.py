"""What turns words into vectors, for the index and for what is learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from streams.link.likeness.scores import Matrix
from streams.link.likeness.sentences import Parted


class Encoder(Protocol):
    """Turns texts into unit vectors of `width` numbers; the same text always into the same."""

    @property
    def name(self) -> str:
        """Another for every other set of vectors."""
        ...

    @property
    def width(self) -> int:
        """Numbers in a vector."""
        ...

    def encode(self, texts: Sequence[str]) -> Matrix:
        """One row per text: of length one, or zero where no word is known."""
        ...


class SentenceEncoder(Encoder, Protocol):
    """Knows the sentences of a text as well."""

    def parted(self, texts: Sequence[str]) -> Parted:
        """The same rows, and one for each sentence of each text."""
        ...
