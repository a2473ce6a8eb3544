"""Which partition a key belongs to, by Kafka's own hash, for many keys at once. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from aiokafka.partitioner import murmur2

FEW = 16
"""Fewer keys are hashed sooner one by one."""
LONGEST_BYTES = 512
"""Side by side, every key takes the room of the longest: with a longer one among them none is."""
_SEED, _MIX, _SHIFT = 0x9747B28C, np.uint32(0x5BD1E995), np.uint32(24)
_POSITIVE = 0x7FFFFFFF
_WORD = 4
_Words = npt.NDArray[np.uint32]


def partitions_of(keys: Sequence[bytes], count: int) -> list[int]:
    """The partition of each key, of `count`: where every client of Kafka puts it by default."""
    if len(keys) < FEW or max(map(len, keys)) > LONGEST_BYTES:
        return [(murmur2(key) & _POSITIVE) % count for key in keys]
    return [int(each) for each in (hashes_of(keys) & _POSITIVE) % count]


def hashes_of(keys: Sequence[bytes]) -> npt.NDArray[np.int64]:
    """The 32 bits of each key, hashed side by side: one by one, each takes 3 to 5 microseconds.

    Source: ``org.apache.kafka.common.utils.Utils.murmur2`` of Kafka's Java client (read 2026-11).
    """
    lengths = np.fromiter(map(len, keys), np.uint32, len(keys))
    words = _padded(keys, int(lengths.max(initial=0)))
    whole, rest = lengths // _WORD, lengths % _WORD
    hashed = np.uint32(_SEED) ^ lengths
    for place in range(words.shape[1]):
        mixed = words[:, place] * _MIX
        mixed = (mixed ^ (mixed >> _SHIFT)) * _MIX
        hashed = np.where(place < whole, (hashed * _MIX) ^ mixed, hashed)
    last = words[np.arange(len(keys)), whole]
    hashed = np.where(rest > 0, (hashed ^ last) * _MIX, hashed)
    hashed = (hashed ^ (hashed >> np.uint32(13))) * _MIX
    return (hashed ^ (hashed >> np.uint32(15))).astype(np.int64)


def _padded(keys: Sequence[bytes], longest: int) -> _Words:
    """A row of little-endian words a key, filled up with zeros: at least one word of them."""
    width = (longest // _WORD + 1) * _WORD
    joined = b"".join(key.ljust(width, b"\0") for key in keys)
    return np.frombuffer(joined, "<u4").reshape(len(keys), width // _WORD)
