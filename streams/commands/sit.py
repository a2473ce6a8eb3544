"""``closeloop triage sit``: a sitting at a terminal."""

from __future__ import annotations

import shutil
import sys
import time
from datetime import UTC, datetime

import click

from streams.commands import options
from streams.commands.broker import wake
from streams.commands.errors import Refused
from streams.commands.output import show_json
from streams.commands.root import settings_of
from streams.commands.screen import CLEAR
from streams.commands.sitting import Summary


@click.command()
@options.by
@options.as_json
@click.pass_context
def sit(context: click.Context, *, by: str, as_json: bool) -> None:
    """Decide one remark after the other at a terminal, a key each; ? shows the keys.

    Every decision is written at once: Ctrl-C loses nothing. With --json the sum is printed at the
    end.

    Example: closeloop triage sit --by kim
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Refused("a sitting needs a terminal; `triage list` and `triage accept` need none")
    from streams.commands.keys import keys_of
    from streams.commands.sitting import Sitting
    from streams.link.likeness.table import packaged
    from streams.wiring import opened_store

    settings = settings_of(context)
    with opened_store(settings) as store, keys_of(sys.stdin.fileno()) as keys:
        sitting = Sitting(
            store,
            keys,
            _show,
            by=by,
            now=lambda: datetime.now(UTC),
            clock=time.monotonic,
            encoder=packaged,
            width=shutil.get_terminal_size().columns,
        )
        try:
            sitting.run()
        finally:
            _end(sitting.summary, as_json=as_json)
            if sitting.summary.decided or sitting.summary.undone:
                wake(settings, "triage")


def _show(text: str) -> None:
    click.echo(f"{CLEAR}{text}", err=True)


def _end(summary: Summary, *, as_json: bool) -> None:
    if as_json:
        show_json(summary)
        return
    minutes, seconds = divmod(int(summary.seconds), 60)
    said = f"{summary.decided} decided, {summary.skipped} skipped, {summary.undone} taken back"
    click.echo(f"{said}, in {minutes}:{seconds:02}")
