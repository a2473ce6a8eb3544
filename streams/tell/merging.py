"""One candidate a person and mail address, of all that were found. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from sinks.store.verdicts import SAME_ADDRESS
from streams.tell.candidates import Candidate, is_told


def merged(found: Iterable[Candidate]) -> list[Candidate]:
    """One candidate a person, by person; told as anything is told, with all such roles.

    Of several people who are told at one mail address the first gets what all would get.
    """
    people: dict[str, list[Candidate]] = {}
    for one in found:
        people.setdefault(one.person.id, []).append(one)
    candidates = [_merged(ones) for _, ones in sorted(people.items())]
    first: dict[str | None, Candidate] = {}
    for one in filter(is_told, candidates):
        first[one.person.email] = _merged([first.get(one.person.email, one), one])
    return [_at_address(one, first.get(one.person.email)) for one in candidates]


def _at_address(one: Candidate, first: Candidate | None) -> Candidate:
    if not is_told(one) or first is None:
        return one
    if one.person.id == first.person.id:
        return first
    return msgspec.structs.replace(one, reason=SAME_ADDRESS)


def _merged(ones: Sequence[Candidate]) -> Candidate:
    told = [one for one in ones if is_told(one)]
    counted = told or [one for one in ones if one.reason == ones[0].reason]
    roles = dict.fromkeys(one.role for one in counted)
    ids = frozenset[int]().union(*(one.remark_ids for one in counted))
    return Candidate(counted[0].person, "; ".join(roles), ids, counted[0].reason)
