"""The packaged word vectors: a text's vector is the sum of its word pieces' vectors, made unit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors import safe_open
from safetensors.numpy import save
from scipy import sparse
from tokenizers import Tokenizer

from streams.link.likeness.clean import MOST_LETTERS
from streams.link.likeness.scores import Matrix

PACKAGED = Path(__file__).parent / "table.safetensors"

MOST_PIECES = 128
"""Word pieces of a text that count: more words are answered as fast as a hundred."""


class Table:
    """Vectors of word pieces as signed bytes with one scale a row, and their tokenizer.

    Args:
        vectors: int8, one row per word piece id.
        scales: float32, what one step of each row is worth.
        tokenizer: the tokenizer's own JSON.
    """

    def __init__(
        self,
        vectors: npt.NDArray[np.int8],
        scales: npt.NDArray[np.float32],
        tokenizer: str,
    ) -> None:
        self._rows = np.multiply(vectors, scales[:, None], dtype=np.float32)
        self._name = hashlib.sha256(vectors.tobytes() + scales.tobytes()).hexdigest()
        self._tokenizer = Tokenizer.from_str(tokenizer)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MOST_PIECES)

    @property
    def name(self) -> str:
        """The vectors' hash."""
        return self._name

    @property
    def width(self) -> int:
        """Numbers in a vector."""
        return int(self._rows.shape[1])

    def tokenizer_json(self) -> str:
        """The tokenizer, as it was read."""
        return str(self._tokenizer.to_str())

    def pieces(self, words: Sequence[str]) -> list[int]:
        """How many word pieces each word has."""
        found = self._tokenizer.encode_batch_fast(list(words), add_special_tokens=False)
        return [len(each.ids) for each in found]

    def encode(self, texts: Sequence[str]) -> Matrix:
        """One row per text: of length one, or zero where no word piece is known."""
        short = [text[: MOST_LETTERS // 4].encode("utf-8", "replace").decode() for text in texts]
        found = [e.ids for e in self._tokenizer.encode_batch_fast(short, add_special_tokens=False)]
        ends = np.cumsum([0, *(len(ids) for ids in found)])
        pieces = np.fromiter((piece for ids in found for piece in ids), np.int32, int(ends[-1]))
        counts = sparse.csr_array(
            (np.ones(len(pieces), np.float32), pieces, ends), shape=(len(texts), len(self._rows))
        )
        sums = np.asarray(counts @ self._rows, np.float32)
        length = np.sqrt(np.einsum("ij,ij->i", sums, sums, dtype=np.float64))
        return np.asarray(sums / np.maximum(length, 1e-9)[:, None], np.float32)


@lru_cache(maxsize=1)
def packaged() -> Table:
    """The table that ships with the package, read once."""
    return read(PACKAGED)


def read(path: Path) -> Table:
    """A table from its file."""
    with safe_open(path, framework="numpy") as held:
        tokenizer = held.get_tensor("tokenizer").tobytes().decode()
        return Table(held.get_tensor("vectors"), held.get_tensor("scales"), tokenizer)


def dump(rows: npt.NDArray[np.floating], tokenizer: str, about: dict[str, str]) -> bytes:
    """A table's file: each row rounded to signed bytes.

    Args:
        rows: one vector per word piece id.
        tokenizer: the tokenizer's own JSON, kept without blanks.
        about: the recipe, for the file's header.
    """
    scales = (np.abs(rows).max(axis=1) / 127).astype(np.float32)
    steps = np.rint(rows / np.maximum(scales, 1e-12)[:, None]).astype(np.int8)
    small = json.dumps(json.loads(tokenizer), separators=(",", ":"), ensure_ascii=False)
    held = np.frombuffer(small.encode(), np.uint8)
    return save({"vectors": steps, "scales": scales, "tokenizer": held}, about)
