"""What was read of the texts of one question: once, whichever tier asks for it first.

It is handed from tier to tier, and is forgotten with the question.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar, overload

import numpy as np
from scipy import sparse

AT_ONCE = 256
"""Texts that are read together: what that takes on the way is bounded."""

FoundT = TypeVar("FoundT")
"""One row per text: a sparse array, or a list."""
RestP = ParamSpec("RestP")


class Reading(Sequence[str]):
    """Texts, and what was read of them.

    Args:
        texts: of the question, or some of those of `whole`.
        whole, places: the texts that these are some of, and where they stand there.
    """

    def __init__(
        self,
        texts: Sequence[str],
        whole: Reading | None = None,
        places: Sequence[int] = (),
    ) -> None:
        self._texts = texts
        self._whole = whole
        self._places = places
        self._found: dict[Hashable, Any] = {}

    def __len__(self) -> int:
        return len(self._texts)

    @overload
    def __getitem__(self, at: int) -> str: ...

    @overload
    def __getitem__(self, at: slice) -> Reading: ...

    def __getitem__(self, at: int | slice) -> str | Reading:
        """A text, or some of them with what was read."""
        if isinstance(at, slice):
            return self.only(range(len(self))[at])
        return self._texts[at]

    def only(self, places: Sequence[int]) -> Reading:
        """The texts at these places, which ascend."""
        if len(places) == len(self):
            return self
        return Reading([self._texts[at] for at in places], self, places)

    def read(self, how: Callable[..., FoundT], *rest: Hashable) -> FoundT:
        """What `how` finds in the texts; asked again, what it found."""
        key = (how, *rest)
        if key not in self._found:
            self._found[key] = self._read(how, *rest)
        found: FoundT = self._found[key]
        return found

    def _read(self, how: Callable[..., Any], *rest: Hashable) -> Any:
        if self._whole is not None:
            return _rows(self._whole.read(how, *rest), self._places)
        starts = range(0, len(self), AT_ONCE)
        return _joined([how(self._texts[at : at + AT_ONCE], *rest) for at in starts])


def once(
    how: Callable[Concatenate[Sequence[str], RestP], FoundT],
    texts: Sequence[str],
    *rest: RestP.args,
    **none: RestP.kwargs,
) -> FoundT:
    """What `how` finds in texts, each by itself; read once of those of a `Reading`."""
    if isinstance(texts, Reading) and texts:
        return texts.read(how, *rest)
    return how(texts, *rest, **none)


def _joined(parts: Sequence[Any]) -> Any:
    if len(parts) == 1:
        return parts[0]
    if isinstance(parts[0], list):
        return [row for part in parts for row in part]
    return sparse.vstack(parts, format="csr")


def _rows(found: Any, places: Sequence[int]) -> Any:
    if isinstance(found, list):
        return [found[at] for at in places]
    return found[np.asarray(places)]
