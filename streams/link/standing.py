"""What is linked by likeness without a person at this moment, in words."""

from __future__ import annotations

from datetime import datetime

import msgspec

from sinks.store.contract import Transaction
from streams.link.certificate import guarantee, holds_among
from streams.link.linker import Linker


class TierStanding(msgspec.Struct, frozen=True, kw_only=True):
    """How one tier stands.

    Attributes:
        says: the promise exactly, or why nothing is linked.
        least: the confidence from which it links; None where it links nothing.
        labels: answers that people had decided when it was certified; `audits` of them by chance.
        at: when that was; None before the first time.
    """

    tier: str
    says: str
    least: float | None = None
    labels: int = 0
    audits: int = 0
    at: datetime | None = None


def standing(tx: Transaction, linker: Linker) -> TierStanding:
    """The tier's last certificate, if it is one of today's vectors."""
    held = tx.learned.certificate(linker.tier)
    if held is None:
        says = "nothing is linked by likeness: too few of its answers have been decided"
        return TierStanding(tier=linker.tier, says=says)
    if held.basis != linker.basis_now(tx):
        says = "nothing is linked by likeness: the word vectors are others than were certified"
        return TierStanding(tier=linker.tier, says=says, at=held.at)
    _, epics = linker.refresh(tx)
    says = guarantee(held)
    if held.least is not None and not holds_among(held, epics):
        says = (
            f"nothing is linked by likeness: it was certified among {held.epics:,} issues, and"
            f" there are {epics:,} now"
        )
    return TierStanding(
        tier=linker.tier,
        says=says,
        least=held.least if holds_among(held, epics) else None,
        labels=held.labels,
        audits=held.audits,
        at=held.at,
    )
