"""A matrix that grows by whole rows in amortised constant time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


class Rows:
    """Rows of float32, doubled in place when full."""

    def __init__(self, width: int) -> None:
        self._held = np.zeros((16, width), np.float32)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    @property
    def array(self) -> npt.NDArray[np.float32]:
        """The rows so far, a view: valid until the next `append`."""
        return self._held[: self._size]

    def append(self, rows: npt.NDArray[np.float32]) -> None:
        """Adds rows at the end."""
        need = self._size + len(rows)
        if need > len(self._held):
            grown = np.zeros((max(need, 2 * len(self._held)), self._held.shape[1]), np.float32)
            grown[: self._size] = self.array
            self._held = grown
        self._held[self._size : need] = rows
        self._size = need

    def keep(self, rows: npt.NDArray[np.int64]) -> None:
        """Keeps only these rows, renumbered in the order given."""
        self._held, self._size = self._held[rows], len(rows)
