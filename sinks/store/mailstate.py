"""What becomes of a mail: a ladder of states that is only ever climbed.

Reports come in any order, repeated, and of two copies where a crash made us send twice. So each
outcome names the least state that it proves, and the state of a mail is the highest that anything
has proved: no order and no repetition can change that. Why the steps stand as they do:

- ``failed`` is below ``sent``: we gave up on a mail of which an earlier try was taken after all.
- ``sent`` is below everything that a provider does later, and ``delivered`` may come before it: the
  provider's event is often here before its answer to our call is written down.
- ``dropped`` is below ``delivered``: one copy was refused as a repetition, the other arrived.
- ``bounced`` is above ``delivered``: a server may take a mail and send it back minutes later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import get_args

import msgspec

from sinks.store.rows import Message, MessageState, Report

LADDER: tuple[MessageState, ...] = (
    "open",
    "sending",
    "failed",
    "sent",
    "dropped",
    "delivered",
    "bounced",
)
"""Every state, the one that gives way first."""

PROVES: Mapping[str, MessageState | None] = {
    "accepted": "sent",
    "delivered": "delivered",
    "opened": "delivered",  # nobody opens what has not arrived
    "spam": "delivered",  # nor complains about it
    "bounced": "bounced",
    "dropped": "dropped",
    "deferred": None,  # tried again by the provider: another report follows
    "unknown": None,
}
"""A report's outcome -> the state that it proves; None where it is kept and changes nothing."""

SETTLED: frozenset[MessageState] = frozenset({"failed", "dropped", "delivered", "bounced"})
"""States that need nothing more from us or the provider."""

ARRIVED: frozenset[MessageState] = frozenset({"sent", "delivered"})
"""States of a mail that its reader has, as far as anyone knows."""

if set(LADDER) != set(get_args(MessageState)):
    raise TypeError("the ladder and the states of a mail disagree")


def after(state: MessageState, outcome: str) -> MessageState:
    """The state of a mail after a report; an outcome that is not in `PROVES` changes nothing."""
    return higher(state, PROVES.get(outcome) or state)


def higher(one: MessageState, other: MessageState) -> MessageState:
    """The one that stands, of two states that a mail is known to have reached."""
    return max(one, other, key=LADDER.index)


def below(state: MessageState) -> tuple[MessageState, ...]:
    """The states that give way to this one."""
    return LADDER[: LADDER.index(state)]


def settle(message: Message, reports: Iterable[Report]) -> Message:
    """The mail after all reports on it, in whatever order they came.

    It went out when anyone first says so. When and why it settled are those of the first report, by
    the provider's clock, that proves the state; a mail that we ourselves gave up keeps ours.
    """
    telling = sorted(reports, key=lambda report: (report.at, report.id))
    state = message.state
    for report in telling:
        state = after(state, report.outcome)
    out = [report.at for report in telling if report.outcome == "accepted"]
    sent_at = min([*out, *([message.sent_at] if message.sent_at else [])], default=None)
    now = msgspec.structs.replace(message, state=state, sent_at=sent_at)
    proof = next((each for each in telling if PROVES.get(each.outcome) == state), None)
    if state not in SETTLED:
        return msgspec.structs.replace(now, settled_at=None)
    if proof is None:
        return now
    return msgspec.structs.replace(now, settled_at=proof.at, reason=proof.reason)
