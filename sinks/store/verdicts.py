"""Which verdicts are new, beside those that stand already: a tell is never given twice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import msgspec

from sinks.store.rows import Tell

SAME_ADDRESS = "told already at this mail address"
"""Why one person who is known under two ids is skipped under the second."""

Key: TypeAlias = tuple[str, str, int, int, str]
"""Person (or mail address), account, issue, generation, kind."""


def key_of(tell: Tell) -> Key:
    """What a tell is unique by."""
    return (tell.person_id, tell.account_id, tell.issue_id, tell.generation, tell.kind)


def admit(tells: Iterable[Tell], standing: Iterable[Tell]) -> list[Tell]:
    """The verdicts to write, as they are to be written, one a key; of those that stand none is.

    Mail addresses come out in lower case. Where two of `tells` have one key, the first that says
    tell counts, else the last. A tell at an address that has this tell already becomes a skip.

    Args:
        tells: what was decided.
        standing: at least every row of the same issues and generations that says tell.
    """
    given = [tell for tell in standing if tell.verdict == "tell"]
    people = {key_of(tell) for tell in given}
    addresses = {_address(tell) for tell in given}
    admitted: dict[Key, Tell] = {}
    for tell in tells:
        key, address = key_of(tell), _address(tell)
        if key in people:
            continue
        new = msgspec.structs.replace(tell, email=tell.email and tell.email.lower())
        if tell.verdict == "tell" and address is not None and address in addresses:
            new = msgspec.structs.replace(new, verdict="skip", reason=SAME_ADDRESS, message_id=None)
        elif tell.verdict == "tell":
            people.add(key)
            addresses.add(address)
        admitted[key] = new
    return list(admitted.values())


def _address(tell: Tell) -> Key | None:
    if not tell.email:
        return None
    return (tell.email.lower(), tell.account_id, tell.issue_id, tell.generation, tell.kind)
