"""Remembers the vectors of texts that were learned, so that a start encodes none; no text is kept.

What is learned rounds its vectors to whole numbers. These are what is kept, by the digest of the
text: sums of them are those of vectors computed anew, bit for bit. A vector is a function of its
text and the encoder alone, so that nothing kept can be out of date, whatever was undone or edited
since and whoever kept it: what is missing is computed, and what no text has any more is dropped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from streams.link.likeness.encoder import Encoder
from streams.link.likeness.learning import STEPS
from streams.link.likeness.saved import WORTH_KEEPING, Stale
from streams.link.likeness.scores import Matrix

MOST = 100_000
"""Texts whose vectors are kept, 1.3 kB each in the quality tier; a start encodes the others."""

DIGEST_BYTES = hashlib.sha256().digest_size
NUMBER = np.dtype(np.int16)
"""A unit vector's numbers are no larger than `STEPS`."""


class Remembered:
    """An encoder that encodes no text twice, and rounds as `learning` does.

    Args:
        encoder: of the vectors.
    """

    def __init__(self, encoder: Encoder) -> None:
        self.name = encoder.name
        self.width = encoder.width
        self._encoder = encoder
        self._held: dict[bytes, bytes] = {}
        self._changed = 0
        self._is_settled = True

    def encode(self, texts: Sequence[str]) -> Matrix:
        """One row per text, in whole parts of `STEPS`."""
        self._is_settled = False
        digests = [_digest(text) for text in texts]
        said = dict(zip(digests, texts, strict=True))
        self._encode({each: text for each, text in said.items() if each not in self._held})
        rows = b"".join(self._held[each] for each in digests)
        whole = np.frombuffer(rows, NUMBER).reshape(len(texts), self.width)
        return np.asarray(whole / np.float32(STEPS), np.float32)

    def keepable(self, texts: Iterable[str], *, none_else: bool) -> bytes | None:
        """The vectors of these texts, for `load`; all others are forgotten.

        None where what was loaded or kept last is nearly the same.

        Args:
            texts: those that count now; not looked at where nothing was asked since the last time.
            none_else: it is not nearly the same if it has the vector of any other text.
        """
        if self._is_settled:
            return None
        self._is_settled = True
        gone = self._held.keys() - {_digest(text) for text in texts}
        for each in gone:
            del self._held[each]
        self._changed += len(gone)
        if not (none_else and gone) and self._changed <= WORTH_KEEPING * len(self._held):
            return None
        self._changed = 0
        return self._dump()

    def load(self, body: bytes) -> None:
        """Takes up what was kept.

        Raises:
            Stale: another encoder's, or damaged; nothing was taken up, all is encoded anew.
        """
        try:
            held = load(body)
            digests, rows, mark = (held[name].tobytes() for name in ("digests", "rows", "mark"))
        except (SafetensorError, KeyError) as wrong:
            raise Stale(f"no kept vectors: {wrong}") from wrong
        if mark != self._mark(digests, rows):
            raise Stale("kept of another encoder, or damaged")
        self._is_settled = False
        vectors = _cut(rows, NUMBER.itemsize * self.width)
        self._held = dict(zip(_cut(digests, DIGEST_BYTES), vectors, strict=True))

    def _encode(self, fresh: Mapping[bytes, str]) -> None:
        if not fresh:
            return
        rows = np.rint(self._encoder.encode(list(fresh.values())) * STEPS).astype(NUMBER)
        self._held.update(zip(fresh, (row.tobytes() for row in rows), strict=True))
        self._changed += len(fresh)

    def _dump(self) -> bytes:
        kept = sorted(self._held)[:MOST]
        digests, rows = b"".join(kept), b"".join(self._held[each] for each in kept)
        return save(
            {
                "digests": np.frombuffer(digests, np.uint8).reshape(len(kept), DIGEST_BYTES),
                "rows": np.frombuffer(rows, NUMBER).reshape(len(kept), self.width),
                "mark": np.frombuffer(self._mark(digests, rows), np.uint8),
            }
        )

    def _mark(self, digests: bytes, rows: bytes) -> bytes:
        """Of whose vectors they are, and that each is whole and under its own digest."""
        made = hashlib.sha256(f"{STEPS}:{self.width}:{self.name}:{len(digests)}:".encode())
        made.update(digests)
        made.update(rows)
        return made.digest()


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _cut(body: bytes, size: int) -> list[bytes]:
    return [body[at : at + size] for at in range(0, len(body), size)]
