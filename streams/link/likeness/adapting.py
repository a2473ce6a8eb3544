"""Adapts a table of word vectors to a customer's own texts, towards what the sentence model says.

The fit begins at the table that there is and is held to it: a word piece that is in none of the
texts keeps its bytes, one that is in few of them moves little. What a table costs stays the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from streams.link.likeness import fitting, table
from streams.link.likeness.scores import Matrix

PULL = 0.5
"""How strongly a piece is held to where it was, about as one text of four words holds it."""

NEAR = 5
"""Among so many nearest of the table the sentence model's nearest is looked for."""


def adapted(base: table.Parts, texts: Sequence[str], taught: Matrix) -> table.Parts:
    """The table, fitted anew to these texts; the same texts give the same bytes.

    Args:
        base: the table to begin at.
        texts: each with a word, each once.
        taught: the sentence model's unit vector of each text.
    """
    counts = table.Table(base).counts(texts)
    counts.sum_duplicates()
    aim = turned(fitting.unit(taught - taught.mean(axis=0)), counts @ base.rows)
    rows = fitting.solve(fitting.weighed(counts, base.rows), aim, base.rows, PULL)
    moved = np.unique(counts.indices)
    found = table.rounded(rows[moved], base.tokenizer)
    vectors, scales = base.vectors.copy(), base.scales.copy()
    vectors[moved], scales[moved] = found.vectors, found.scales
    return table.Parts(vectors, scales, base.tokenizer)


def turned(aim: Matrix, sums: Matrix) -> Matrix:
    """The sentence model's directions in the table's space, where these texts have these sums.

    By the turn that brings the two closest (orthogonal Procrustes): the table was made from the
    model's own directions, so that nothing has to be stretched.
    """
    seen = fitting.unit(sums)
    seen -= seen.mean(axis=0)
    left, _, right = np.linalg.svd((aim.T @ seen).astype(np.float64), full_matrices=False)
    return fitting.unit(aim @ (left @ right).astype(np.float32))


def nearest(vectors: Matrix, taught: Matrix) -> npt.NDArray[np.bool_]:
    """For each text whether the table knows what it is most alike.

    That is, whether its nearest other text by the sentence model is among the `NEAR` nearest by the
    table.
    """
    best = _others(taught).argmax(axis=1)
    near = _others(vectors)
    ahead = (near > near[np.arange(len(near)), best][:, None]).sum(axis=1)
    return np.asarray(ahead < NEAR, np.bool_)


def _others(rows: Matrix) -> Matrix:
    """Cosines of each text and each other one."""
    found = rows @ rows.T
    np.fill_diagonal(found, -np.inf)
    return found
