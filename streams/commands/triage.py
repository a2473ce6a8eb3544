"""``closeloop triage``: what the rules leave to a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click

from sinks.store.contract import Transaction
from streams.commands import options, screen
from streams.commands.deciding import carry_out, parted, rule, some
from streams.commands.errors import NotFound
from streams.commands.lookup import issue_named, remark_named
from streams.commands.output import remark as say
from streams.commands.output import show, show_json
from streams.commands.root import settings_of
from streams.commands.sit import sit
from streams.commands.terminal import excerpt
from streams.commands.theming import new_epic, themes
from streams.link.desk import Asked, plan_all, plan_undoing_last
from streams.link.queue import Item, Suggestion, guessed, item_of, queue
from streams.link.triage import Plan
from streams.tell.wording import money

MOST_ALIKE = 500
COLUMNS = 100
"""How wide a remark is shown."""


@click.group()
def triage() -> None:
    """Triage: sit, list, show, themes, accept, reject, dismiss, undo, new-epic.

    Example: closeloop triage list
    """


@triage.command("list")
@options.limit(20)
@options.as_json
@click.pass_context
def list_(context: click.Context, *, limit: int, as_json: bool) -> None:
    """List the remarks that wait for a person, the worthiest decision first.

    Audits come first, since the promise of what is linked by itself rests on them; then the
    customer's revenue and open deal times the number of remarks that are alike. The newest 2,000
    and every audit are looked at. A line of each is listed: `triage show` shows what it teaches.

    Example: closeloop triage list --limit 5
    """
    from streams.link.likeness.table import packaged
    from streams.wiring import opened_store

    with opened_store(settings_of(context)) as store, store.transaction() as tx:
        found = queue(tx, datetime.now(UTC), limit, packaged)
    show(
        as_json=as_json,
        value=found.items,
        columns=("remark", "account", "worth", "alike", "suggested", "words"),
        rows=(row(one) for one in found.items),
    )
    if not found.items:
        say("no remark waits")
    elif found.more:
        say(f"{found.looked_at:,} remarks were looked at: every audit, and the newest")


@triage.command("show")
@click.argument("feedback", metavar="SOURCE:RECORD")
@click.option("--all", "whole", is_flag=True, help="All of a long remark.")
@options.as_json
@click.pass_context
def show_(context: click.Context, /, feedback: str, *, whole: bool, as_json: bool) -> None:
    """Show a remark and what is suggested for it, as `triage sit` does.

    Of a long remark the first 800 letters and 12 lines are shown, and of a passage as much: what
    stands behind is shown by --all, and teaches nothing.

    Example: closeloop triage show zendesk:4711
    """
    from streams.link.likeness.table import packaged
    from streams.wiring import opened_store

    with opened_store(settings_of(context)) as store, store.transaction() as tx:
        item = item_of(tx, remark_named(tx, feedback), datetime.now(UTC), packaged)
    if as_json:
        show_json(item)
    else:
        click.echo("\n".join(screen.described(item, COLUMNS, whole=whole, by="--all")))


@triage.command()
@click.argument("names", nargs=-1, required=True, metavar="SOURCE:RECORD... ISSUE...")
@click.option("--alike", is_flag=True, help="And all that wait and whose best guess it is.")
@options.by
@options.dry_run
@options.as_json
@click.pass_context
def accept(context: click.Context, /, names: Sequence[str], *, alike: bool, **said: Any) -> None:
    """Link remarks to issues; they stay linked, whatever the rules say later.

    Of several remarks all are linked or none. What has a colon is a remark, what has none an
    issue. Where an issue has shipped already, the reps are told.

    Words that nobody has read teach nothing: what --alike adds is linked, and only that. Name a
    remark to have it teach as well.

    Example: closeloop triage accept zendesk:4711 zendesk:4712 APP-12
    """
    remarks, issues = parted(names)
    if not issues:
        raise click.UsageError("name the ISSUE... to link to, after the remarks")
    if not alike:
        rule(context, "accept", some(names)[0], issues, **said)
        return
    if len(issues) > 1:
        raise click.UsageError("--alike is for one ISSUE")
    carry_out(context, lambda tx: _all_alike(tx, remarks, issues[0], said["by"]), **said)


@triage.command()
@click.argument("names", nargs=-1, required=True, metavar="SOURCE:RECORD... [ISSUE]...")
@options.by
@options.dry_run
@options.as_json
@click.pass_context
def reject(context: click.Context, /, names: Sequence[str], **said: Any) -> None:
    """Say that remarks are not about issues; without one, about none that is suggested.

    Example: closeloop triage reject zendesk:4711 APP-12
    """
    rule(context, "reject", *some(names), **said)


@triage.command()
@click.argument("names", nargs=-1, required=True, metavar="SOURCE:RECORD...")
@options.by
@options.dry_run
@options.as_json
@click.pass_context
def dismiss(context: click.Context, /, names: Sequence[str], **said: Any) -> None:
    """Say that nothing of these remarks is product feedback: they are listed no more.

    What is suggested for them is rejected. They come up again if their source changes them.

    Example: closeloop triage dismiss zendesk:4711 zendesk:4712
    """
    remarks, issues = some(names)
    if issues:
        raise click.UsageError(f"{issues[0]} is no SOURCE:RECORD; `reject` is for single issues")
    rule(context, "dismiss", remarks, (), **said)


@triage.command()
@click.argument("names", nargs=-1, metavar="[SOURCE:RECORD]... [ISSUE]...")
@click.option("--last", is_flag=True, help="All that you decided last, in one go.")
@options.by
@options.dry_run
@options.as_json
@click.pass_context
def undo(context: click.Context, /, names: Sequence[str], *, last: bool, **said: Any) -> None:
    """Take back what a person decided: it is for a person to decide again.

    Example: closeloop triage undo zendesk:4711 APP-12
    """
    if last == bool(names):
        raise click.UsageError("name remarks to undo, or say --last")
    if last:
        carry_out(context, lambda tx: plan_undoing_last(tx, said["by"]), **said)
    else:
        rule(context, "undo", *some(names), **said)


triage.add_command(themes)
triage.add_command(new_epic)
triage.add_command(sit)


def _all_alike(tx: Transaction, remarks: Sequence[str], issue: str, by: str) -> Sequence[Plan]:
    """These, and all that wait and are most like the issue, up to as many as are decided at once.

    Who names a remark has looked at it; the others are linked unseen.

    Raises:
        NotFound: there is none.
    """
    epic = issue_named(tx, issue)
    found = [one.feedback_id for one in guessed(tx, epic.issue_id, datetime.now(UTC))]
    alike = list(dict.fromkeys([*remarks, *found]))
    every = alike[:MOST_ALIKE]
    if not every:
        raise NotFound(f"nothing that waits is most like {epic.epic.key}")
    if len(every) < len(alike):
        say(f"{len(every)} of {len(alike):,} at once: repeat it for the rest")
    unseen = set(every) - set(remarks)
    asked = Asked(action="accept", remarks=every, issues=[epic.epic.key], by=by, unseen=unseen)
    return plan_all(tx, asked)


def row(item: Item) -> tuple[object, ...]:
    """A remark in a line of the list."""
    said = excerpt(item.words) if item.words is not None else "(erased)"
    worth = money(item.worth.revenue_cents + item.worth.pipeline_cents, None)
    marked = f"{item.remark} (audit)" if item.audit else item.remark
    suggested = "; ".join(_why(one) for one in item.links)
    return (marked, item.account or item.account_id, worth, item.alike, suggested, said)


def _why(one: Suggestion) -> str:
    near = f"; like: {' / '.join(excerpt(each, 40) for each in one.near)}" if one.near else ""
    why = f" ({one.why}{near})" if one.why or near else ""
    ended = f" [{one.closed}]" if one.closed else ""
    return f"{one.issue_key}{ended} {one.score:.2f}{why}"
