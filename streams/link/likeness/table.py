"""Word vectors of a table: a text's vector is the sum of its word pieces' vectors, made unit.

One table is packaged; a store may hold one that was adapted to its customer's texts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load, save
from scipy import sparse
from tokenizers import Tokenizer

from streams.link.likeness.clean import MOST_LETTERS
from streams.link.likeness.reading import once
from streams.link.likeness.scores import Matrix
from streams.link.likeness.sentences import Parted, cut, firsts

PACKAGED = Path(__file__).parent / "table.safetensors"

MOST_PIECES = 128
"""Word pieces of a text that count: more words are answered as fast as a hundred."""


class BadTable(ValueError):
    """No table, or one whose parts do not fit: the packaged one is used, or the command refuses."""


class Parts(NamedTuple):
    """What a table's file holds.

    Attributes:
        vectors: int8, one row per word piece id.
        scales: float32, what one step of each row is worth.
        tokenizer: the tokenizer's own JSON.
    """

    vectors: npt.NDArray[np.int8]
    scales: npt.NDArray[np.float32]
    tokenizer: str

    @property
    def rows(self) -> Matrix:
        """One vector per word piece id."""
        return np.multiply(self.vectors, self.scales[:, None], dtype=np.float32)


class Table:
    """Encodes texts by the vectors of their word pieces.

    Raises:
        BadTable: the tokenizer cannot be read, or is another table's.
    """

    def __init__(self, parts: Parts) -> None:
        vectors, scales, tokenizer = parts
        self._rows = parts.rows
        self._name = hashlib.sha256(vectors.tobytes() + scales.tobytes()).hexdigest()
        self._tokenizer = _tokenizer(tokenizer)
        if self._tokenizer.get_vocab_size() != len(vectors):
            raise BadTable("it does not have one vector for each word piece")
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

    def words(self) -> list[str]:
        """Whole words of ASCII letters, the frequent ones first, as its vocabulary lists them."""
        known = self._tokenizer.get_vocab()
        ordered = sorted(known, key=known.__getitem__)
        return [word for word in ordered if word.isascii() and word.isalpha()]

    def pieces(self, words: Sequence[str]) -> list[int]:
        """How many word pieces each word has."""
        found = self._tokenizer.encode_batch_fast(list(words), add_special_tokens=False)
        return [len(each.ids) for each in found]

    def encode(self, texts: Sequence[str]) -> Matrix:
        """One row per text: of length one, or zero where no word piece is known."""
        return self._vectors(self.counts(texts))

    def parted(self, texts: Sequence[str]) -> Parted:
        """The same, and those of the sentences."""
        counts = self.counts(texts)
        each = [counts.indices[at:to] for at, to in pairwise(counts.indptr)]
        cuts = [cut(pieces) for pieces in each]
        parts = [pieces[at] for pieces, places in zip(each, cuts, strict=True) for at in places]
        return Parted(self._vectors(counts), self._vectors(self._ones(parts)), firsts(cuts))

    def _vectors(self, counts: sparse.csr_array) -> Matrix:
        sums = np.asarray(counts @ self._rows, np.float32)
        length = np.sqrt(np.einsum("ij,ij->i", sums, sums, dtype=np.float64))
        return np.asarray(sums / np.maximum(length, 1e-9)[:, None], np.float32)

    def counts(self, texts: Sequence[str]) -> sparse.csr_array:
        """One row per text: a one for each of its word pieces that count, in their order."""
        return once(self._counted, texts)

    def _counted(self, texts: Sequence[str]) -> sparse.csr_array:
        short = [text[: MOST_LETTERS // 4].encode("utf-8", "replace").decode() for text in texts]
        found = self._tokenizer.encode_batch_fast(short, add_special_tokens=False)
        return self._ones([each.ids for each in found])

    def _ones(self, found: Sequence[Sequence[int]]) -> sparse.csr_array:
        ends = np.cumsum([0, *(len(ids) for ids in found)])
        pieces = np.fromiter((piece for ids in found for piece in ids), np.int32, int(ends[-1]))
        return sparse.csr_array(
            (np.ones(len(pieces), np.float32), pieces, ends), shape=(len(found), len(self._rows))
        )


@lru_cache(maxsize=1)
def packaged() -> Table:
    """The table that ships with the package, read once."""
    return read(PACKAGED)


def read(path: Path) -> Table:
    """A table from its file.

    Raises:
        BadTable: it is none.
    """
    return Table(parse(path.read_bytes()))


def parse(body: bytes) -> Parts:
    """The parts of a table's file, looked over; no pickle.

    Raises:
        BadTable: the caller uses another table, or refuses.
    """
    try:
        held = load(body)
        parts = Parts(held["vectors"], held["scales"], held["tokenizer"].tobytes().decode())
    except (SafetensorError, KeyError, UnicodeDecodeError) as wrong:
        raise BadTable(f"no table of word vectors: {wrong}") from wrong
    vectors, scales, _ = parts
    if vectors.dtype != np.int8 or vectors.ndim != 2 or not vectors.size:  # noqa: PLR2004 - a table
        raise BadTable("its vectors are not rows of signed bytes")
    if scales.dtype != np.float32 or scales.shape != vectors.shape[:1]:
        raise BadTable("it does not have one scale for each vector")
    if not (np.isfinite(scales).all() and (scales >= 0).all()):
        raise BadTable("its scales are no lengths")
    return parts


def _tokenizer(as_json: str) -> Tokenizer:
    try:
        return Tokenizer.from_str(as_json)
    except Exception as wrong:  # the library raises nothing narrower
        raise BadTable(f"its tokenizer cannot be read: {wrong}") from wrong


def dump(rows: npt.NDArray[np.floating], tokenizer: str, about: dict[str, str]) -> bytes:
    """A table's file: each row rounded to signed bytes.

    Args:
        rows: one vector per word piece id.
        tokenizer: the tokenizer's own JSON, kept without blanks.
        about: the recipe, for the file's header.
    """
    return written(rounded(rows, tokenizer), about)


def rounded(rows: npt.NDArray[np.floating], tokenizer: str) -> Parts:
    """Each row as signed bytes and what one step of it is worth."""
    scales = (np.abs(rows).max(axis=1) / 127).astype(np.float32)
    steps = np.rint(rows / np.maximum(scales, 1e-12)[:, None]).astype(np.int8)
    return Parts(steps, scales, tokenizer)


def written(parts: Parts, about: dict[str, str]) -> bytes:
    """The file of these parts; what it is about is one line, as its library keeps no order."""
    small = json.dumps(json.loads(parts.tokenizer), separators=(",", ":"), ensure_ascii=False)
    held = np.frombuffer(small.encode(), np.uint8)
    line = {"about": json.dumps(about, sort_keys=True)}
    return save({"vectors": parts.vectors, "scales": parts.scales, "tokenizer": held}, line)
