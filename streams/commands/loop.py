"""``closeloop loop``: how far each loop has closed."""

from __future__ import annotations

from datetime import datetime
from typing import get_args

import click
import msgspec

from schemas.events import LoopState
from sinks.store.rows import Linked, LoopRow, Message
from streams.commands import options
from streams.commands.errors import NotFound
from streams.commands.lookup import issue_named, keys_of
from streams.commands.output import show, show_fields, show_json, show_table
from streams.commands.root import settings_of
from streams.commands.terminal import excerpt
from streams.verify.rules import is_told

MOST = 100_000
UNREACHED = "nobody_reached"
"""Every mail of a loop came back or was refused: no event has a word for it, a person needs one."""


@click.group()
def loop() -> None:
    """Loops: list, show.

    Example: closeloop loop list --state not_solved
    """


@loop.command("list")
@click.option("--state", type=click.Choice([*get_args(LoopState), UNREACHED]), help="Only those.")
@options.limit()
@options.as_json
@click.pass_context
def list_(context: click.Context, *, state: str | None, limit: int, as_json: bool) -> None:
    """List loops, the last changed first: told, acknowledged, customer told, solved or not.

    A loop of which every mail came back is "nobody reached": somebody has to tell the customer.

    Example: closeloop loop list --state not_solved
    """
    from streams.wiring import opened_store

    with opened_store(settings_of(context)) as store, store.transaction() as tx:
        found = tx.loops.all(limit if state is None else MOST)
        loops = [one for one in found if state in {None, _state(one)}][:limit]
        keys = keys_of(tx, {one.issue_id for one in loops})
    show(
        as_json=as_json,
        value=[
            {"issue_key": keys.get(o.issue_id), "reached": is_told(o), **msgspec.structs.asdict(o)}
            for o in loops
        ],
        columns=("account", "issue", "state", "since", "by", "what to do"),
        rows=(_listed(one, keys.get(one.issue_id, str(one.issue_id))) for one in loops),
    )


@loop.command("show")
@click.argument("account")
@click.argument("issue")
@options.as_json
@click.pass_context
def show_one(context: click.Context, *, account: str, issue: str, as_json: bool) -> None:
    """Show one loop: when each step was reached, who was told, and what the customer had said.

    Example: closeloop loop show A-1 APP-12
    """
    from streams.wiring import opened_store

    with opened_store(settings_of(context)) as store, store.transaction() as tx:
        epic = issue_named(tx, issue)
        found = tx.loops.get({(account, epic.issue_id)}).get((account, epic.issue_id))
        if found is None:
            raise NotFound(f"nobody was told of {epic.epic.key} for account {account}")
        ship = tx.ships.latest({epic.issue_id}).get(epic.issue_id)
        tells = tx.tells.of_ship(epic.issue_id, ship.generation) if ship else []
        words = tx.links.of_issue(epic.issue_id, account_id=account)
        answers = tx.loops.answers(account, epic.issue_id)
        mails = tx.messages.get({one.message_id for one in tells if one.message_id})
    told = [one for one in tells if one.account_id == account and one.verdict == "tell"]
    if as_json:
        said = {"issue_key": epic.epic.key, "loop": found, "reached": is_told(found), "told": told}
        show_json({**said, "answers": answers, "remarks": [_described(one) for one in words]})
        return
    show_fields([("account", account), ("issue", f"{epic.epic.key} {epic.epic.summary}")])
    show_fields([("state", _state(found)), ("by", found.by), *_steps(found)])
    if not is_told(found):
        show_fields([("what to do", TELL_YOURSELF)])
    click.echo()
    show_table(
        ("told", "mail", "what became of it", "why"),
        ((t.person_name, t.email, _became(mails.get(t.message_id or "")), t.role) for t in told),
    )
    if answers:
        click.echo()
        rows = ((one.said, one.by, one.at, excerpt(one.words)) for one in answers)
        show_table(("answered", "by", "at", "words"), rows)
    click.echo()
    show_table(("remark", "said", "words"), (_row(one) for one in words))


TELL_YOURSELF = "correct the mail address in the CRM; until then tell the rep yourself"


def _state(row: LoopRow) -> str:
    return row.state if is_told(row) else UNREACHED


def _listed(row: LoopRow, key: str) -> tuple[object, ...]:
    advice = None
    if not is_told(row):
        advice = f"{TELL_YOURSELF}: closeloop loop show {row.account_id} {key}"
    elif row.state == "not_solved":
        advice = f"see what is missing: closeloop loop show {row.account_id} {key}"
    return (row.account_id, key, _state(row), row.changed_at, row.by, advice)


def _became(mail: Message | None) -> str | None:
    if mail is None:
        return None
    return f"{mail.state}: {excerpt(mail.reason)}" if mail.reason else mail.state


def _steps(row: LoopRow) -> list[tuple[str, datetime | None]]:
    return [
        ("told", row.told_at),
        ("acknowledged", row.acknowledged_at),
        ("customer told", row.customer_told_at),
        ("solved", row.solved_at),
        ("not solved", row.not_solved_at),
    ]


def _described(one: Linked) -> dict[str, object]:
    words = one.words.words if one.words else None
    return {"remark": one.remark.feedback_id, "said_at": one.remark.said_at, "words": words}


def _row(one: Linked) -> tuple[object, ...]:
    words = excerpt(one.words.words) if one.words else "(erased)"
    return (one.remark.feedback_id, one.remark.said_at, words)
