"""``closeloop tell``: who was told what, what waits to be sent, and how it looks."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from sinks.contracts import Mail
from sinks.store.contract import Transaction
from sinks.store.rows import Message, Tell
from streams.commands import options
from streams.commands.errors import NotFound, Refused
from streams.commands.lookup import keys_of
from streams.commands.output import remark, show, show_json
from streams.commands.root import settings_of
from streams.commands.terminal import excerpt, safe

MOST_TELLS = 10_000


@click.group()
def tell() -> None:
    """Tells and their mails: list, preview, render.

    Example: closeloop tell preview
    """


@tell.command("list")
@click.option("--verdict", type=click.Choice(["tell", "skip"]), help="Only those.")
@options.limit()
@options.as_json
@click.pass_context
def list_(context: click.Context, *, verdict: str | None, limit: int, as_json: bool) -> None:
    """List who was considered, the newest first: told, or not and why.

    Example: closeloop tell list --verdict skip
    """
    from streams.wiring import opened_store

    with opened_store(settings_of(context)) as store, store.transaction() as tx:
        found = tx.tells.all(limit if verdict is None else MOST_TELLS)
        tells = [one for one in found if verdict in {None, one.verdict}][:limit]
        keys = keys_of(tx, {one.issue_id for one in tells})
        mails = _mails(tx, tells)
    show(
        as_json=as_json,
        value=[
            {"issue_key": keys.get(t.issue_id), **msgspec.structs.asdict(t)}
            | {"mail": mails.get(t.message_id or "")}
            for t in tells
        ],
        columns=("tell", "issue", "account", "person", "verdict", "why", "mail"),
        rows=(_row(t, keys, mails.get(t.message_id or "")) for t in tells),
    )


@tell.command()
@options.as_json
@click.pass_context
def preview(context: click.Context, *, as_json: bool) -> None:
    """List the mails that wait to be sent: to whom, when, and with which subject as of now.

    Example: closeloop tell preview
    """
    from streams.tell.reading import mail_of
    from streams.wiring import opened_store

    settings, now = settings_of(context), datetime.now(UTC)
    with opened_store(settings) as store, store.transaction() as tx:
        mails = _mails(tx, tx.tells.all(MOST_TELLS)).values()
        waiting = sorted((m for m in mails if m.state == "open"), key=lambda one: one.due_at)
        shown = [(one, mail_of(tx, one, settings, now)) for one in waiting]
    show(
        as_json=as_json,
        value=[{"message": one, "subject": mail.subject if mail else None} for one, mail in shown],
        columns=("mail", "to", "due", "subject"),
        rows=((m.id, m.email, m.due_at, e.subject if e else "(nothing left)") for m, e in shown),
    )
    if not shown:
        remark("no mail waits")


@tell.command()
@click.argument("name", metavar="TELL|MAIL")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write HTML here.")
@options.as_json
@click.pass_context
def render(context: click.Context, *, name: str, html: Path | None, as_json: bool) -> None:
    """Show a mail as it would go out now; its links lead nowhere.

    Example: closeloop tell render 3f0a --html mail.html
    """
    from streams.tell.reading import mail_of
    from streams.wiring import opened_store

    settings = settings_of(context)
    with opened_store(settings) as store, store.transaction() as tx:
        message = _message(tx, name)
        mail = mail_of(tx, message, settings, datetime.now(UTC))
    if mail is None:
        raise Refused(f"nothing of mail {message.id} is true any more: it would not be sent")
    if html is not None:
        html.write_text(mail.html, encoding="utf-8")
    if as_json:
        show_json(mail)
    else:
        _print(mail)


def _message(tx: Transaction, name: str) -> Message:
    """The mail of that id, or the mail that carries the tell of that id."""
    found = tx.tells.find(name)
    message = tx.messages.find((found.message_id or "") if found else name)
    if found is not None and message is None:
        raise NotFound(f"tell {name} has no mail: {found.reason or 'it was skipped'}")
    if message is None:
        raise NotFound(f"no tell and no mail is called {name}: see `closeloop tell list`")
    return message


def _mails(tx: Transaction, tells: list[Tell]) -> dict[str, Message]:
    ids = dict.fromkeys(one.message_id for one in tells if one.message_id)
    return {id_: found for id_ in ids if (found := tx.messages.find(id_))}


def _row(one: Tell, keys: dict[int, str], mail: Message | None) -> tuple[Any, ...]:
    issue = keys.get(one.issue_id, str(one.issue_id))
    verdict = f"{one.verdict} {one.kind}"
    state = _state(mail) if mail else None
    who = one.email or one.person_name
    return (one.id, issue, one.account_id, who, verdict, one.reason or one.role, state)


def _state(mail: Message) -> str:
    """Where a mail stands, and why where that asks for somebody to look."""
    why = f": {excerpt(mail.reason)}" if mail.reason and mail.state != "delivered" else ""
    return f"{mail.state} {mail.id}{why}"


def _print(mail: Mail) -> None:
    click.echo(f"To: {safe(mail.to_name)} <{safe(mail.to_email)}>")
    click.echo(f"Subject: {safe(mail.subject)}\n")
    click.echo(safe(mail.text))
