"""Sparse rows that grow by appending and are read by column: a small log-structured inverted index.

New rows wait in a tail that is searched beside the main part; when the tail outgrows an eighth of
the main part, both become one. A row's product with a query is summed in the order of the query's
columns wherever the row lies, so it does not depend on when the row came.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse

SHORTEST_TAIL = 512


class Postings:
    """Rows of a fixed width, numbered in order of arrival."""

    def __init__(self, width: int) -> None:
        self.width = width
        self._main = sparse.csr_array((0, width), dtype=np.float32)
        self._columns = self._main.T.tocsr()
        self._tail: list[sparse.csr_array] = []
        self._tail_rows = 0

    def __len__(self) -> int:
        return int(self._main.shape[0]) + self._tail_rows

    def append(self, rows: sparse.csr_array) -> None:
        """Adds rows at the end; amortised constant time per row."""
        self._tail.append(rows)
        self._tail_rows += rows.shape[0]
        if self._tail_rows > max(SHORTEST_TAIL, self._main.shape[0] // 8):
            self._merge()

    def keep(self, rows: npt.NDArray[np.int64]) -> None:
        """Keeps only these rows, renumbered in the order given."""
        self._merge()
        self._main = self._main[rows]
        self._columns = self._main.T.tocsr()

    def row(self, number: int) -> sparse.csr_array:
        """One row by its number; the time does not depend on how many there are."""
        size = self._main.shape[0]
        if number < size:
            return _cut(self._main, number)
        self._squeeze()
        return _cut(self._tail[0], number - size)

    def matrix(self) -> sparse.csr_array:
        """All rows."""
        self._squeeze()
        return sparse.vstack([self._main, *self._tail], format="csr")

    def scores(self, queries: sparse.csr_array) -> npt.NDArray[np.float32]:
        """The product of every query with every row, dense."""
        main = (queries @ self._columns).toarray()
        if not self._tail_rows:
            return np.asarray(main, np.float32)
        self._squeeze()
        tail = (queries @ self._tail[0].T.tocsr()).toarray()
        return np.concatenate((main, tail), axis=1, dtype=np.float32)

    def _squeeze(self) -> None:
        if len(self._tail) > 1:
            self._tail = [sparse.vstack(self._tail, format="csr")]

    def _merge(self) -> None:
        self._main = self.matrix()
        self._tail, self._tail_rows = [], 0
        self._columns = self._main.T.tocsr()


def _cut(rows: sparse.csr_array, number: int) -> sparse.csr_array:
    part = slice(rows.indptr[number], rows.indptr[number + 1])
    indices, data = rows.indices[part], rows.data[part]
    return sparse.csr_array((data, indices, [0, len(data)]), shape=(1, rows.shape[1]))
