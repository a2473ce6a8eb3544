"""``closeloop triage``: what the rules leave to a person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import click

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
from streams.link.triage import Plan, Ruling, accepting, carry_out, plan, rejecting, undoing

Planning = Callable[[Transaction], Plan]


@click.group()
def triage() -> None:
    """Triage: list, accept, reject, undo, new-epic.

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
@click.argument("feedback", metavar="SOURCE:RECORD")
@click.argument("issues", nargs=-1, required=True, metavar="ISSUE...")
@options.by
@options.dry_run
@options.as_json
@click.pass_context
def accept(context: click.Context, /, feedback: str, issues: Sequence[str], **said: Any) -> None:
    """Link a remark to issues; it stays linked, whatever the rules say later.

    Where an issue has shipped already, the reps are told.

    Example: closeloop triage accept zendesk:4711 APP-12
    """
    _rule(context, lambda tx: plan(tx, feedback, accepting(tx, _upper(issues))), **said)


@triage.command()
@click.argument("feedback", metavar="SOURCE:RECORD")
@click.argument("issues", nargs=-1, metavar="[ISSUE]...")
@options.by
@options.dry_run
@options.as_json
@click.pass_context
def reject(context: click.Context, /, feedback: str, issues: Sequence[str], **said: Any) -> None:
    """Say that a remark is not about issues; without one, about none that is suggested.

    Example: closeloop triage reject zendesk:4711 APP-12
    """
    _rule(context, lambda tx: plan(tx, feedback, rejecting(_upper(issues))), **said)


@triage.command()
@click.argument("feedback", metavar="SOURCE:RECORD")
@click.argument("issues", nargs=-1, metavar="[ISSUE]...")
@options.by
@options.dry_run
@options.as_json
@click.pass_context
def undo(context: click.Context, /, feedback: str, issues: Sequence[str], **said: Any) -> None:
    """Take back what a person decided: it is for a person to decide again.

    Example: closeloop triage undo zendesk:4711 APP-12
    """
    _rule(context, lambda tx: plan(tx, feedback, undoing(_upper(issues))), **said)


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

    def planned(tx: Transaction) -> Plan:
        if made is None:
            return plan(tx, feedback, lambda _: [Ruling("a new epic", None, "link", "linked")])
        tx.epics.put([made])
        return plan(tx, feedback, accepting(tx, [made.epic.key]))

    _rule(context, planned, **said)


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


def _rule(
    context: click.Context, planned: Planning, *, by: str, dry_run: bool, as_json: bool
) -> None:
    from streams.wiring import opened_store

    settings, now = settings_of(context), datetime.now(UTC)
    with opened_store(settings) as store, store.transaction() as tx:
        what = planned(tx)
        if not dry_run:
            carry_out(tx, what, by, now)
    if not dry_run:
        wake(settings, "triage")
    if as_json:
        show_json({**_shown(what), "dry_run": dry_run})
        return
    decided = ", ".join(f"{one.issue_key} {one.state}" for one in what.rulings)
    outcome = "would be" if dry_run else "now"
    show_fields([("remark", what.remark.feedback_id), ("issues", decided), (outcome, what.outcome)])


def _shown(what: Plan) -> dict[str, Any]:
    feedback, decided = what.remark.feedback_id, what.rulings
    return {"remark": feedback, "outcome": what.outcome, "decided": decided}


def _upper(issues: Sequence[str]) -> list[str]:
    return [issue.upper() for issue in dict.fromkeys(issues)]


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
