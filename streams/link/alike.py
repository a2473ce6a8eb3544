"""What likeness comes to for one remark: pure, from what the linker answered to its passages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import blake2b

import msgspec

from sinks.store.learned import Guess
from sinks.store.rows import Outcome
from streams.link.answers import TOP, Answer
from streams.link.bound import bound, titles_in
from streams.link.copies import Marks
from streams.link.passages import passages
from streams.link.rules import Candidate, Claim, Read, by_issue, text_of

QUOTE_CHARS = 1_000
LIKENESS = "likeness"
AUDITS = "audits"
"""The name of the store's secret that audits are drawn by."""
EARLY = 3.0
"""So many times the share is audited while everything is asked anyway and few audits wait."""


class Audits(msgspec.Struct, frozen=True):
    """Which remarks are asked however sure the linker is.

    Attributes:
        share: of all that likeness decides, 0..1; `EARLY` times as much while nothing is certified
            and fewer than `few` of them wait for a person.
    """

    share: float = 0.1
    few: int = 21

    def takes(self, feedback_id: str, secret: bytes, *, early: bool = False) -> bool:
        """The same for a remark each time; who does not know the secret cannot foresee it.

        Args:
            feedback_id: of the remark.
            secret: the store's own.
            early: whether `EARLY` times the share is drawn.
        """
        drawn = blake2b(feedback_id.encode(), digest_size=8, key=secret, person=b"audit").digest()
        share = min(1.0, EARLY * self.share) if early else self.share
        return int.from_bytes(drawn, "big") < share * 2**64


class Asked(msgspec.Struct, frozen=True):
    """A remark that nothing firmer decides, and what is asked of it."""

    remark: Read
    parts: tuple[str, ...]


class Judged(msgspec.Struct, frozen=True):
    """What likeness made of a remark."""

    outcome: Outcome
    claims: list[Claim]


def asked(remark: Read) -> Asked:
    """Its problems; a blank one is asked as it stands."""
    text = text_of(remark.event)
    return Asked(remark, tuple(passages(text)) or (text,))


def judge(of: Asked, answers: Sequence[Answer], *, audit: bool) -> Judged:
    """Linked by what is sure, within the bound, unless it is audited; else suggested.

    Args:
        of: the remark and its parts.
        answers: one for each part, that of the last tier that was asked.
        audit: whether a person is asked however sure they are.
    """
    near = [each for answer in answers for each in answer.candidates]
    if not near:
        return Judged("unmatched", [])
    whole = len(of.parts) == 1
    quotes = [None if whole else part[:QUOTE_CHARS] for part in of.parts]
    sure = [
        _claim(answer.candidates[0], quote)
        for answer, quote in zip(answers, quotes, strict=True)
        if answer.sure and answer.candidates and not audit
    ]
    titles = titles_in(text_of(of.remark.event), (each.title for each in near))
    bounded = bound(sure, titles)
    open_ = [
        _claim(each, quote, sure=False)
        for answer, quote in zip(answers, quotes, strict=True)
        for each in answer.candidates
        if bounded.outcome != "linked" or not answer.sure
    ]
    if bounded.outcome != "linked":
        return Judged("suggested", _best(open_))
    named = {claim.issue_key for claim in bounded.claims}
    return Judged(
        "linked",
        bounded.claims + [one for one in _best(open_) if one.issue_key not in named],
    )


def is_certified(answers: Iterable[Sequence[Answer]]) -> bool:
    """Whether any tier that was asked links by itself what it is sure of."""
    return any(answer.certified for tiers in answers for answer in tiers)


def guesses(
    remark_id: int,
    answers: Sequence[Sequence[Answer]],
    now: datetime,
    marks: Marks,
    *,
    audit: bool,
) -> list[Guess]:
    """One row for each part and each tier that was asked."""
    return [
        Guess(
            remark_id=remark_id,
            passage=number,
            issue_id=answer.candidates[0].issue_id if answer.candidates else None,
            features=answer.features,
            confidence=answer.confidence,
            tier=answer.tier,
            basis=answer.basis,
            epics=answer.epics,
            audit=audit,
            sure=answer.sure,
            at=now,
            said=marks.said[number],
            sender=marks.sender,
        )
        for number, tiers in enumerate(answers)
        for answer in tiers
    ]


def _claim(near: Candidate, quote: str | None, *, sure: bool = True) -> Claim:
    return Claim(near.issue_key, near.issue_id, LIKENESS, near.score, quote, sure)


def _best(claims: Sequence[Claim]) -> list[Claim]:
    """Of each issue the likeliest, of all the first `TOP`."""
    return by_issue(sorted(claims, key=lambda one: (-one.score, one.issue_key)))[:TOP]
