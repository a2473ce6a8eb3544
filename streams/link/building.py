"""Turns what was decided of remarks into the rows and events that say so. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from schemas.codec import STRUCTURED_HEADERS, encode
from schemas.events import FeedbackLinked, FeedbackReceived, LinkClaim, Linking
from schemas.topics import FEEDBACK_LINKED
from sinks.contracts import Outgoing
from sinks.store.learned import Guess
from sinks.store.rows import Decision, Link, Outcome, Remark, Words
from streams.link.rules import Claim, Read

SOURCE = "/closeloop/link"
RULES_MODEL = "1"
"""The version of the plain rules, as their decisions carry it."""


class Decided(msgspec.Struct, frozen=True):
    """A remark on its way to the store.

    Attributes:
        id: of its row, given out by the store.
        model: the version of what decided.
        guesses: what likeness said on the way; None: what it said to an earlier version stands.
    """

    id: int
    remark: Read
    account_id: str | None
    outcome: Outcome
    claims: Sequence[Claim]
    model: str = RULES_MODEL
    guesses: Sequence[Guess] | None = ()


def remark_row(decided: Decided) -> tuple[Remark, Words]:
    """The remark and its words, apart."""
    event = decided.remark.event
    said = event.data
    remark = Remark(
        id=decided.id,
        origin=said.origin,
        record=said.record,
        version_at=event.time,
        said_at=said.said_at or event.time,
        outcome=decided.outcome,
        account_id=decided.account_id,
        stated_account=said.account_id,
        domain=decided.remark.domain,
        opportunity_id=said.opportunity_id,
        reporter_id=said.reporter.id,
        reporter_email=said.reporter.email.lower() if said.reporter.email else None,
        thread=said.thread,
        url=said.url,
        withdrawn=said.withdrawn,
        replayed_at=event.replayed,
    )
    words = Words(
        remark_id=decided.id,
        words=said.words,
        title=said.title,
        customer_name=said.customer.name,
        customer_email=said.customer.email,
    )
    return remark, words


def decision_rows(
    decided: Sequence[Decided], ids: Sequence[int], now: datetime
) -> tuple[list[Decision], list[Link]]:
    """One decision and one link a claim; `ids` are as many as there are claims."""
    decisions: list[Decision] = []
    links: list[Link] = []
    fresh = iter(ids)
    for one in decided:
        for claim in one.claims:
            linked = one.outcome == "linked" and claim.sure
            decision_id = next(fresh)
            decisions.append(
                Decision(
                    id=decision_id,
                    remark_id=one.id,
                    issue_key=claim.issue_key,
                    issue_id=claim.issue_id,
                    verdict="link" if linked else "suggest",
                    rule=claim.rule,
                    score=claim.score,
                    model=one.model,
                    by="closeloop",
                    at=now,
                    quote=claim.quote,
                )
            )
            links.append(
                Link(
                    remark_id=one.id,
                    issue_key=claim.issue_key,
                    issue_id=claim.issue_id,
                    state="linked" if linked else "suggested",
                    decision_id=decision_id,
                )
            )
    return decisions, links


def announced(outcome: Outcome) -> Literal["linked", "suggested", "unmatched"]:
    """The outcome as topics have it: that a person looked and saw nothing is our own affair."""
    return "unmatched" if outcome == "dismissed" else outcome


def linked_event(decided: Decided, now: datetime) -> Outgoing:
    """The announcement; the same remark, version, replay and outcome have the same event id."""
    event = decided.remark.event
    feedback = decided.remark.feedback_id
    linked = decided.outcome == "linked"
    said = FeedbackLinked(
        id=f"{event.id}:{decided.outcome}{_replay_of(event)}",
        source=SOURCE,
        specversion="1.0",
        time=now,
        data=Linking(
            feedback=feedback,
            outcome=announced(decided.outcome),
            links=tuple(_claimed(claim) for claim in decided.claims if claim.sure or not linked),
            account_id=decided.account_id,
            opportunity_id=event.data.opportunity_id,
        ),
    )
    return Outgoing(FEEDBACK_LINKED.name, feedback.encode(), encode(said), STRUCTURED_HEADERS)


def _replay_of(event: FeedbackReceived) -> str:
    return f":{event.replayed.isoformat()}" if event.replayed else ""


def _claimed(claim: Claim) -> LinkClaim:
    issue_id = None if claim.issue_id is None else str(claim.issue_id)
    return LinkClaim(
        issue_key=claim.issue_key, rule=claim.rule, score=claim.score, issue_id=issue_id
    )
