"""Tells what was said before from what is new, and one sender from others. Pure.

A certificate counts audits as if they were independent. Copies of a text are one piece of evidence,
however often it is sent, and one sender is one voice: else whoever sends easy remarks by the
hundred would make a threshold that does not hold for others, and hard ones would take it away.

A sender is an account that the CRM knows: the customer who speaks, never who typed it in. All who
belong to none are one sender together, for anybody may fill in a form under ever other names.

What is kept of text and sender is a keyed mark of 64 bits, by which equal ones are found. It is a
pseudonym and not anonymous: the key lies in the same store, so who has all of that can test whether
a guessed text or sender was it. Nobody without the store's secret can. Whoever erases words has to
clear their marks as well, and those of their sender.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b

import msgspec

from sinks.store.learned import Guess

UNKNOWN = 0
"""The mark of all senders that belong to no account."""
LARGEST_SHARE = 5
"""One sender is at most a fifth of the fewest audits that can certify."""

_WORD = re.compile(r"\w+")


class Marks(msgspec.Struct, frozen=True):
    """What equal remarks have in common.

    Attributes:
        said: of each part; equal where the words are, whatever stands between them.
        sender: of the account, `UNKNOWN` without one.
    """

    said: tuple[int, ...]
    sender: int


def marks(parts: Sequence[str], account_id: str | None, secret: bytes) -> Marks:
    """Those of a remark.

    Args:
        parts: of it, each of which is asked about.
        account_id: the account that the remark was found to belong to, not one that it only states.
        secret: makes the marks ones that nobody else can make.
    """
    said = tuple(_mark(b"said", " ".join(_WORD.findall(part.casefold())), secret) for part in parts)
    sender = UNKNOWN if account_id is None else _mark(b"sender", f"account:{account_id}", secret)
    return Marks(said, sender)


def independent(audits: Sequence[Guess], most: int) -> list[int]:
    """Places of those that count: of equal words the last, of one sender the last `most`.

    The oldest come first, so that what counts is what is like today. What has no mark is equal to
    nothing. Whether a guess was right has no say in it.
    """
    kept: list[int] = []
    heard: set[int] = set()
    voices: Counter[int] = Counter()
    for place in reversed(range(len(audits))):
        said, sender = audits[place].said, audits[place].sender
        if said in heard or (sender is not None and voices[sender] >= most):
            continue
        kept.append(place)
        heard |= set() if said is None else {said}
        voices.update(() if sender is None else (sender,))
    return kept[::-1]


def _mark(kind: bytes, text: str, secret: bytes) -> int:
    made = blake2b(text.encode("utf-8", "replace"), digest_size=8, key=secret, person=kind)
    return int.from_bytes(made.digest(), "big", signed=True)
