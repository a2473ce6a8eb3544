"""Decides who is told of a ship, and who is not and why. Pure.

Nobody is told before the ship settles. Of a ship that is taken back, exactly those who were told
get a correction. What stops a second tell stands here and, as a unique key, in the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from schemas.events import TellKind
from sinks.store.rows import Linked, Ship, Tell
from streams.tell.candidates import (
    ACCOUNT_DELETED,
    NOT_AVAILABLE,
    Candidate,
    Group,
    candidates,
)
from streams.tell.corrections import corrections
from streams.tell.customers import Customers
from streams.tell.merging import merged
from streams.tell.staff import House
from streams.tell.verdicts import ALREADY_TOLD, skip, verdict


def decide_audience(  # noqa: PLR0913 - all that it depends on, and nothing else
    ship: Ship,
    linked: Sequence[Linked],
    customers: Customers,
    already: Sequence[Tell],
    *,
    now: datetime,
    house: House,
) -> list[Tell]:
    """Everyone considered, as tell or skip, in the order in which they are to be told.

    Args:
        ship: one generation; where it is withdrawn the result is the corrections.
        linked: the issue's remarks as they are linked now, in any order.
        customers: what was looked up.
        already: every verdict on this generation so far.
        now: aware; when it is decided.
        house: whose addresses are ours, and who gets what nobody owns.
    """
    if ship.withdrawn_at is not None:
        return corrections(ship, already, customers, now)
    if now < ship.settles_at:
        return []
    case = _Case(ship, customers, _Told(already), now, house)
    groups = _groups(ship, linked, customers)
    return [tell for group in groups for tell in _verdicts(case, group)]


def account_key(item: Linked, customers: Customers) -> str:
    """The account's id as it goes by now, or what stands for an account that is not known."""
    remark = item.remark
    if remark.account_id is not None:
        return customers.survivors.get(remark.account_id, remark.account_id)
    return f"domain:{remark.domain}" if remark.domain else f"remark:{remark.feedback_id}"


def told_since(ship: Ship) -> datetime | None:
    """A remark that was linked after this is told as available already; None before it settles.

    A ship that another signal took over holds once more, so telling began twice: the later counts.
    """
    return max(ship.settled_at, ship.settles_at) if ship.settled_at else None


class _Told:
    """Who has been told of which remarks, by id and by mail address."""

    def __init__(self, already: Iterable[Tell]) -> None:
        self._remarks: dict[str, set[int]] = {}
        self._given: set[tuple[str, str, TellKind]] = set()
        for tell in already:
            if tell.verdict == "tell":
                for name in _names(tell.person_id, tell.email):
                    self._remarks.setdefault(name, set()).update(tell.remark_ids)
                    self._given.add((name, tell.account_id, tell.kind))

    def fresh(self, candidate: Candidate) -> frozenset[int]:
        """Those of the candidate's remarks that the person has not been told of."""
        names = _names(candidate.person.id, candidate.person.email)
        return candidate.remark_ids.difference(*(self._remarks.get(name, ()) for name in names))

    def has(self, candidate: Candidate, group: Group) -> bool:
        """Whether the person has been told of other remarks of the same account and kind."""
        names = _names(candidate.person.id, candidate.person.email)
        return any((name, group.account_id, group.kind) in self._given for name in names)


def _names(person_id: str, email: str | None) -> tuple[str, ...]:
    return (person_id, email.lower()) if email else (person_id,)


def _groups(ship: Ship, linked: Sequence[Linked], customers: Customers) -> Iterator[Group]:
    """Remarks by kind and account; those made before the ship first."""
    found: dict[tuple[TellKind, str], list[Linked]] = {}
    for item in sorted(linked, key=lambda one: one.remark.id):
        found.setdefault((_kind(ship, item), account_key(item, customers)), []).append(item)
    for (kind, id_), items in sorted(
        found.items(), key=lambda one: (one[0][0] != "shipped", *one[0])
    ):
        account = customers.accounts.get(id_)
        yield Group(account_id=id_, account=account, kind=kind, items=items)


def _kind(ship: Ship, item: Linked) -> TellKind:
    since = told_since(ship)
    late = since is not None and item.linked_at > since
    return "available" if late else "shipped"


class _Case(msgspec.Struct, frozen=True):
    """What is the same for every group."""

    ship: Ship
    customers: Customers
    told: _Told
    now: datetime
    house: House


def _verdicts(case: _Case, group: Group) -> Iterator[Tell]:
    barred = _bar(case.ship, group, case.customers)
    for one in merged(candidates(group, case.customers, case.house)):
        tell = verdict(case.ship, group.account_id, group.kind, one, case.now)
        fresh = case.told.fresh(one)
        reason = one.reason or barred
        if not reason and (not fresh or case.told.has(one, group)):
            reason = ALREADY_TOLD
        if reason:
            yield skip(tell, reason)
        else:
            yield msgspec.structs.replace(tell, remark_ids=tuple(sorted(fresh)))


def _bar(ship: Ship, group: Group, customers: Customers) -> str:
    """Why nobody is to be told for this account; empty where nothing stands in the way."""
    if group.account is not None and group.account.deleted is True:
        return ACCOUNT_DELETED
    if ship.accounts is None:
        return ""
    names = {group.account_id, *_stated(group.items)}
    allowed = {*ship.accounts, *(customers.survivors.get(id_, id_) for id_ in ship.accounts)}
    return "" if names & allowed else NOT_AVAILABLE


def _stated(items: Iterable[Linked]) -> Iterator[str]:
    for item in items:
        yield from (id_ for id_ in (item.remark.account_id, item.remark.stated_account) if id_)
