"""What a person may do with a ship: release it for some or all, take it back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from schemas.errors import CloseloopError
from schemas.events import Shipment, Withdrawal
from sinks.store.contract import Transaction
from sinks.store.rows import EpicRow, Ship
from streams.ship.rules import Policy, Step, after_shipment, after_withdrawal
from streams.ship.stage import take

PERSON = "person"


class CannotShip(CloseloopError):
    """It is out already, or there is nothing to take back: refused, nothing was changed."""


def release(  # noqa: PLR0913 - all that it depends on
    tx: Transaction,
    epic: EpicRow,
    accounts: Sequence[str] | None,
    *,
    docs_url: str | None,
    policy: Policy,
    now: datetime,
) -> Step:
    """The step that makes an issue available, to everyone (None) or to these accounts.

    Raises:
        CannotShip: they have it already, or no such account is known.
    """
    _require_known(tx, accounts or ())
    latest = tx.ships.latest({epic.issue_id}).get(epic.issue_id)
    said = Shipment(
        issue_id=str(epic.issue_id),
        accounts=None if accounts is None else tuple(accounts),
        signal=PERSON,
        what=epic.epic.summary,
        docs_url=docs_url,
    )
    step = after_shipment(said, latest, policy, now, now)
    if step is None:
        whom = "those accounts" if accounts is not None else "everyone"
        raise CannotShip(f"{epic.epic.key} is out for {whom} already")
    return step


def withdraw(tx: Transaction, epic: EpicRow, reason: str) -> Step:
    """The step that takes an issue's latest generation back.

    Raises:
        CannotShip: it has not shipped, or was taken back already.
    """
    latest = tx.ships.latest({epic.issue_id}).get(epic.issue_id)
    if latest is None:
        raise CannotShip(f"{epic.epic.key} has not shipped")
    said = Withdrawal(issue_id=str(epic.issue_id), generation=latest.generation, reason=reason)
    step = after_withdrawal(said, latest)
    if step is None:
        raise CannotShip(f"{epic.epic.key} was taken back already: {latest.withdrawn_why}")
    return step


def carry_out(tx: Transaction, step: Step, now: datetime) -> None:
    """Do it and announce it. Effects: those of `streams.ship.stage.take`."""
    take(tx, step, now)


def as_if_shipped(
    epic: EpicRow, accounts: Sequence[str] | None, now: datetime, latest: Ship | None = None
) -> Ship:
    """The generation that would be opened now, settled at once: for a preview."""
    return Ship(
        issue_id=epic.issue_id,
        generation=latest.generation + 1 if latest else 1,
        signal=PERSON,
        what=epic.epic.summary,
        docs_url=None,
        accounts=None if accounts is None else tuple(accounts),
        shipped_at=now,
        settles_at=now,
    )


def _require_known(tx: Transaction, accounts: Sequence[str]) -> None:
    existing = tx.crm.existing(accounts) if accounts else {}
    unknown = [one for one in accounts if one not in existing]
    if unknown:
        raise CannotShip(f"no account {', '.join(unknown)} is known")
