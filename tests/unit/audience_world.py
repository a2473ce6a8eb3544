"""Acme, our people, and the audience of a ship that is about it."""

from collections.abc import Sequence
from typing import Any

from sinks.store.rows import Linked, Ship, Tell
from streams.tell.audience import decide_audience
from streams.tell.customers import Customers
from streams.tell.staff import House
from tests.unit.tell_rows import (
    NOW,
    account,
    message,
    rep,
    ship,
)

PEOPLE = {
    one.id: one
    for one in (
        rep("rita", manager_id="mona"),
        rep("nils", manager_id="mona", team="north"),
        rep("olga", manager_id="mona", team="north"),
        rep("mona"),
        rep("tom", team="north"),
    )
}


def customers(**changes: Any) -> Customers:
    """Acme, which Nils owns, and our people."""
    said: dict[str, Any] = {
        "accounts": {"acme": account()},
        "survivors": {"acme": "acme"},
        "reps": PEOPLE,
        "by_email": {str(one.email): one for one in PEOPLE.values()},
        "messages": {"m1": message()},
    }
    return Customers(**said | changes)


def decide(
    *items: Linked,
    known: Customers | None = None,
    of: Ship | None = None,
    already: Sequence[Tell] = (),
    unowned_email: str = "queue@us.example",
    now: Any = NOW,
) -> list[Tell]:
    """The audience of a ship that has settled."""
    ours = House(
        staff_domains=frozenset({"us.example", "support.example"}), unowned_email=unowned_email
    )
    return decide_audience(of or ship(), items, known or customers(), already, now=now, house=ours)


def told(tells: list[Tell]) -> list[str]:
    """Who is told."""
    return [one.person_id for one in tells if one.verdict == "tell"]


def skipped(tells: list[Tell]) -> dict[str, str]:
    """Who is not, and why."""
    return {one.person_id: one.reason for one in tells if one.verdict == "skip"}


def with_reps(*changed: Any) -> dict[str, Any]:
    """Our people, some of them changed."""
    return PEOPLE | {one.id: one for one in changed}


def ownerless(**changes: Any) -> Customers:
    """Acme without an owner, which Olga owned before."""
    accounts = {"acme": account(owner_id=None)}
    return customers(accounts=accounts, **{"previous_owners": {"acme": ("olga",)}} | changes)
