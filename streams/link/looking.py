"""What the rules ask of the store, once for all remarks of a batch."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sinks.store.contract import Transaction
from streams.link.rules import Known, Read


def look_up(tx: Transaction, items: Sequence[Read], before: Collection[int] = ()) -> Known:
    """What the rules ask; those decided `before` are no threads to follow for themselves."""
    threads = {(i.event.data.origin, i.event.data.thread) for i in items if i.event.data.thread}
    asked = {(origin, thread) for origin, thread in threads if thread}
    earlier = tx.remarks.thread_issues(asked, before) if asked else {}
    mentioned = {mention.key for item in items for mention in item.mentions}
    issues = tx.epics.ids_of_keys(mentioned) if mentioned else {}
    return Known(
        issues=issues,
        projects=tx.epics.projects() if mentioned - issues.keys() else set(),
        threads=earlier,
        keys=_keys_now(tx, {issue for some in earlier.values() for issue in some}),
        gone=tx.epics.deleted(set(issues.values())) if issues else set(),
    )


def _keys_now(tx: Transaction, issues: Collection[int]) -> dict[int, str]:
    """Issue id -> its present key, of those that are still there."""
    rows = tx.epics.get(issues).values() if issues else ()
    return {row.issue_id: row.epic.key for row in rows if not row.epic.deleted}
