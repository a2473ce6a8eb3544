"""``closeloop triage``: what the rules leave to a person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import click
import msgspec

from sinks.contracts import Sighting
from sinks.store.contract import Transaction
from sinks.store.rows import Decision, Link, Remark, Words
from streams.commands import options
from streams.commands.broker import wake
from streams.commands.lookup import remark_named
from streams.commands.output import remark as say
from streams.commands.output import show, show_fields, show_json
from streams.commands.root import settings_of
from streams.commands.terminal import excerpt
from streams.link.desk import (
    Action,
    Asked,
    carry_out_all,
    plan_all,
    plan_undoing_last,
    result_of,
)
from streams.link.triage import Plan, Ruling, accepting, plan

Planning = Callable[[Transaction], Sequence[Plan]]


@click.group()
def triage() -> None:
    """Triage: list, accept, reject, dismiss, undo, new-epic.

    Example: closeloop triage list
    """


@triage.command("list")
@options.limit(20)
@options.as_json
@click.pass_context
def list_(context: click.Context, *, limit: int, as_json: bool) -> None:
    """List the remarks that wait for a person, the oldest first, with what is suggested.

    Example: closeloop triage list --limit 5
    """
    from streams.wiring import opened_store

    with opened_store(settings_of(context)) as store, store.transaction() as tx:
        waiting = [(*one, tx.links.of_remark(one[0].id)) for one in tx.remarks.undecided(limit)]
    show(
        as_json=as_json,
        value=[_described(*one) for one in waiting],
        columns=("remark", "said", "account", "suggested", "words"),
        rows=(_row(*one) for one in waiting),
    )
    if not waiting:
        say("no remark waits")


@triage.command()
@click.argument("names", nargs=-1, required=True, metavar="SOURCE:RECORD... ISSUE...")
@options.by
@options.dry_run
@options.as_json
@click.pass_context
def accept(context: click.Context, /, names: Sequence[str], **said: Any) -> None:
    """Link remarks to issues; they stay linked, whatever the rules say later.

    Of several remarks all are linked or none. What has a colon is a remark, what has none an
    issue. Where an issue has shipped already, the reps are told.

    Example: closeloop triage accept zendesk:4711 zendesk:4712 APP-12
    """
    remarks, issues = _parted(names)
    if not issues:
        raise click.UsageError("name the ISSUE... to link to, after the remarks")
    _rule(context, "accept", remarks, issues, **said)


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
    _rule(context, "reject", *_parted(names), **said)


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
    remarks, issues = _parted(names)
    if issues:
        raise click.UsageError(f"{issues[0]} is no SOURCE:RECORD; `reject` is for single issues")
    _rule(context, "dismiss", remarks, (), **said)


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
        _carry_out(context, lambda tx: plan_undoing_last(tx, said["by"]), **said)
    else:
        _rule(context, "undo", *_parted(names), **said)


@triage.command("new-epic")
@click.argument("feedback", metavar="SOURCE:RECORD")
@click.option("--project", required=True, metavar="KEY", help="Where the epic is made.")
@click.option("--summary", required=True, help="The epic's title.")
@click.option("--description", default="", help="Yours: the customer's words stay here.")
@options.by
@options.dry_run
@options.as_json
@click.pass_context
def new_epic(context: click.Context, /, feedback: str, **said: Any) -> None:
    """Make an epic in Jira for a remark, and link the remark to it. Repeating it makes no second.

    Nothing that the customer said is written to Jira.

    Example: closeloop triage new-epic zendesk:4711 --project APP --summary "Sort exports"
    """
    about = {name: said.pop(name) for name in ("project", "summary", "description")}
    made = _create(context, feedback, about, dry_run=said["dry_run"])

    def planned(tx: Transaction) -> list[Plan]:
        if made is None:
            return [plan(tx, feedback, lambda _: [Ruling("a new epic", None, "link", "linked")])]
        tx.epics.put([made])
        return [plan(tx, feedback, accepting(tx, [made.epic.key]))]

    _carry_out(context, planned, **said)


def _create(
    context: click.Context, feedback: str, about: dict[str, str], *, dry_run: bool
) -> Sighting | None:
    """The epic; the remark's identity is the token that keeps it from being made twice."""
    from streams.wiring import opened_store, tracker_of

    settings = settings_of(context)
    with opened_store(settings) as store, store.transaction() as tx:
        remark_named(tx, feedback)
    if dry_run:
        return None
    tracker = tracker_of(settings)
    tracker.open()
    try:
        return tracker.create_epic(
            about["project"], about["summary"], about["description"], f"triage:{feedback}"
        )
    finally:
        tracker.close()


def _parted(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Remarks, which have a colon in their name, and issues, which have none."""
    remarks = [name for name in dict.fromkeys(names) if ":" in name]
    if not remarks:
        raise click.UsageError("name at least one remark, SOURCE:RECORD")
    return remarks, [name for name in dict.fromkeys(names) if ":" not in name]


def _rule(
    context: click.Context,
    action: Action,
    remarks: Sequence[str],
    issues: Sequence[str],
    **said: Any,
) -> None:
    asked = Asked(action=action, remarks=remarks, issues=issues, by=said["by"])
    _carry_out(context, lambda tx: plan_all(tx, asked), **said)


def _carry_out(
    context: click.Context, planned: Planning, *, by: str, dry_run: bool, as_json: bool
) -> None:
    from streams.wiring import opened_store

    settings, now = settings_of(context), datetime.now(UTC)
    with opened_store(settings) as store, store.transaction() as tx:
        plans = planned(tx)
        if not dry_run:
            carry_out_all(tx, plans, by, now)
    if not dry_run:
        wake(settings, "triage")
    results = [result_of(one) for one in plans]
    if as_json:
        alone = msgspec.to_builtins(results[0]) if len(results) == 1 else {}
        show_json({**alone, "remarks": results, "dry_run": dry_run})
        return
    for one in results:
        decided = ", ".join(f"{r.issue_key} {r.state}" for r in one.decided if r.state)
        outcome = "would be" if dry_run else "now"
        show_fields([("remark", one.remark), ("issues", decided), (outcome, one.outcome)])


def _described(
    remark: Remark, words: Words | None, links: list[tuple[Link, Decision]]
) -> dict[str, Any]:
    return {
        "remark": remark.feedback_id,
        "outcome": remark.outcome,
        "said_at": remark.said_at,
        "account_id": remark.account_id,
        "title": words.title if words else None,
        "words": words.words if words else None,
        "url": remark.url,
        "links": [
            {
                "issue_key": link.issue_key,
                "issue_id": link.issue_id,
                "state": link.state,
                "rule": decision.rule,
                "score": decision.score,
                "why": decision.quote,
            }
            for link, decision in links
        ],
    }


def _row(
    remark: Remark, words: Words | None, links: list[tuple[Link, Decision]]
) -> tuple[object, ...]:
    suggested = (f"{k.issue_key} {d.score:.2f}" for k, d in links if k.state == "suggested")
    said = excerpt(words.words) if words else "(erased)"
    account = remark.account_id or remark.domain
    return (remark.feedback_id, remark.said_at, account, ", ".join(suggested), said)
