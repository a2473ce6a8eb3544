"""``closeloop store``: the schema of the store."""

from __future__ import annotations

from pathlib import Path

import click

from streams.commands import options
from streams.commands.output import progress, remark, show, show_fields, show_json
from streams.commands.root import settings_of

Step = tuple[str, str]


@click.group()
def store() -> None:
    """The store: migrate, status.

    Example: closeloop store migrate
    """


@store.command()
@options.dry_run
@options.as_json
@click.pass_context
def migrate(context: click.Context, *, dry_run: bool, as_json: bool) -> None:
    """Bring the schema up to this version, all steps in one transaction.

    Example: closeloop store migrate --dry-run
    """
    from streams.wiring import database_of

    url = database_of(settings_of(context))
    steps = _steps(_revision(url))
    if not dry_run and steps:
        _migrate(url, len(steps))
    show(
        as_json=as_json,
        value={"dry_run": dry_run, "steps": [{"revision": r, "what": w} for r, w in steps]},
        columns=("would run" if dry_run else "ran", "what"),
        rows=steps,
    )
    if not steps:
        remark("the schema is as it should be")


@store.command()
@options.as_json
@click.pass_context
def status(context: click.Context, *, as_json: bool) -> int:
    """Say which revision the store is at; exit status 1 where it is not this version's.

    Example: closeloop store status
    """
    from sinks.store.migrations import advice, head
    from streams.wiring import database_of

    found = _revision(database_of(settings_of(context)))
    said = {"revision": found, "wanted": head(), "ok": found == head()}
    if as_json:
        show_json(said)
    else:
        show_fields([("revision", found or "none"), ("wanted", head())])
    what_to_do = advice(found)
    if what_to_do:
        remark(what_to_do)
    return 1 if what_to_do else 0


def _migrate(url: str, count: int) -> None:
    from sinks.store.migrations import migrate as run_all
    from sinks.store.postgres.store import named_faults

    with progress("migrating", count) as advance, named_faults():
        run_all(url, lambda _revision, _what: advance(1))


def _revision(url: str) -> str | None:
    from sinks.store.migrations import current
    from sinks.store.postgres.store import named_faults

    with named_faults():
        return current(url)


def _steps(revision: str | None) -> list[Step]:
    """(revision, what it does) of every step that is still to be run, in order."""
    from alembic.script import ScriptDirectory

    from sinks.store import migrations

    migrations.refuse_newer(revision)
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    found = scripts.iterate_revisions("head", revision or "base")
    return [(script.revision, script.doc) for script in found][::-1]
