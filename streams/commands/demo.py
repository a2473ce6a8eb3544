"""``closeloop demo``: the loop closes once, from nothing, on real parts."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from pathlib import Path

import click
from rich.console import Console

from deploy.embedded.errors import EmbeddedError
from deploy.embedded.lock import HomeLock
from schemas.errors import SinkRefused
from sinks.store.postgres.store import PostgresStore
from streams.demo.story import REMARKS, Story
from streams.demo.table import story_table
from streams.settings import Settings
from streams.system import started

HOLD_S = 3.0
COLUMNS = 100
"""How wide the table is where there is no terminal to fit it into."""
INTERRUPTED = 130
"""The exit status of what Ctrl-C ended, as in a shell."""


@click.command()
@click.option(
    "--home",
    type=click.Path(path_type=Path),
    default=Path(".closeloop/demo"),
    show_default=True,
    help="Where it keeps its data; emptied at the start.",
)
def demo(home: Path) -> None:
    """Play the story once: from a customer's words to the mail, and back to the customer.

    Needs nothing and leaves no process behind. Your settings are not used: Kafka and PostgreSQL are
    started for it, Jira and SendGrid are stand-ins.

    Example: closeloop demo
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    width = None if sys.stdout.isatty() else COLUMNS
    console = Console(highlight=False, soft_wrap=True, width=width)
    settings = Settings(
        home=str(home),
        gateway_port=0,
        hold_s=HOLD_S,
        digest_s=1.0,
        tick_s=0.2,
        evidence_after_s=1.0,
        unowned_email="sales-ops@closeloop.example",
        staff_domains=("closeloop.example",),
    )
    begun = time.monotonic()

    def say(sentence: str) -> None:
        console.print(f"{time.monotonic() - begun:6.1f} s  {sentence}", markup=False)

    try:
        _play(settings, home, say, console)
    except EmbeddedError as error:
        raise SinkRefused(str(error)) from error
    except KeyboardInterrupt:
        click.echo("Nothing is left running.", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None


def _interrupt(_number: int, _frame: object) -> None:
    """Say that the end has begun; written past Python's buffers, which may be in use right now."""
    os.write(sys.stderr.fileno(), b"\nStopping.\n")
    raise KeyboardInterrupt


MARK = "this-is-the-demo"
"""The file by which a folder is known as the demo's own, to be emptied."""


def _emptied(home: Path) -> int:
    """Claim the folder and empty it; the claim, a descriptor, ends with the process.

    Raises:
        SinkRefused: it holds something that is not the demo's.
        AlreadyRunning: another demo plays there.
    """
    if home.exists() and any(home.iterdir()) and not (home / MARK).exists():
        raise SinkRefused(f"{home} is not empty and not the demo's: nothing is deleted there")
    home.mkdir(parents=True, exist_ok=True)
    (home / MARK).touch()
    claim = HomeLock(home, "demo").take()
    for path in home.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != MARK and not path.name.startswith("demo."):
            path.unlink()
    return claim


def _play(settings: Settings, home: Path, say: object, console: Console) -> None:
    claim = _emptied(home)
    with started(settings, home, say) as system:  # type: ignore[arg-type]
        store = PostgresStore(system.settings.database_url)
        store.open()
        try:
            story = Story(system, store, say)  # type: ignore[arg-type]
            story.play()
            with store.transaction() as tx:
                console.print()
                console.print(story_table(tx, REMARKS))
            for mail in story.mailbox():
                console.print(f"Mail to {mail.to}: open {mail.html_path}", markup=False)
        finally:
            store.close()
            os.close(claim)
