"""What a newer version of a remark changes of what was decided before. Pure.

What the new version claims and the store says already is left alone, so that reading the same twice
changes nothing. What only the old version claimed stands no longer. What a person decided stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from sinks.store.rows import PERSON, Decision, Link, LinkState, Remark, Words
from streams.link.alike import LIKENESS
from streams.link.building import RULES_MODEL, Decided, remark_row
from streams.link.rules import Claim
from streams.link.triage import Standing

RULE = "revision"
"""The rule of decisions that take back what only an older version claimed."""
_NO_CONTENT = ("id", "version_at", "replayed_at", "outcome", "account_id")
"""Fields of a remark's row that its source does not say, or says of the version alone."""


class Before(msgspec.Struct, frozen=True):
    """A remark as the store has it, before a newer version is written."""

    remark: Remark
    words: Words | None
    standing: Standing


class Change(msgspec.Struct, frozen=True):
    """What is to be written of a newer version.

    Attributes:
        new: the version with those of its claims alone that the store does not have so.
        dropped: links that it makes no more.
        has_news: it says anything else than the version before.
    """

    new: Decided
    dropped: tuple[Link, ...]
    has_news: bool


def is_likened(decided: Decided, before: Before) -> bool:
    """Whether likeness has judged this very text before: nothing firmer did, and it is the same."""
    rules = {decision.rule for _, decision in before.standing} - {PERSON, RULE}
    said, words = decided.remark.event.data, before.words
    return (
        words is not None
        and rules <= {LIKENESS}
        and (said.title, said.words) == (words.title, words.words)
    )


def as_before(decided: Decided, before: Before) -> Decided:
    """The same with what likeness came to then: its answer now would be about the issues of now."""
    likely = [
        Claim(
            link.issue_key,
            link.issue_id,
            decision.rule,
            decision.score,
            decision.quote,
            sure=link.state == "linked",
        )
        for link, decision in before.standing
        if decision.rule == LIKENESS and link.state != "rejected"
    ]
    model = next((d.model for _, d in before.standing if d.rule == LIKENESS), "")
    outcome = "suggested" if likely else "unmatched"
    if any(claim.sure for claim in likely):
        outcome = "linked"
    return msgspec.structs.replace(
        decided, outcome=outcome, claims=likely, model=model or decided.model, guesses=None
    )


def change(decided: Decided, before: Before) -> Change:
    """What the newer version changes."""
    decided = _under_known_keys(decided, before.standing)
    is_linked = decided.outcome == "linked"
    standing = {link.issue_key: (link, decision) for link, decision in before.standing}
    new = [
        claim
        for claim in decided.claims
        if not _stands(claim, _state(claim, is_linked=is_linked), standing)
    ]
    dropped = tuple(_dropped(decided, before.standing))
    has_news = bool(new or dropped) or _content(decided) != _content_of(before)
    return Change(msgspec.structs.replace(decided, claims=new), dropped, has_news)


def retractions(
    dropped: Sequence[Link], ids: Sequence[int], now: datetime
) -> tuple[list[Decision], list[Link]]:
    """The decisions that take these links back, and the links as they are then."""
    decisions = [
        Decision(
            id=id_,
            remark_id=link.remark_id,
            issue_key=link.issue_key,
            issue_id=link.issue_id,
            verdict="reject",
            rule=RULE,
            score=1.0,
            model=RULES_MODEL,
            by="closeloop",
            at=now,
        )
        for id_, link in zip(ids, dropped, strict=True)
    ]
    links = [
        msgspec.structs.replace(link, state="rejected", decision_id=decision.id)
        for link, decision in zip(dropped, decisions, strict=True)
    ]
    return decisions, links


def _under_known_keys(decided: Decided, standing: Standing) -> Decided:
    """The same; an issue that the remark knows by another of its keys is claimed under that one."""
    keys: dict[int | None, str] = {
        link.issue_id: link.issue_key for link, _ in standing if link.issue_id is not None
    }
    claims = [
        msgspec.structs.replace(claim, issue_key=keys.get(claim.issue_id, claim.issue_key))
        for claim in decided.claims
    ]
    return msgspec.structs.replace(decided, claims=claims)


def _state(claim: Claim, *, is_linked: bool) -> LinkState:
    return "linked" if is_linked and claim.sure else "suggested"


def _stands(claim: Claim, state: LinkState, standing: dict[str, tuple[Link, Decision]]) -> bool:
    """Whether the store says so already, or a person has said what to make of it."""
    if claim.issue_key not in standing:
        return False
    link, decision = standing[claim.issue_key]
    if decision.rule == PERSON:
        return True
    said = (state, claim.rule, claim.quote, claim.issue_id or link.issue_id)
    return said == (link.state, decision.rule, decision.quote, link.issue_id)


def _dropped(decided: Decided, standing: Standing) -> Iterator[Link]:
    claimed = {claim.issue_key for claim in decided.claims}
    for link, decision in standing:
        is_ours = decision.rule != PERSON and link.state != "rejected"
        if is_ours and link.issue_key not in claimed:
            yield link


def _content(decided: Decided) -> tuple[dict[str, object], Words]:
    remark, words = remark_row(decided)
    return _source_says(remark), words


def _content_of(before: Before) -> tuple[dict[str, object], Words | None]:
    return _source_says(before.remark), before.words


def _source_says(remark: Remark) -> dict[str, object]:
    said = msgspec.structs.asdict(remark)
    return {name: value for name, value in said.items() if name not in _NO_CONTENT}
