"""What a person decides of a remark: accept, reject, undo. Every decision is a row of its own.

Called inside a transaction by the commands, the demo and, later, the web pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from schemas.errors import SinkRefused
from schemas.events import FeedbackLinked, LinkClaim, Linking
from schemas.topics import FEEDBACK_LINKED
from sinks.store.contract import Transaction
from sinks.store.rows import Decision, Link, LinkState, Outcome, Remark, Verdict

SOURCE = "/closeloop/triage"
PERSON = "person"
MODEL = "1"
EVIDENCE_AFTER = timedelta(minutes=5)
_STATES: dict[Verdict, LinkState] = {"link": "linked", "reject": "rejected", "undo": "suggested"}


def accept(
    tx: Transaction, feedback_id: str, issue_keys: Sequence[str], *, by: str, now: datetime
) -> None:
    """Link the remark to these issues; those suggested beside them stay suggestions.

    Raises:
        SinkRefused: there is no such remark, or no issue is known by such a key.
    """
    _decide(tx, feedback_id, issue_keys, "link", by, now)


def reject(
    tx: Transaction, feedback_id: str, issue_keys: Sequence[str], *, by: str, now: datetime
) -> None:
    """Say that the remark is not about these issues; the rules never link it to them again.

    Raises:
        SinkRefused: there is no such remark, or no issue is known by such a key.
    """
    _decide(tx, feedback_id, issue_keys, "reject", by, now)


def undo(
    tx: Transaction, feedback_id: str, issue_keys: Sequence[str], *, by: str, now: datetime
) -> None:
    """Take back what was decided: the issues are suggestions again.

    Raises:
        SinkRefused: there is no such remark, or no issue is known by such a key.
    """
    _decide(tx, feedback_id, issue_keys, "undo", by, now)


def _decide(  # noqa: PLR0913, PLR0917 - what was decided, of what, by whom and when
    tx: Transaction,
    feedback_id: str,
    issue_keys: Sequence[str],
    verdict: Literal["link", "reject", "undo"],
    by: str,
    now: datetime,
) -> None:
    remark = _remark(tx, feedback_id)
    issues = _issues(tx, issue_keys)
    ids = tx.links.new_ids(len(issues))
    decisions = [
        Decision(
            id=decision_id,
            remark_id=remark.id,
            issue_key=key,
            issue_id=issue_id,
            verdict=verdict,
            rule=PERSON,
            score=1.0,
            model=MODEL,
            by=by,
            at=now,
        )
        for decision_id, (key, issue_id) in zip(ids, issues.items(), strict=True)
    ]
    links = [
        Link(
            remark_id=remark.id,
            issue_key=each.issue_key,
            issue_id=each.issue_id,
            state=_STATES[verdict],
            decision_id=each.id,
        )
        for each in decisions
    ]
    tx.links.add(decisions, links)
    _settle(tx, remark, decisions, now)
    tx.epics.owe_evidence(set(issues.values()), now + EVIDENCE_AFTER)
    tx.ships.wake(set(issues.values()), now)


def _remark(tx: Transaction, feedback_id: str) -> Remark:
    found = tx.remarks.find(feedback_id)
    if found is None:
        raise SinkRefused(f"no remark is called {feedback_id!r}")
    return found[0]


def _issues(tx: Transaction, issue_keys: Sequence[str]) -> dict[str, int]:
    """Key -> id, each once."""
    known = tx.epics.ids_of_keys(issue_keys)
    unknown = [key for key in issue_keys if key not in known]
    if unknown:
        raise SinkRefused(f"no issue is known as {', '.join(unknown)}")
    return {key: known[key] for key in issue_keys}


def _settle(tx: Transaction, remark: Remark, decisions: Sequence[Decision], now: datetime) -> None:
    """What linking has come to now, in the store and for whoever listens."""
    standing = tx.links.of_remark(remark.id)
    states = {link.state for link, _ in standing}
    outcome: Outcome = (
        "linked" if "linked" in states else "suggested" if "suggested" in states else "unmatched"
    )
    tx.remarks.set_outcome({remark.id: outcome})
    linked = tuple(
        LinkClaim(
            issue_key=link.issue_key,
            rule=decision.rule,
            score=decision.score,
            issue_id=None if link.issue_id is None else str(link.issue_id),
        )
        for link, decision in standing
        if link.state == outcome
    )
    event = FeedbackLinked(
        id=f"{remark.feedback_id}:{max(each.id for each in decisions)}",
        source=SOURCE,
        specversion="1.0",
        time=now,
        data=Linking(
            feedback=remark.feedback_id,
            outcome=outcome,
            links=linked,
            account_id=remark.account_id,
            opportunity_id=remark.opportunity_id,
        ),
    )
    tx.outbox.add([(FEEDBACK_LINKED.name, remark.feedback_id, event)])
