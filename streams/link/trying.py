"""What the rules would make of a text, with everything that they looked at. Writes nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from schemas.events import Feedback, FeedbackReceived
from sinks.store.contract import Transaction
from sinks.store.rows import Outcome
from streams.link.alike import asked, judge
from streams.link.answers import Answer
from streams.link.keys import Mention, site_of
from streams.link.likening import Likeness
from streams.link.looking import look_up
from streams.link.rules import Candidate, Claim, decide, read


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One problem that a remark tells of.

    Attributes:
        alike: the issues that it is like, the likeliest first.
        confidence: of the first, what the threshold is compared with; 0..1.
        sure: whether it would be linked by itself.
        tier: which tier's answer that is.
    """

    text: str
    alike: list[Candidate]
    confidence: float
    sure: bool
    tier: str


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What would become of a remark.

    Attributes:
        claims: the issues that it would be linked to, or that a person would be asked about.
        passed_over: keys in it that name no issue of a project that we know.
        parts: its problems, and what each is like, also where a key decides.
    """

    outcome: Outcome
    claims: list[Claim]
    passed_over: list[Mention]
    parts: list[Part]


def try_text(tx: Transaction, likeness: Likeness, text: str, jira_url: str = "") -> Tried:
    """As a new remark of nobody's, in no thread, with these words."""
    remark = read(_remark(text), site_of(jira_url))
    outcome, claims = decide(remark, look_up(tx, [remark]))
    whole = asked(remark)
    answers = [tiers[-1] for tiers in likeness.ask(tx, whole.parts)]
    if outcome == "unmatched":
        judged = judge(whole, answers, audit=False)
        outcome, claims = judged.outcome, judged.claims
    counted = {claim.issue_key for claim in claims}
    return Tried(
        outcome=outcome,
        claims=claims,
        passed_over=[each for each in remark.mentions if each.key not in counted],
        parts=[_part(*each) for each in zip(whole.parts, answers, strict=True)],
    )


def _part(text: str, answer: Answer) -> Part:
    return Part(
        text=text,
        alike=answer.candidates,
        confidence=answer.confidence,
        sure=answer.sure,
        tier=answer.tier,
    )


def _remark(text: str) -> FeedbackReceived:
    said = Feedback(origin="try", record="1", words=text)
    at = datetime.now(UTC)
    return FeedbackReceived(id="try", source="/try", time=at, specversion="1.0", data=said)
