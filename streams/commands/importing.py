"""``closeloop import``: what another system knows already, as events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from schemas.errors import BadSettings
from schemas.topics import EPIC_CHANGED
from sinks.absent import NO_JIRA
from sinks.contracts import Outgoing, Tracker
from sinks.kafka.writing import sender
from streams.commands import options
from streams.commands.broker import servers_of
from streams.commands.output import Advance, progress, show_json
from streams.commands.root import settings_of
from streams.settings import Settings


@click.group("import")
def import_() -> None:
    """Import what another system knows already: jira. For events in a file see `publish`.

    Example: closeloop import jira --dry-run
    """


@import_.command()
@click.option("--project", "projects", multiple=True, metavar="KEY", help="Only this; repeatable.")
@options.dry_run
@options.as_json
@click.pass_context
def jira(context: click.Context, *, projects: Sequence[str], dry_run: bool, as_json: bool) -> None:
    """Publish every epic of Jira as epic.changed; one that is known already changes nothing.

    Example: closeloop import jira --project APP
    """
    settings = settings_of(context)
    keys: list[str] = []
    with progress("reading Jira's epics") as advance:
        found = _epics(settings, projects or settings.jira_projects, keys, advance)
        if dry_run:
            for _ in found:
                pass
        else:
            with sender(servers_of(settings), [EPIC_CHANGED.name]) as to:
                to.send(found)
    if as_json:
        show_json({"topic": EPIC_CHANGED.name, "sent": 0 if dry_run else len(keys), "keys": keys})
    else:
        done = "would be published" if dry_run else "published"
        click.echo(f"{len(keys)} {'epic' if len(keys) == 1 else 'epics'} {done}")


def _epics(
    settings: Settings, projects: Sequence[str], keys: list[str], advance: Advance
) -> Iterator[Outgoing]:
    """Every epic as its record; `keys` is filled with their issue keys meanwhile."""
    from streams.catchup import sighted

    tracker = _tracker(settings)
    tracker.open()
    try:
        for sighting in tracker.epics(projects):
            keys.append(sighting.epic.key)
            advance(1)
            yield sighted(sighting)
    finally:
        tracker.close()


def _tracker(settings: Settings) -> Tracker:
    from streams.wiring import tracker_of

    if not settings.jira_url:
        raise BadSettings([f"jira_url: {NO_JIRA}"])
    return tracker_of(settings)
