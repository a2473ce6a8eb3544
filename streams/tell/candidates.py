"""Who has to do with one account's remarks on one issue, and as what. Pure.

Everyone who is considered comes out, also those who are not to be told, with the reason. Reasons
are fixed sentences, because they are counted; names stand in the role.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from schemas.events import Account, Opportunity, Rep, TellKind
from sinks.store.rows import Linked
from streams.tell.customers import (
    Customers,
    Person,
    can_be_told,
    deal_to_watch,
    has_left,
    known,
    mail_comes_back,
    person_of,
    stand_in,
    team_mate,
)
from streams.tell.staff import House, plain_address, untagged

HAS_LEFT = "has left: the manager is told"
HAS_LEFT_ALONE = "has left, and no manager is known"
CAME_BACK = "the mail came back: the manager is told"
CAME_BACK_ALONE = "the mail came back, and no manager is known"
NO_ADDRESS = "no mail address is known"
NOT_KNOWN = "not known to the CRM, and its domain is not one of staff_domains"
NOT_PLAIN = "not known to the CRM, and no plain mail address"
NO_LONGER_OWNER = "no longer owns the account"
OTHER_DEAL_FIRST = "another deal of the account closes first"
COVERED = "somebody nearer is told"
NOT_AVAILABLE = "not available to this account yet"
ACCOUNT_DELETED = "the account is deleted"
NO_QUEUE = "nobody to tell: set unowned_email"
UNKNOWN = frozenset({NO_ADDRESS, NOT_KNOWN, HAS_LEFT_ALONE, CAME_BACK_ALONE})
"""Reasons that may be none any more once the CRM says something else of that person."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """The remarks that one tell can answer: of one account, made before or after the ship.

    Attributes:
        account_id: of the account as it goes by now, or what stands for one that is not known.
        account: None where it is not known.
    """

    account_id: str
    account: Account | None
    kind: TellKind
    items: Sequence[Linked]

    @property
    def remark_ids(self) -> frozenset[int]:
        """Of all its remarks."""
        return frozenset(item.remark.id for item in self.items)


class Candidate(msgspec.Struct, frozen=True):
    """Somebody who is considered; told unless there is a `reason` not to."""

    person: Person
    role: str
    remark_ids: frozenset[int]
    reason: str = ""


def is_told(candidate: Candidate) -> bool:
    """Whether nothing stands in the way."""
    return not candidate.reason


class Part(msgspec.Struct, frozen=True):
    """What somebody has to do with it, said to them and said of them."""

    own: str
    other: str


PASSED_ON = Part("you passed it on", "passed it on")


def candidates(group: Group, customers: Customers, house: House) -> list[Candidate]:
    """Everyone considered for these remarks; one person may come more than once."""
    found = [*_reporters(group, customers, house), *_deal_owners(group, customers)]
    owners = list(_account_owners(group, customers))
    found += owners
    if not any(is_told(one) for one in owners):
        found += _previous(group, customers)
        found += _mates(group, customers, found)
        found.append(_queue(group, customers, house.unowned_email, found))
    return found


def _reporters(group: Group, customers: Customers, house: House) -> Iterator[Candidate]:
    for item in group.items:
        remark = item.remark
        ids = frozenset({remark.id})
        email = remark.reporter_email
        rep = customers.reps.get(remark.reporter_id or "") or customers.rep_at(email)
        if rep is not None:
            yield from _reach(rep, PASSED_ON, ids, customers)
        elif email:
            yield _stranger(email, ids, house)
        elif remark.reporter_id is not None:
            unknown = Person(remark.reporter_id, remark.reporter_id, None)
            yield Candidate(unknown, PASSED_ON.own, ids, NO_ADDRESS)


def _stranger(email: str, ids: frozenset[int], house: House) -> Candidate:
    """Somebody of whom only an address is known: told where the address is one of ours."""
    address = plain_address(email)
    if address is None:
        lower = email.lower()
        return Candidate(Person(lower, lower, lower), PASSED_ON.own, ids, NOT_PLAIN)
    person = Person(untagged(address), address, address)
    return Candidate(person, PASSED_ON.own, ids, "" if house.is_staff(address) else NOT_KNOWN)


def _deal_owners(group: Group, customers: Customers) -> Iterator[Candidate]:
    """Of the deals that remarks name; where none is named, of the one that closes first."""
    named: dict[str, set[int]] = {}
    for item in group.items:
        deal = customers.named_deals.get(item.remark.opportunity_id or "")
        if deal is not None and deal.deleted is not True and known(deal.owner_id) is not None:
            named.setdefault(deal.id, set()).add(item.remark.id)
    for deal_id, ids in sorted(named.items()):
        deal = customers.named_deals[deal_id]
        yield from _owner_of(deal, frozenset(ids), customers)
    if not named:
        yield from _owners_of_open(group, customers)


def _owners_of_open(group: Group, customers: Customers) -> Iterator[Candidate]:
    deals = customers.deals.get(group.account_id, ())
    first = deal_to_watch(deals)
    for deal in sorted(deals, key=lambda one: one.id):
        if deal.is_open is not True or deal.deleted is True:
            continue
        reason = "" if deal == first else OTHER_DEAL_FIRST
        yield from _owner_of(deal, group.remark_ids, customers, reason)


def _owner_of(
    deal: Opportunity, ids: frozenset[int], customers: Customers, reason: str = ""
) -> Iterator[Candidate]:
    owner = customers.reps.get(known(deal.owner_id) or "")
    name = known(deal.name) or deal.id
    part = Part(f"you own the deal {name}", f"owns the deal {name}")
    if owner is not None and reason:
        yield Candidate(person_of(owner), part.own, ids, reason)
    elif owner is not None:
        yield from _reach(owner, part, ids, customers)


def _account_owners(group: Group, customers: Customers) -> Iterator[Candidate]:
    if group.account is None:
        return
    owner_id = known(group.account.owner_id)
    before = customers.reps.get(customers.owners_then.get(group.account_id, ""))
    changed = before is not None and before.id != owner_id
    if before is not None and changed:
        role = f"you owned {_name(group)} when it was said"
        yield Candidate(person_of(before), role, group.remark_ids, NO_LONGER_OWNER)
    if owner_id is None:
        return
    owner = customers.reps.get(owner_id)
    if owner is None:
        unknown = Person(owner_id, owner_id, None)
        yield Candidate(unknown, f"you own {_name(group)}", group.remark_ids, NO_ADDRESS)
    else:
        yield from _reach(
            owner, _owning(group, before if changed else None), group.remark_ids, customers
        )


def _owning(group: Group, before: Rep | None) -> Part:
    """The owner's part, with a hand-over line for one who was not the owner when it was said."""
    name = _name(group)
    if before is None:
        return Part(f"you own {name}", f"owns {name}")
    return Part(
        f"you own {name} now (hand-over: {person_of(before).name} owned it when this was said)",
        f"owns {name}",
    )


def _previous(group: Group, customers: Customers) -> Iterator[Candidate]:
    """Who owned an account that nobody owns, who are not told, and the first of their managers."""
    found = False
    for rep in _former(group, customers):
        role = f"you owned {_name(group)} last"
        yield Candidate(person_of(rep), role, group.remark_ids, NO_LONGER_OWNER)
        manager = stand_in(rep, customers)
        if manager is not None and not found:
            found = True
            role = f"nobody owns {_name(group)}, and you manage {person_of(rep).name}, who did"
            yield Candidate(person_of(manager), role, group.remark_ids)


def _mates(group: Group, customers: Customers, others: Sequence[Candidate]) -> list[Candidate]:
    """The first we know of a former owner's team, for the remarks that nobody else is told of."""
    for rep in _former(group, customers):
        mate = team_mate(rep, customers)
        if mate is not None:
            role = f"nobody owns {_name(group)}, and {person_of(rep).name} of your team did"
            return [_for_the_rest(person_of(mate), role, group, others)]
    return []


def _for_the_rest(
    person: Person, role: str, group: Group, others: Sequence[Candidate]
) -> Candidate:
    """Told of the remarks that none of the others is told of, if there are any."""
    told = (one.remark_ids for one in others if is_told(one))
    left = group.remark_ids.difference(*told)
    return Candidate(person, role, left or group.remark_ids, "" if left else COVERED)


def _former(group: Group, customers: Customers) -> list[Rep]:
    """Former owners, last first; an owner who has left counts among them."""
    if group.account is None:
        return []
    owner = known(group.account.owner_id)
    ids = [*([owner] if owner else []), *customers.previous_owners.get(group.account_id, ())]
    return [customers.reps[id_] for id_ in dict.fromkeys(ids) if id_ in customers.reps]


def _queue(
    group: Group, customers: Customers, unowned_email: str, others: Sequence[Candidate]
) -> Candidate:
    """The address that a person reads for what nobody owns."""
    role = "nobody owns this customer, and this address is for that"
    if unowned_email:
        return _for_the_rest(_unowned(unowned_email, customers), role, group, others)
    nobody = _for_the_rest(Person("unowned", "nobody", None), role, group, others)
    return msgspec.structs.replace(nobody, reason=nobody.reason or NO_QUEUE)


def _unowned(unowned_email: str, customers: Customers) -> Person:
    email = unowned_email.lower()
    rep = customers.by_email.get(email)
    return person_of(rep) if rep else Person(email, "Customers without an owner", email)


def _reach(rep: Rep, part: Part, ids: frozenset[int], customers: Customers) -> Iterator[Candidate]:
    """The rep, or the manager who stands in."""
    person = person_of(rep)
    hindrance = _hindrance(rep, customers)
    if hindrance is None:
        yield Candidate(person, part.own, ids)
        return
    manager = stand_in(rep, customers)
    reason = hindrance.with_manager if manager is not None else hindrance.alone
    yield Candidate(person, part.own, ids, reason)
    if manager is not None:
        role = f"you manage {person.name}, who {part.other} and {hindrance.said}"
        yield Candidate(person_of(manager), role, ids)


class _Hindrance(msgspec.Struct, frozen=True):
    """Why a mail to a rep reaches nobody: the reason with and without a manager, and in a role."""

    with_manager: str
    alone: str
    said: str


_LEFT = _Hindrance(HAS_LEFT, HAS_LEFT_ALONE, "has left")
_NOWHERE = _Hindrance(NO_ADDRESS, NO_ADDRESS, "has no mail address")
_COMES_BACK = _Hindrance(CAME_BACK, CAME_BACK_ALONE, "whose mail came back")


def _hindrance(rep: Rep, customers: Customers) -> _Hindrance | None:
    if has_left(rep):
        return _LEFT
    if not can_be_told(rep):
        return _NOWHERE
    return _COMES_BACK if mail_comes_back(rep, customers) else None


def _name(group: Group) -> str:
    return (known(group.account.name) if group.account else None) or group.account_id
