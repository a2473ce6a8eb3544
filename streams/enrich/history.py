"""What was stated of a CRM entity, in any order, folded into one version an interval. Pure.

A CRM tells of whole records and of single fields, late, twice and out of order. Folding everything
that was ever stated, in the order of the CRM's own clock, comes to the same history however it
arrived (``tests/properties/test_history.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from msgspec import UNSET

from sinks.store.rows import CrmVersion, Facts, Stated


def fold(stated: Iterable[Stated]) -> list[CrmVersion]:
    """The history, oldest first, without gap or overlap; as of any instant at most one version.

    Two statements of one instant are taken in the order of their event ids, the same event once.
    """
    ordered = _in_order(stated)
    versions: list[CrmVersion] = []
    facts: Facts | None = None
    for one, following in zip(ordered, [*ordered[1:], None], strict=True):
        facts = one.facts if facts is None else overlay(facts, one.facts)
        versions.append(
            CrmVersion(
                valid_from=one.at,
                valid_to=following.at if following else None,
                event_id=one.event_id,
                stated=one.facts,
                facts=facts,
            )
        )
    return versions


def overlay(older: Facts, newer: Facts) -> Facts:
    """`older` with every field that `newer` mentions, null included, as `newer` says."""
    mentioned = {
        name: value
        for name in newer.__struct_fields__
        if (value := getattr(newer, name)) is not UNSET
    }
    return msgspec.structs.replace(older, **mentioned)


def _in_order(stated: Iterable[Stated]) -> Sequence[Stated]:
    once = {one.event_id: one for one in stated}
    return sorted(once.values(), key=lambda one: (one.at, one.event_id))
