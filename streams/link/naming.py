"""Which link somebody means who names an issue: one that moved has several keys, and one id."""

from __future__ import annotations

from collections.abc import Sequence

from sinks.store.contract import Transaction
from sinks.store.rows import Link


def each_issue(tx: Transaction, keys: Sequence[str]) -> list[tuple[str | None, int | None]]:
    """Each issue once, by a key and, where it is known, its id; without any, one of neither."""
    ids = tx.epics.ids_of_keys(keys) if keys else {}
    once = {ids.get(key, key): key for key in keys}
    return [(key, ids.get(key)) for key in once.values()] or [(None, None)]


def is_about(link: Link, issue_key: str, issue_id: int | None) -> bool:
    """Whether a link is to this issue, under whichever of its keys."""
    return link.issue_key == issue_key or (issue_id is not None and link.issue_id == issue_id)
