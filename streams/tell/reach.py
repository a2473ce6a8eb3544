"""Whether a mail reached its reader, as far as anyone knows. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from sinks.store.mailstate import ARRIVED
from sinks.store.rows import Message, Tell

Reached: TypeAlias = Literal["read", "perhaps", "came back", "waits"]


def reached(message: Message | None) -> Reached:
    """Whether somebody has a mail; ``perhaps`` while nobody knows."""
    if message is None:
        return "came back"
    if message.state in ARRIVED or (message.state == "failed" and message.doubts > 0):
        return "read"
    if message.state == "open" or (message.state == "sending" and message.doubts == 0):
        return "waits"
    return "perhaps" if message.state == "sending" else "came back"


def unreached(
    already: Sequence[Tell], messages: Mapping[str, Message]
) -> frozenset[tuple[str, str]]:
    """(person id, mail address) of those to whom of one ship mails came back, and none went."""
    states: dict[tuple[str, str], set[Reached]] = {}
    for tell in already:
        if tell.verdict == "tell" and tell.kind != "correction" and tell.email:
            state = reached(messages.get(tell.message_id or ""))
            states.setdefault((tell.person_id, tell.email), set()).add(state)
    return frozenset(who for who, found in states.items() if found == {"came back"})
