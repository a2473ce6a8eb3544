"""The desk at which people decide: several remarks at once, the same twice, and the way back.

What is asked is planned whole before anything of it is written, so that it is done or refused as
one. The remarks are held until the transaction ends: of two people the second sees what the first
decided.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from sinks.store.contract import Transaction
from sinks.store.rows import PERSON, Decision, Outcome, Remark, Words
from streams.link.claimed import once_undone
from streams.link.triage import (
    WHOLE,
    CannotRule,
    Decide,
    Plan,
    Ruling,
    Standing,
    accepting,
    carry_out,
    dismissed,
    outcome_of,
    rejecting,
    undoing,
)

Action: TypeAlias = Literal["accept", "reject", "dismiss", "undo"]
MOST_AT_ONCE = 500
"""Remarks that are decided in one go: they are held until all are written."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants decided.

    Attributes:
        remarks: ``SOURCE:RECORD`` of each.
        issues: keys; accepting needs some, dismissing takes none, the others mean all without.
        again: the same as stands already by the same person is no fault, and changes nothing.
        unseen: those of the remarks that nobody has looked at, decided with the others.
    """

    action: Action
    remarks: Sequence[str]
    issues: Sequence[str] = ()
    by: str
    again: bool = False
    unseen: Collection[str] = ()


class Result(msgspec.Struct, frozen=True):
    """What became of one remark; nothing was `decided` where it stood so already."""

    remark: str
    outcome: Outcome
    decided: tuple[Ruling, ...]


def plan_all(tx: Transaction, asked: Asked) -> list[Plan]:
    """What is to be decided of each remark, in order; nothing is written.

    Raises:
        CannotRule: it cannot be of one of them, or there are none, or too many.
    """
    names = list(dict.fromkeys(asked.remarks))
    if not 0 < len(names) <= MOST_AT_ONCE:
        raise CannotRule(f"between 1 and {MOST_AT_ONCE} remarks are decided at once")
    held = tx.remarks.hold(names)
    unknown = [name for name in names if name not in held]
    if unknown:
        raise CannotRule(f"no remark {unknown[0]} is known; they are called SOURCE:RECORD")
    decide = _decide(tx, asked)
    return [_plan(tx, held[name], asked, decide) for name in names]


def refuse_audits(tx: Transaction, plans: Sequence[Plan]) -> None:
    """Refuse to decide audits that nobody has looked at: each would count as wrong.

    Raises:
        CannotRule: one of them is such.
    """
    unseen = {each.remark.id: each.remark.feedback_id for each in plans if each.unseen}
    guesses = tx.learned.guesses_of(unseen) if unseen else {}
    for id_, name in unseen.items():
        if any(guess.audit for guess in guesses.get(id_, ())):
            raise CannotRule(f"{name}: it is an audit, so somebody has to look at it first")


def plan_undoing_last(tx: Transaction, by: str) -> list[Plan]:
    """Takes back what this person did last, all of it; what was taken back already not again.

    Raises:
        CannotRule: there is nothing left that is theirs.
    """
    last = tx.links.last_by(by)
    if not last:
        raise CannotRule(f"{by} has decided nothing that stands")
    names = [one.feedback_id for one, _ in tx.remarks.get({d.remark_id for d in last}).values()]
    held = tx.remarks.hold(names)
    stands = tx.links.last_by(by)
    plans = []
    for remark, words in held.values():
        rulings = [_undo(each) for each in stands if each.remark_id == remark.id]
        if rulings:
            standing = tx.links.of_remark(remark.id)
            outcome = outcome_of(standing, rulings)
            plans.append(Plan(remark, tuple(rulings), outcome, words, standing))
    return plans


def carry_out_all(tx: Transaction, plans: Sequence[Plan], by: str, now: datetime) -> list[Result]:
    """Write what was planned. Effects: those of `carry_out`, for each that changes something."""
    for each in plans:
        if each.rulings:
            carry_out(tx, each, by, now)
    return [result_of(each) for each in plans]


def result_of(plan: Plan) -> Result:
    """What becomes of a remark once its plan is carried out."""
    return Result(plan.remark.feedback_id, plan.outcome, plan.rulings)


def _plan(tx: Transaction, held: tuple[Remark, Words | None], asked: Asked, decide: Decide) -> Plan:
    remark, words = held
    standing = tx.links.of_remark(remark.id)
    if asked.again and _stands(tx, remark, asked, standing):
        return Plan(remark, (), remark.outcome, words, standing)
    try:
        rulings = _rulings(tx, remark, asked, decide, standing)
    except CannotRule as refused:
        raise CannotRule(f"{remark.feedback_id}: {refused}") from None
    unseen = remark.feedback_id in asked.unseen
    return Plan(remark, tuple(rulings), outcome_of(standing, rulings), words, standing, unseen)


def _rulings(
    tx: Transaction, remark: Remark, asked: Asked, decide: Decide, standing: Standing
) -> list[Ruling]:
    if asked.action == "dismiss" and remark.outcome == "dismissed":
        raise CannotRule("it was dismissed already")
    if asked.action == "undo" and not asked.issues and remark.outcome == "dismissed":
        return _brought_back(tx.links.ruled(remark.id))
    return decide(standing)


def _brought_back(ruled: Sequence[Decision]) -> list[Ruling]:
    """Undoes a dismissal, and what was rejected with it; what was rejected before stays so."""
    at = next(each.at for each in ruled if each.issue_key == WHOLE)
    return [_undo(each) for each in ruled if each.at == at]


def _undo(decision: Decision) -> Ruling:
    return Ruling(decision.issue_key, decision.issue_id, "undo", once_undone(decision))


def _decide(tx: Transaction, asked: Asked) -> Decide:
    issues = [issue.upper() for issue in dict.fromkeys(asked.issues)]
    if asked.action == "accept":
        if not issues:
            raise CannotRule("no issue is named to accept")
        return accepting(tx, issues)
    if asked.action == "dismiss":
        if issues:
            raise CannotRule("a remark is dismissed whole, not for an issue")
        return dismissed
    return rejecting(tx, issues) if asked.action == "reject" else undoing(tx, issues)


def _stands(tx: Transaction, remark: Remark, asked: Asked, standing: Standing) -> bool:
    """Whether this is just what the same person decided last of this remark."""
    if asked.action == "dismiss":
        return remark.outcome == "dismissed"
    if asked.action == "undo":
        ruled = tx.links.ruled(remark.id)
        last = max(ruled, key=lambda one: one.id, default=None)
        return last is not None and (last.verdict, last.by) == ("undo", asked.by)
    due = "linked" if asked.action == "accept" else "rejected"
    theirs: set[int | str | None] = {
        name
        for link, decision in standing
        for name in (link.issue_key, link.issue_id)
        if link.state == due and decision.rule == PERSON and decision.by == asked.by
        if not decision.unseen or remark.feedback_id in asked.unseen
    }
    if asked.issues:
        keys = {issue.upper() for issue in asked.issues}
        ids = tx.epics.ids_of_keys(keys)
        return all(key in theirs or ids.get(key, key) in theirs for key in keys)
    return bool(theirs) and all(link.state != "suggested" for link, _ in standing)
