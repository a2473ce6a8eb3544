"""One person's verdict on one ship, as a row with the id that its notification has. Pure."""

from __future__ import annotations

import json
from datetime import datetime
from hashlib import blake2b

import msgspec

from schemas.events import TellKind
from sinks.store.rows import Ship, Tell
from streams.tell.candidates import Candidate

ALREADY_TOLD = "already told"


def tell_id(person_id: str, account_id: str, issue_id: int, generation: int, kind: TellKind) -> str:
    """The notification id: a digest of what a tell is unique by."""
    key = json.dumps([person_id, account_id, issue_id, generation, kind])
    return blake2b(key.encode(), digest_size=16).hexdigest()


def verdict(ship: Ship, account_id: str, kind: TellKind, one: Candidate, now: datetime) -> Tell:
    """That the candidate is told."""
    person = one.person
    return Tell(
        id=tell_id(person.id, account_id, ship.issue_id, ship.generation, kind),
        person_id=person.id,
        person_name=person.name,
        email=person.email,
        account_id=account_id,
        issue_id=ship.issue_id,
        generation=ship.generation,
        kind=kind,
        role=one.role,
        verdict="tell",
        reason="",
        decided_at=now,
        remark_ids=tuple(sorted(one.remark_ids)),
    )


def skip(tell: Tell, reason: str) -> Tell:
    """The same, not told, and why."""
    return msgspec.structs.replace(tell, verdict="skip", reason=reason)
