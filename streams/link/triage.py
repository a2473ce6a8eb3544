"""What a person decides about a remark: accept, reject, dismiss, undo. Pure, and the writing of it.

Every decision is appended, and a link that a person decided stays as the person said. Undoing puts
a link before a person again: it is suggested, whatever it was before, as surely as it was claimed
before people decided; one that only people saw is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeAlias

import msgspec

from schemas.errors import CloseloopError
from schemas.events import Epic, FeedbackLinked, Linking
from schemas.topics import FEEDBACK_LINKED
from sinks.store.contract import Transaction
from sinks.store.learned import Lesson
from sinks.store.rows import PERSON, Decision, Link, LinkState, Outcome, Remark, Verdict, Words
from streams.link.building import RULES_MODEL, announced
from streams.link.claimed import claim, claimed, once_undone
from streams.link.lessons import lessons, quotes
from streams.link.naming import each_issue, is_about

SOURCE = "/closeloop/triage"
WHOLE = ""
"""The issue key of a decision on a remark as a whole: that it is dismissed, or that no more."""
Standing: TypeAlias = Sequence[tuple[Link, Decision]]


class CannotRule(CloseloopError):
    """Nothing of that remark can be decided so: refused, nothing was changed."""


class Ruling(msgspec.Struct, frozen=True):
    """What a person made of one remark and one issue.

    Attributes:
        issue_key: empty for the remark as a whole.
        state: of the link; None where there is none then.
    """

    issue_key: str
    issue_id: int | None
    verdict: Verdict
    state: LinkState | None


def accepted(standing: Standing, epic: Epic) -> list[Ruling]:
    """The remark is about this issue; what was accepted unseen may be accepted by who looks.

    Raises:
        CannotRule: a person has said so already, or the issue was deleted.
    """
    issue_key, issue_id = epic.key, int(epic.id)
    if epic.deleted:
        raise CannotRule(f"{issue_key} was deleted in Jira")
    for link, decision in standing:
        same = is_about(link, issue_key, issue_id)
        stands = link.state == "linked" and decision.rule == PERSON
        if same and stands and not decision.unseen:
            raise CannotRule(f"{link.issue_key} was accepted already, by {decision.by}")
        if same:  # under the key by which the remark knows it: there is one link an issue
            return [Ruling(link.issue_key, issue_id, "link", "linked")]
    return [Ruling(issue_key, issue_id, "link", "linked")]


def rejected(standing: Standing, issue_key: str | None, issue_id: int | None) -> list[Ruling]:
    """The remark is not about this issue; without one, about none of those suggested.

    Raises:
        CannotRule: there is no such link, or it was rejected already.
    """
    if issue_key is None:
        links = [link for link, _ in standing if link.state == "suggested"]
        if not links:
            raise CannotRule("nothing is suggested for it")
    else:
        about = [link for link, _ in standing if is_about(link, issue_key, issue_id)]
        links = [link for link in about if link.state != "rejected"]
        if not links:
            why = "was rejected already" if about else "is neither suggested for it nor linked"
            raise CannotRule(f"{issue_key} {why}")
    return [Ruling(link.issue_key, link.issue_id, "reject", "rejected") for link in links]


def dismissed(standing: Standing) -> list[Ruling]:
    """Nothing of the remark is product feedback: what is suggested is rejected with it.

    Raises:
        CannotRule: it is linked.
    """
    linked = ", ".join(link.issue_key for link, _ in standing if link.state == "linked")
    if linked:
        raise CannotRule(f"it is linked to {linked}; reject that first")
    rejections = [
        Ruling(link.issue_key, link.issue_id, "reject", "rejected")
        for link, _ in standing
        if link.state == "suggested"
    ]
    return [*rejections, Ruling(WHOLE, None, "dismiss", None)]


def undone(standing: Standing, issue_key: str | None, issue_id: int | None) -> list[Ruling]:
    """What a person decided, about this issue or about all, is for a person to decide again.

    Raises:
        CannotRule: no person has decided anything there.
    """
    links = [
        (link, decision)
        for link, decision in standing
        if decision.rule == PERSON
        and decision.verdict != "undo"
        and (issue_key is None or is_about(link, issue_key, issue_id))
    ]
    if not links:
        raise CannotRule("no person has decided anything there")
    return [
        Ruling(link.issue_key, link.issue_id, "undo", once_undone(decision))
        for link, decision in links
    ]


def outcome_of(standing: Standing, rulings: Sequence[Ruling]) -> Outcome:
    """What linking comes to once these are carried out."""
    states: dict[str, LinkState | None] = {link.issue_key: link.state for link, _ in standing}
    states |= {one.issue_key: one.state for one in rulings}
    if "linked" in states.values():
        return "linked"
    if any(ruling.verdict == "dismiss" for ruling in rulings):
        return "dismissed"
    return "suggested" if "suggested" in states.values() else "unmatched"


class Plan(msgspec.Struct, frozen=True):
    """What is to be decided of a remark, looked up and ready to be carried out.

    Attributes:
        words: what it teaches; None where they are erased.
        standing: its links as they were looked up, with the passages that they rest on.
        unseen: nobody has looked at the remark: it teaches nothing and labels no guess as right.
    """

    remark: Remark
    rulings: tuple[Ruling, ...]
    outcome: Outcome
    words: Words | None
    standing: Standing
    unseen: bool = False


Decide: TypeAlias = Callable[[Standing], list[Ruling]]


def plan(tx: Transaction, feedback_id: str, decide: Decide) -> Plan:
    """Look the remark up and decide; nothing is written.

    Raises:
        CannotRule: there is no such remark, or that cannot be decided of it.
    """
    found = tx.remarks.find(feedback_id)
    if found is None:
        raise CannotRule(f"no remark {feedback_id} is known; they are called SOURCE:RECORD")
    standing = tx.links.of_remark(found[0].id)
    rulings = decide(standing)
    return Plan(found[0], tuple(rulings), outcome_of(standing, rulings), found[1], standing)


def accept(
    tx: Transaction, feedback_id: str, keys: Sequence[str], *, by: str, now: datetime
) -> Outcome:
    """Link the remark to these issues. Effects: those of `carry_out`.

    Raises:
        CannotRule: no such remark or issue is known, or a person has said so already.
    """
    return carry_out(tx, plan(tx, feedback_id, accepting(tx, keys)), by, now)


def accepting(tx: Transaction, keys: Sequence[str]) -> Decide:
    """Decides that a remark is about the issues of these keys, present or former.

    Raises:
        CannotRule: one is not known.
    """
    ids = tx.epics.ids_of_keys(keys)
    unknown = [key for key in keys if key not in ids]
    if unknown:
        raise CannotRule(f"no issue {', '.join(unknown)} is known")
    rows = tx.epics.get(set(ids.values()))
    present = [rows[id_].epic for id_ in dict.fromkeys(ids.values()) if id_ in rows]
    return lambda standing: [one for epic in present for one in accepted(standing, epic)]


def rejecting(tx: Transaction, keys: Sequence[str]) -> Decide:
    """Decides that a remark is not about these issues; without any, about none suggested."""
    ids = each_issue(tx, keys)
    return lambda standing: [one for key, id_ in ids for one in rejected(standing, key, id_)]


def undoing(tx: Transaction, keys: Sequence[str]) -> Decide:
    """Decides to take back what a person decided about these issues; without any, about all."""
    ids = each_issue(tx, keys)
    return lambda standing: [one for key, id_ in ids for one in undone(standing, key, id_)]


def carry_out(tx: Transaction, what: Plan, by: str, now: datetime) -> Outcome:
    """Write it, announce it, and let what follows from it fall due.

    Effects: decisions, links (dropped where nothing claims it), the remark's outcome, lessons,
    ``feedback.linked``; the issues' audiences and evidence are worked out again.
    """
    remark, rulings = what.remark, what.rulings
    decisions = _decisions(tx, what, by, now)
    links = [
        _link(one, ruling.state)
        for one, ruling in zip(decisions, rulings, strict=True)
        if ruling.state is not None
    ]
    tx.links.add(decisions, links)
    tx.links.drop([(remark.id, one.issue_key) for one in rulings if one.state is None])
    tx.remarks.set_outcome({remark.id: what.outcome})
    tx.learned.teach(_lessons(tx, what))
    event = _announcement(tx, remark, what.outcome, decisions[-1], now)
    tx.outbox.add([(FEEDBACK_LINKED.name, remark.feedback_id, event)])
    if issues := {ruling.issue_id for ruling in rulings if ruling.issue_id is not None}:
        tx.epics.owe_evidence(issues, now)
        tx.ships.wake(issues, now)
    return what.outcome


def _lessons(tx: Transaction, what: Plan) -> list[Lesson]:
    quote = quotes(what.standing)
    ids = {ruling.issue_id: ruling for ruling in what.rulings if ruling.issue_id is not None}
    like = {link.issue_id for link, _ in what.standing if link.issue_id is not None}
    titles = {row.epic.summary for row in tx.epics.get(like | ids.keys()).values()}
    gone = {id_ for id_, it in ids.items() if it.verdict != "link"}
    seen = {} if what.unseen else {id_: ids[id_] for id_ in ids.keys() - gone}
    taught = {id_: quote.get(it.issue_key) for id_, it in seen.items()}
    return lessons(what.words, taught, gone, what.remark.id, titles)


def _decisions(tx: Transaction, what: Plan, by: str, now: datetime) -> list[Decision]:
    ids = tx.links.new_ids(len(what.rulings))
    quote = quotes(what.standing)
    before = {link.issue_key: claimed(decision) for link, decision in what.standing}
    return [
        Decision(
            id=id_,
            remark_id=what.remark.id,
            issue_key=ruling.issue_key,
            issue_id=ruling.issue_id,
            verdict=ruling.verdict,
            rule=PERSON,
            score=how if ruling.verdict == "undo" else 1.0,
            model=RULES_MODEL,
            by=by,
            at=now,
            quote=quote.get(ruling.issue_key),
            unseen=what.unseen,
            claimed_by=rule,
            claimed_score=how if rule else None,
        )
        for id_, ruling in zip(ids, what.rulings, strict=True)
        for rule, how in [before.get(ruling.issue_key) or (None, 1.0)]
    ]


def _link(decision: Decision, state: LinkState) -> Link:
    return Link(
        remark_id=decision.remark_id,
        issue_key=decision.issue_key,
        issue_id=decision.issue_id,
        state=state,
        decision_id=decision.id,
    )


def _announcement(
    tx: Transaction, remark: Remark, outcome: Outcome, last: Decision, now: datetime
) -> FeedbackLinked:
    """What stands now, the rejected left out; one id a decision."""
    shown = "linked" if outcome == "linked" else "suggested"
    standing = [one for one in tx.links.of_remark(remark.id) if one[0].state == shown]
    return FeedbackLinked(
        id=f"triage:{last.id}",
        source=SOURCE,
        specversion="1.0",
        time=now,
        data=Linking(
            feedback=remark.feedback_id,
            outcome=announced(outcome),
            links=tuple(claim(link, decision) for link, decision in standing),
            account_id=remark.account_id,
            opportunity_id=remark.opportunity_id,
        ),
    )
