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
ARRIVED: frozenset[MessageState] = frozenset({"sent", "delivered"})
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

    Effects: rows of loops; no event has a word for it, so none is announced.
    """
    tells = in_mail(tx.tells.of_message(message.id))
    others = {(t.account_id, t.issue_id): _told_by_others(tx, t, message.id) for t in tells}

    def move(loop: LoopRow) -> LoopRow:
        other = others[loop.account_id, loop.issue_id]
        return take_back(loop, sent_at, at, "mail came back", other)

    return _rewrite(tx, told(tells, sent_at), move)


def _told_by_others(tx: Transaction, tell: Tell, message_id: str) -> datetime | None:
    """When last another mail told somebody of the same for the same account, and arrived."""
    times: list[datetime] = []
    for other in tx.tells.of_ship(tell.issue_id, tell.generation):
        is_same = other.account_id == tell.account_id and other.kind != "correction"
        if not is_same or other.message_id in {None, message_id} or other.verdict != "tell":
            continue
        message = tx.messages.find(other.message_id or "")
        if message is not None and message.state in ARRIVED and message.sent_at is not None:
            times.append(message.sent_at)
    return max(times, default=None)


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
        if after == before:
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
