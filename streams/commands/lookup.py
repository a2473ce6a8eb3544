"""Finds what people name: an issue by key or id, a remark by its identity."""

from __future__ import annotations

from sinks.store.contract import Transaction
from sinks.store.rows import EpicRow, Remark, Words
from streams.commands.errors import NotFound

LARGEST_ID = 10**18


def issue_named(tx: Transaction, name: str) -> EpicRow:
    """The issue of that key, present or former, or of that id.

    Raises:
        NotFound: no issue is known by it.
    """
    if name.isascii() and name.isdigit() and int(name) < LARGEST_ID:
        ids = {int(name)}
    else:
        ids = set(tx.epics.ids_of_keys({name.upper()}).values())
    for row in tx.epics.get(ids).values():
        return row
    raise NotFound(f"no issue {name} is known; `closeloop import jira` asks Jira for all")


def remark_named(tx: Transaction, feedback_id: str) -> tuple[Remark, Words | None]:
    """The remark of that identity.

    Raises:
        NotFound: there is none.
    """
    found = tx.remarks.find(feedback_id)
    if found is None:
        raise NotFound(f"no remark {feedback_id} is known; they are called SOURCE:RECORD")
    return found


def keys_of(tx: Transaction, ids: set[int]) -> dict[int, str]:
    """Issue id -> its key, of those that are known."""
    return {row.issue_id: row.epic.key for row in tx.epics.get(ids).values()}
