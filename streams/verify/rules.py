"""How a loop closes: told, acknowledged, customer told, then solved or not solved. Pure.

Of every step the latest time is kept, and the state is read off the times alone. So neither order
nor repetition matters: replies, reports and our own sending may arrive as they like.

- A customer's answer outranks whatever a rep says, also later.
- Of two answers the later counts: "not solved" opens again what was solved, and the other way.
- Told again after "not solved" (the next generation has shipped): a new round, in which only what
  happened since then counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime

import msgspec

from schemas.events import LoopState
from sinks.store.rows import LoopRow, Tell

FIELD: Mapping[LoopState, str] = {
    "told": "told_at",
    "acknowledged": "acknowledged_at",
    "customer_told": "customer_told_at",
    "solved": "solved_at",
    "not_solved": "not_solved_at",
}
"""Step -> where its latest time is kept."""
_NEVER = datetime.min.replace(tzinfo=UTC)


def open_loop(account_id: str, issue_id: int, at: datetime, by: str) -> LoopRow:
    """A loop of which nothing has happened yet; it has no time of its own until it moves."""
    return LoopRow(account_id=account_id, issue_id=issue_id, state="told", changed_at=at, by=by)


def advance(loop: LoopRow, action: LoopState, at: datetime, by: str) -> LoopRow:
    """The loop once this is known to have happened; the same row where it changes nothing."""
    field = FIELD[action]
    before: datetime | None = getattr(loop, field)
    if before is not None and before >= at:
        return loop
    moved = msgspec.structs.replace(loop, **{field: at})
    state = state_of(moved)
    changed_at: datetime = getattr(moved, FIELD[state])
    who = by if state == action else loop.by
    return msgspec.structs.replace(moved, state=state, changed_at=changed_at, by=who)


def take_back(
    loop: LoopRow, told_at: datetime, at: datetime, by: str, other: datetime | None = None
) -> LoopRow:
    """The loop once the mail that told of it at `told_at` has come back.

    Only where nothing has happened since: whoever acknowledged a mail has it. What is left is the
    time at which an `other` mail told of it, or none: then it is not told.
    """
    if loop.state != "told" or loop.told_at is None or loop.told_at > told_at:
        return loop
    return msgspec.structs.replace(loop, told_at=other, changed_at=other or at, by=by)


def is_told(loop: LoopRow) -> bool:
    """Whether somebody of ours knows: a mail came back where the state is told without a time."""
    return any(getattr(loop, field) is not None for field in FIELD.values())


def state_of(loop: LoopRow) -> LoopState:
    """Where a loop with these times stands."""
    told = loop.told_at or _NEVER
    solved = loop.solved_at or _NEVER
    not_solved = loop.not_solved_at or _NEVER
    if loop.solved_at is not None and solved > not_solved:
        return "solved"
    if loop.not_solved_at is not None and told <= not_solved:
        return "not_solved"
    since = told if loop.not_solved_at is not None else _NEVER
    return _by_rep(loop, since)


def _by_rep(loop: LoopRow, since: datetime) -> LoopState:
    """The furthest that our own people have come in the round that began at `since`."""
    if loop.customer_told_at is not None and loop.customer_told_at >= since:
        return "customer_told"
    if loop.acknowledged_at is not None and loop.acknowledged_at >= since:
        return "acknowledged"
    return "told"


def in_mail(tells: Sequence[Tell]) -> list[Tell]:
    """Of a mail's tells those that it says: what is taken back in the same mail is not announced.

    A correction can only join a mail that has not gone out. So it is left out as well, unless it
    is also about remarks that an earlier mail told of.
    """
    announced: dict[tuple[str, str, int, int], set[int]] = {}
    for tell in tells:
        if tell.kind != "correction":
            announced.setdefault(_about(tell), set()).update(tell.remark_ids)
    corrected = {_about(tell) for tell in tells if tell.kind == "correction"}
    return [tell for tell in tells if _is_said(tell, announced, corrected)]


def _is_said(
    tell: Tell,
    announced: Mapping[tuple[str, str, int, int], AbstractSet[int]],
    corrected: AbstractSet[tuple[str, str, int, int]],
) -> bool:
    if tell.kind != "correction":
        return _about(tell) not in corrected
    here = announced.get(_about(tell))
    return here is None or not here >= set(tell.remark_ids)


def _about(tell: Tell) -> tuple[str, str, int, int]:
    return (tell.person_id, tell.account_id, tell.issue_id, tell.generation)
