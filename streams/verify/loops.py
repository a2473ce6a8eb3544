"""Moves loops on in the store and announces each new state through the outbox. Thin I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from hashlib import blake2b

import msgspec

from schemas.events import Loop, LoopChanged, LoopState
from schemas.topics import LOOP_CHANGED
from sinks.store.contract import Transaction
from sinks.store.rows import LoopRow, Message, MessageState, Tell
from streams.verify.rules import advance, in_mail, is_told, open_loop, take_back

SOURCE = "/closeloop/verify"
CAME_BACK: frozenset[MessageState] = frozenset({"bounced", "dropped"})


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to a loop."""

    account_id: str
    issue_id: int
    action: LoopState
    at: datetime
    by: str


def move_on(tx: Transaction, steps: Sequence[Step]) -> int:
    """Take what happened into account, in any order; how many loops it changed.

    Effects: rows of loops, and ``loop.changed`` for every new state. Repeating it changes nothing.
    """

    def move(loop: LoopRow) -> LoopRow:
        for step in steps:
            if (step.account_id, step.issue_id) == (loop.account_id, loop.issue_id):
                loop = advance(loop, step.action, step.at, step.by)
        return loop

    return _rewrite(tx, steps, move)


def told(tells: Iterable[Tell], at: datetime) -> list[Step]:
    """That a mail with these tells went out; a correction closes no loop."""
    return [
        Step(
            account_id=tell.account_id,
            issue_id=tell.issue_id,
            action="told",
            at=at,
            by=tell.person_id,
        )
        for tell in tells
        if tell.kind != "correction"
    ]


def came_back(tx: Transaction, message: Message, sent_at: datetime, at: datetime) -> int:
    """A mail came back: what it told is not told, unless another mail told of it too.

    Effects: the ships' audiences are worked out again, so that a manager is told instead; rows of
    loops, also of those that nobody was told of; no event has a word for it, so none is announced.
    """
    tells = in_mail(tx.tells.of_message(message.id))
    tx.ships.wake({tell.issue_id for tell in tells if tell.kind != "correction"}, at)
    others = tx.tells.told_beside(message.id)

    def move(loop: LoopRow) -> LoopRow:
        other = others.get((loop.account_id, loop.issue_id))
        return take_back(loop, sent_at, at, "mail came back", other)

    return _rewrite(tx, told(tells, sent_at), move)


def ships_of(tells: Iterable[Tell]) -> set[tuple[int, int]]:
    """(issue, generation) of what these announce; what a correction says is corrected already."""
    return {(tell.issue_id, tell.generation) for tell in tells if tell.kind != "correction"}


def _rewrite(tx: Transaction, steps: Sequence[Step], move: Callable[[LoopRow], LoopRow]) -> int:
    if not steps:
        return 0
    first = {(step.account_id, step.issue_id): step for step in reversed(steps)}
    standing = tx.loops.get(list(first))
    changed: list[LoopRow] = []
    events: list[tuple[str, str, LoopChanged]] = []
    for pair, step in sorted(first.items()):
        before = standing.get(pair) or open_loop(*pair, step.at, step.by)
        after = move(before)
        if after == before and pair in standing:
            continue
        changed.append(after)
        if is_told(after) and (not is_told(before) or after.state != before.state):
            events.append((LOOP_CHANGED.name, f"{pair[0]}:{pair[1]}", loop_changed(after)))
    tx.loops.put(changed)
    tx.outbox.add(events)
    return len(changed)


def loop_changed(loop: LoopRow) -> LoopChanged:
    """The announcement; the same state since the same instant has the same event id."""
    name = f"{loop.account_id}:{loop.issue_id}:{loop.state}:{loop.changed_at.isoformat()}"
    return LoopChanged(
        id=blake2b(name.encode(), digest_size=16).hexdigest(),
        source=SOURCE,
        specversion="1.0",
        time=loop.changed_at,
        data=Loop(
            account_id=loop.account_id,
            issue_id=str(loop.issue_id),
            state=loop.state,
            by=loop.by,
        ),
    )
