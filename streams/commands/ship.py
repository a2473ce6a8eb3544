"""``closeloop ship``: what is out with customers, who would be told, and a person's word on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import click
import msgspec

from schemas.events import Url
from sinks.store.contract import Transaction
from sinks.store.rows import EpicRow, Ship, Tell
from streams.commands import options
from streams.commands.broker import wake
from streams.commands.lookup import issue_named, keys_of
from streams.commands.output import remark, show, show_fields, show_json, show_table
from streams.commands.root import settings_of
from streams.settings import Settings
from streams.ship.rules import Policy, Step, Widen, Withdraw

Deciding = Callable[[Transaction, EpicRow, datetime], Step]


@click.group()
def ship() -> None:
    """Ships: list, preview, release, withdraw.

    Example: closeloop ship preview APP-12
    """


@ship.command("list")
@options.limit()
@options.as_json
@click.pass_context
def list_(context: click.Context, *, limit: int, as_json: bool) -> None:
    """List what has shipped, the newest first, and to whom.

    Example: closeloop ship list --limit 10
    """
    from streams.wiring import opened_store

    with opened_store(settings_of(context)) as store, store.transaction() as tx:
        ships = tx.ships.all(limit)
        keys = keys_of(tx, {one.issue_id for one in ships})
    show(
        as_json=as_json,
        value=[{"issue_key": keys.get(s.issue_id), **msgspec.structs.asdict(s)} for s in ships],
        columns=("issue", "generation", "by", "for", "shipped", "settles", "state", "what"),
        rows=(_row(one, keys.get(one.issue_id, str(one.issue_id))) for one in ships),
    )


def _accounts(
    _context: click.Context, _param: click.Parameter, value: str | None
) -> tuple[str, ...] | None:
    if value is None:
        return None
    accounts = tuple(dict.fromkeys(one.strip() for one in value.split(",") if one.strip()))
    if not accounts:
        raise click.BadParameter("names no account")
    return accounts


_ACCOUNTS = click.option(
    "--accounts", callback=_accounts, metavar="ID,ID", help="Only these; otherwise everyone."
)


@ship.command()
@click.argument("issue")
@_ACCOUNTS
@options.as_json
@click.pass_context
def preview(
    context: click.Context, *, issue: str, accounts: Sequence[str] | None, as_json: bool
) -> None:
    """Show everyone who is considered for an issue's ship: who is told, who not, and why.

    Of an issue that has not shipped, or with --accounts: as if it shipped now. Nothing is written.

    Example: closeloop ship preview APP-12
    """
    from streams.ship.person import as_if_shipped
    from streams.tell.reading import audience_of
    from streams.wiring import opened_store

    settings, now = settings_of(context), datetime.now(UTC)
    with opened_store(settings) as store:
        with store.transaction() as tx:
            epic = issue_named(tx, issue)
            latest = tx.ships.latest({epic.issue_id}).get(epic.issue_id)
        real = latest is not None and accounts is None
        looked_at = latest if latest and real else as_if_shipped(epic, accounts, now, latest)
        people = audience_of(store, looked_at, settings, now)
    value = {"issue_key": epic.epic.key, "generation": looked_at.generation, "shipped": real}
    if as_json:
        show_json({**value, "people": people})
        return
    show_fields([("issue", f"{epic.epic.key} {epic.epic.summary}"), ("for", _whom(looked_at))])
    show_fields([("shipped", looked_at.shipped_at if real else "not yet: as if it did now")])
    show_people(people)


@ship.command()
@click.argument("issue")
@_ACCOUNTS
@click.option("--docs-url", help="The page that mails name.")
@options.dry_run
@options.as_json
@click.pass_context
def release(
    context: click.Context,
    /,
    issue: str,
    accounts: Sequence[str] | None,
    docs_url: str | None,
    **said: Any,
) -> None:
    """Say that customers can use an issue from now on: everyone, or some accounts.

    Its reps are told once the hold has passed.

    Example: closeloop ship release APP-12 --accounts A-1,A-7
    """
    from streams.ship import person

    settings = settings_of(context)
    page = _url(docs_url)

    def deciding(tx: Transaction, epic: EpicRow, now: datetime) -> Step:
        policy = _policy(settings)
        return person.release(tx, epic, accounts, docs_url=page, policy=policy, now=now)

    _do(settings, issue, deciding, **said)


@ship.command()
@click.argument("issue")
@click.option("--reason", required=True, help="Stands in the correction that reps get.")
@options.dry_run
@options.as_json
@click.pass_context
def withdraw(context: click.Context, /, issue: str, reason: str, **said: Any) -> None:
    """Take a ship back: exactly those whose mail went out get a correction.

    It stays so until the tracker ships the issue anew, or `ship release` does.

    Example: closeloop ship withdraw APP-12 --reason "loses data on import"
    """
    from streams.ship import person

    _do(settings_of(context), issue, lambda tx, epic, _: person.withdraw(tx, epic, reason), **said)


def _do(
    settings: Settings, issue: str, deciding: Deciding, *, dry_run: bool, as_json: bool
) -> None:
    from streams.ship.person import carry_out
    from streams.wiring import opened_store

    now = datetime.now(UTC)
    with opened_store(settings) as store, store.transaction() as tx:
        epic = issue_named(tx, issue)
        step = deciding(tx, epic, now)
        if not dry_run:
            carry_out(tx, step, now)
    if not dry_run:
        wake(settings, "ship")
    what = _WORDS[type(step)]
    if as_json:
        said = {"issue_key": epic.epic.key, "done": what, "dry_run": dry_run}
        show_json({**said, **msgspec.to_builtins(step)})
    else:
        would = "would be " if dry_run else ""
        click.echo(f"{epic.epic.key} generation {step.generation if step else ''} {would}{what}")
        if isinstance(step, Ship) and not dry_run:
            remark(f"reps are told after {step.settles_at:%Y-%m-%d %H:%M} UTC")


_WORDS: dict[type, str] = {Ship: "released", Widen: "released to more", Withdraw: "taken back"}


def show_people(people: Sequence[Tell]) -> None:
    """Everyone considered, as a table."""
    show_table(
        ("account", "person", "mail", "verdict", "why"),
        (
            (t.account_id, t.person_name, t.email, f"{t.verdict} {t.kind}", t.reason or t.role)
            for t in people
        ),
    )
    if not people:
        remark("nobody has to do with it: no remark is linked to the issue")


def _policy(settings: Settings) -> Policy:
    hold = timedelta(seconds=settings.hold_s)
    return Policy(hold=hold, without_version=settings.ship_without_version)


def _url(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return msgspec.convert(text, Url)
    except msgspec.ValidationError:
        raise click.BadParameter("is not an http(s) URL", param_hint="--docs-url") from None


def _whom(one: Ship) -> str:
    return "everyone" if one.accounts is None else ", ".join(one.accounts)


def _row(one: Ship, key: str) -> tuple[object, ...]:
    state = "taken back" if one.withdrawn_at else "settled" if one.settled_at else "on hold"
    places = (key, one.generation, one.signal, _whom(one), one.shipped_at, one.settles_at)
    return (*places, state, one.withdrawn_why or one.what)
