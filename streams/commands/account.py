"""``closeloop account``: a customer as the store knows it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click
import msgspec
from msgspec import UNSET

from schemas.events import Account, Opportunity, Rep
from sinks.store.contract import Transaction
from streams.commands import options
from streams.commands.errors import NotFound
from streams.commands.output import show_fields, show_json, show_table
from streams.commands.root import settings_of


@click.group()
def account() -> None:
    """Accounts: show.

    Example: closeloop account show acme.example
    """


@account.command("show")
@click.argument("name", metavar="ID|DOMAIN")
@click.option("--at", type=options.Instant(), help="As of then: a time, or an age (7d).")
@options.as_json
@click.pass_context
def show_one(context: click.Context, *, name: str, at: datetime | None, as_json: bool) -> None:
    """Show an account, its opportunities and its owner, as of now or of an earlier time.

    Example: closeloop account show acme.example --at 2026-03-01
    """
    from streams.wiring import opened_store

    when = at or datetime.now(UTC)
    with opened_store(settings_of(context)) as store, store.transaction() as tx:
        found, merged_into = _find(tx, name, when)
        deals = tx.crm.opportunities_of({found.id}, when).get(found.id, [])
        people = _people(tx, found, deals, when)
    if as_json:
        value = {"at": when, "account": found, "goes_by": merged_into}
        show_json({**value, "opportunities": deals, "people": people})
        return
    show_fields([("as of", when), *_fields(found), ("now", merged_into), *_owner(found, people)])
    if deals:
        click.echo()
        show_table(
            ("opportunity", "name", "stage", "amount", "probability", "closes", "owner"),
            (_row(deal, people) for deal in deals),
        )


def _find(tx: Transaction, name: str, at: datetime) -> tuple[Account, str | None]:
    """The account, and the id it goes by now where that is another."""
    by_domain = tx.crm.accounts_by_domain({name.lower()})
    id_ = by_domain.get(name.lower(), name)
    found = tx.crm.accounts({id_}, at).get(id_)
    if found is None:
        raise NotFound(f"no account {name} was known at {at:%Y-%m-%d %H:%M} UTC")
    survivor = tx.crm.existing({id_}).get(id_)
    return found, survivor if survivor != id_ else None


def _people(
    tx: Transaction, found: Account, deals: list[Opportunity], at: datetime
) -> dict[str, Rep]:
    ids = {found.owner_id, *(deal.owner_id for deal in deals)}
    return tx.crm.reps({one for one in ids if isinstance(one, str)}, at)


def _fields(facts: msgspec.Struct) -> list[tuple[str, object]]:
    said = ((name, getattr(facts, name)) for name in facts.__struct_fields__)
    return [(name, _plain(value)) for name, value in said if value is not UNSET]


def _owner(found: Account, people: dict[str, Rep]) -> list[tuple[str, object]]:
    owner = people.get(str(found.owner_id))
    return [("owner", _name(owner))] if owner else []


def _row(deal: Opportunity, people: dict[str, Rep]) -> tuple[object, ...]:
    owner = people.get(str(deal.owner_id))
    amount = f"{deal.amount_cents / 100:,.2f}" if isinstance(deal.amount_cents, int) else None
    return (
        deal.id,
        _plain(deal.name),
        _plain(deal.stage),
        amount,
        _plain(deal.probability),
        _plain(deal.closes_on),
        _name(owner) if owner else _plain(deal.owner_id),
    )


def _name(rep: Rep) -> str:
    return " ".join(str(said) for said in (_plain(rep.name), _plain(rep.email)) if said)


def _plain(value: Any) -> Any:
    if value is UNSET:
        return None
    return ", ".join(value) if isinstance(value, tuple) else value
