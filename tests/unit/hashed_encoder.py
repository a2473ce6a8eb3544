"""An encoder that knows nothing: for tests in which any vectors will do."""

import hashlib

import numpy as np

from streams.link.likeness.scores import Matrix
from streams.link.likeness.sentences import Parted


class Hashed:
    """Vectors that follow a text's hash."""

    name = "hashed"
    width = 4

    def encode(self, texts: list[str]) -> Matrix:
        """Unit rows."""
        rows = [list(hashlib.sha256(text.encode()).digest()[:4]) for text in texts]
        wide = np.array(rows, np.float32).reshape(-1, 4) + 1
        return np.asarray(wide / np.linalg.norm(wide, axis=1, keepdims=True), np.float32)

    def parted(self, texts: list[str]) -> Parted:
        """Each text as one sentence."""
        rows = self.encode(texts)
        return Parted(rows, rows, np.arange(len(rows)))
