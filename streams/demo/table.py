"""The table at the end: each remark, and how far its loop has closed."""

from __future__ import annotations

from datetime import UTC, datetime

from rich import box
from rich.table import Table

from sinks.store.contract import Transaction
from sinks.store.rows import Remark, Tell

STATES = {
    "told": "rep told",
    "acknowledged": "rep has read it",
    "customer_told": "customer told",
    "solved": "solved",
    "not_solved": "NOT solved",
}


def story_table(tx: Transaction, feedback_ids: tuple[str, ...]) -> Table:
    """One row a remark."""
    table = Table(
        title="What became of each remark",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    for column in ("Remark", "Customer", "Rep", "Epic", "Linked by", "Told", "Loop"):
        table.add_column(column, overflow="fold")
    for feedback_id in feedback_ids:
        found = tx.remarks.find(feedback_id)
        if found is not None:
            table.add_row(*_row(tx, found[0]))
    return table


def _row(tx: Transaction, remark: Remark) -> list[str]:
    now = datetime.now(UTC)
    links = [pair for pair in tx.links.of_remark(remark.id) if pair[0].state == "linked"]
    link, decision = links[0] if links else (None, None)
    tells = [
        tell
        for tell in tx.tells.all(1000)
        if remark.id in tell.remark_ids and tell.verdict == "tell"
    ]
    accounts = tx.crm.accounts({remark.account_id}, now) if remark.account_id else {}
    account = next((str(each.name) for each in accounts.values()), "unknown")
    loops = tx.loops.get({(tell.account_id, tell.issue_id) for tell in tells})
    return [
        remark.feedback_id,
        account,
        ", ".join(sorted({tell.person_name for tell in tells})) or "nobody",
        link.issue_key if link else "",
        decision.rule if decision else "",
        _told(tx, tells),
        ", ".join(sorted({STATES[loop.state] for loop in loops.values()})) or "open",
    ]


def _told(tx: Transaction, tells: list[Tell]) -> str:
    messages = [tx.messages.find(tell.message_id) for tell in tells if tell.message_id]
    times = [each.sent_at for each in messages if each is not None and each.sent_at]
    return min(times).strftime("%H:%M:%S") if times else "not yet"
