"""``closeloop triage themes`` and ``new-epic``: what no issue is about, and an issue for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from sinks.contracts import Sighting
from sinks.store.contract import Store
from streams.commands import options
from streams.commands.broker import wake
from streams.commands.deciding import say
from streams.commands.errors import Refused
from streams.commands.lookup import LARGEST_ID
from streams.commands.output import remark as say_aside
from streams.commands.output import show
from streams.commands.root import settings_of
from streams.commands.terminal import excerpt, safe
from streams.link.desk import Result
from streams.link.epics import Draft, NewEpic, ThemeView, draft, settle
from streams.link.epics import themes as themes_of
from streams.link.triage import Ruling
from streams.settings import Settings
from streams.tell.wording import money


@click.command()
@options.limit(20)
@options.as_json
@click.pass_context
def themes(context: click.Context, *, limit: int, as_json: bool) -> None:
    """List what several remarks ask for and no issue is about, the most money that waits first.

    A theme is shown from three remarks on, and named by the words that tell them from the rest.

    Example: closeloop triage themes --limit 5
    """
    from streams.wiring import opened_store

    with opened_store(settings_of(context)) as store, store.transaction() as tx:
        found = themes_of(tx, datetime.now(UTC), limit)
    show(
        as_json=as_json,
        value=found,
        columns=("theme", "name", "remarks", "accounts", "revenue", "newest", "they say"),
        rows=(_row(view) for view in found),
    )
    if not found:
        say_aside("no theme has three remarks that wait")


@click.command("new-epic")
@click.argument("feedback", metavar="[SOURCE:RECORD]", required=False)
@click.option(
    "--theme", type=click.IntRange(1, LARGEST_ID), metavar="ID", help="Make it of this theme."
)
@click.option("--project", required=True, metavar="KEY", help="Where the epic is made.")
@click.option("--summary", required=True, help="The epic's title.")
@click.option("--description", default="", help="Yours, before the counts.")
@options.by
@options.dry_run
@options.as_json
@click.pass_context
def new_epic(context: click.Context, /, feedback: str | None, **said: Any) -> None:
    """Make an epic in Jira for a remark or a theme, and link it. Repeating it makes no second.

    Nothing that customers said is written to Jira, only how many they are and a band of revenue.

    Example: closeloop triage new-epic --theme 7 --project APP --summary "Sort exports"
    """
    from streams.wiring import opened_store

    if (feedback is None) == (said["theme"] is None):
        raise click.UsageError("name one SOURCE:RECORD, or one --theme")
    dry_run, as_json = said.pop("dry_run"), said.pop("as_json")
    asked = NewEpic(remark=feedback, **said)
    settings, now = settings_of(context), datetime.now(UTC)
    _refuse_elsewhere(settings, asked.project)
    with opened_store(settings) as store:
        with store.transaction() as tx:
            what = draft(tx, asked, now)
        if dry_run:
            would = [Result(name, "linked", (_would(),)) for name in what.remarks]
            say(would, dry_run=True, as_json=as_json, description=what.description)
            if not as_json:
                click.echo(f"\n{safe(what.description)}")
            return
        results = _made(store, settings, asked, what, now)
    wake(settings, "triage")
    say(results, dry_run=False, as_json=as_json, description=what.description)


def _refuse_elsewhere(settings: Settings, project: str) -> None:
    """An epic of a project that we do not follow would never be seen to ship.

    Raises:
        Refused: it is none of those that the settings name.
    """
    projects = [one.upper() for one in settings.jira_projects]
    if projects and project.upper() not in projects:
        raise Refused(f"{project} is none of CLOSELOOP_JIRA_PROJECTS: {', '.join(projects)}")


def _made(
    store: Store, settings: Settings, asked: NewEpic, what: Draft, now: datetime
) -> tuple[Result, ...]:
    """Jira is called without a transaction; the token keeps it from making a second."""
    made = _create(settings, asked, what)
    with store.transaction() as tx:
        return settle(tx, asked, what, made, now).remarks


def _create(settings: Settings, asked: NewEpic, what: Draft) -> Sighting:
    from streams.wiring import tracker_of

    tracker = tracker_of(settings)
    tracker.open()
    try:
        return tracker.create_epic(asked.project, asked.summary, what.description, what.token)
    finally:
        tracker.close()


def _would() -> Ruling:
    return Ruling("a new epic", None, "link", "linked")


def _row(view: ThemeView) -> tuple[object, ...]:
    quotes = " / ".join(excerpt(quote, 60) for quote in view.quotes)
    worth = view.worth
    revenue = money(worth.revenue_cents + worth.pipeline_cents, None)
    return (view.id, view.name, view.remarks, worth.accounts, revenue, view.newest, quotes)
