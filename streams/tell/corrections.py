"""Who gets a correction of a ship that was taken back: exactly those whose mail went out. Pure.

==============================  ========================================================
the mail that told them is      what follows
==============================  ========================================================
open                            its mail loses the tell; nothing to correct
sending, surely not taken yet   the same
sending, nobody knows           they wait: corrected once it is known or given up
sent, delivered                 corrected
failed, and one try in doubt    corrected: better once too often than a false promise
failed, bounced, dropped        nothing to correct
==============================  ========================================================

A mail that was failed, bounced or dropped may still turn out to have arrived, by the report of
another try; then it is worked out again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sinks.store.rows import Message, Ship, Tell
from streams.tell.candidates import Candidate
from streams.tell.customers import Customers, Person, known, person_of
from streams.tell.reach import Reached, reached
from streams.tell.verdicts import ALREADY_TOLD, skip, verdict

NOT_SAID = "taken back before its mail went out"
NOT_ARRIVED = "its mail did not arrive: there is nothing to correct"
NOT_KNOWN_YET = "not known yet whether its mail went out: corrected once it is"


def unsaid(already: Sequence[Tell], messages: Mapping[str, Message]) -> list[Tell]:
    """Of a ship that was taken back the tells that are in mails that have not gone out."""
    return [tell for tell in _told(already) if _reached(tell, messages) == "waits"]


def corrections(
    ship: Ship, already: Sequence[Tell], customers: Customers, now: datetime
) -> list[Tell]:
    """One a person and account whose mail went out; those whose customer knows it come first."""
    standing = {tell.id for tell in already if tell.kind == "correction" and tell.verdict == "tell"}
    told: dict[tuple[str, str], list[Tell]] = {}
    for tell in sorted(_told(already), key=lambda one: one.id):
        told.setdefault((tell.account_id, tell.person_id), []).append(tell)
    ordered = sorted(told, key=lambda pair: (pair[0] not in customers.customer_told, *pair))
    due = (_decided(ship, told[pair], customers, now) for pair in ordered)
    return [skip(tell, ALREADY_TOLD) if tell.id in standing else tell for tell in due]


def _told(already: Sequence[Tell]) -> list[Tell]:
    return [tell for tell in already if tell.verdict == "tell" and tell.kind != "correction"]


def _reached(tell: Tell, messages: Mapping[str, Message]) -> Reached:
    return reached(messages.get(tell.message_id or ""))


def _decided(ship: Ship, told: Sequence[Tell], customers: Customers, now: datetime) -> Tell:
    """About what they have read; what came back, or may have, needs none of its own beside it."""
    states = {tell.id: _reached(tell, customers.messages) for tell in told}
    read = [tell for tell in told if states[tell.id] == "read"]
    one = _correction(ship, read or told, customers, now)
    if read:
        return one
    if "perhaps" in states.values():
        return skip(one, NOT_KNOWN_YET)
    return skip(one, NOT_SAID if "waits" in states.values() else NOT_ARRIVED)


def _correction(ship: Ship, told: Sequence[Tell], customers: Customers, now: datetime) -> Tell:
    """To the person as told, at the address that is theirs now."""
    first = told[0]
    rep = customers.reps.get(first.person_id)
    person = Person(first.person_id, first.person_name, first.email)
    if rep is not None and known(rep.email) is not None:
        person = person_of(rep)
    role = "you were told that it had shipped"
    if first.account_id in customers.customer_told:
        role += ", and the customer has been told"
    remark_ids = frozenset(id_ for tell in told for id_ in tell.remark_ids)
    one = Candidate(person, role, remark_ids)
    return verdict(ship, first.account_id, "correction", one, now)
