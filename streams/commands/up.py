"""``closeloop up``: everything, embedded where nothing is configured, until Ctrl-C."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import click

from deploy.embedded.errors import EmbeddedError
from schemas.errors import SinkRefused
from streams.commands.root import configured
from streams.running import claimed, note
from streams.system import System, started
from streams.wiring import look_at_tiers

CHECK_S = 1.0


@click.command()
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 32))
def up(*, workers: int) -> None:
    """Run the whole system until Ctrl-C.

    Kafka, PostgreSQL, Jira and the mail provider are yours where they are configured; what is not
    is started here and keeps its data under CLOSELOOP_HOME. Other commands of that home find it.

    Example: DATABASE_URL=postgresql+psycopg://... closeloop up --workers 2
    """
    settings = configured()
    look_at_tiers(settings)
    home, ended = Path(settings.home).resolve(), threading.Event()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # like Ctrl-C, in the midst of it
    try:
        with (
            claimed(home),
            started(settings, home, click.echo, workers=workers) as system,
        ):
            note(home, settings, system.settings)
            for each in (signal.SIGINT, signal.SIGTERM):
                signal.signal(each, lambda *_: ended.set())
            click.echo(f"Closeloop is up: webhooks go to {system.gateway_url}/v1/sources/<name>")
            click.echo(f"Commands find it in this folder; elsewhere by CLOSELOOP_HOME={home}.")
            click.echo("Ctrl-C stops it.")
            watch(system, ended)
            click.echo("Stopping.")
    except EmbeddedError as error:
        raise SinkRefused(str(error)) from error


def watch(system: System, ended: threading.Event) -> None:
    """Wait for the end; a part that dies is started again, and that is said."""
    while not ended.wait(CHECK_S):
        for worker in list(system.workers):
            if not worker.alive:
                click.echo(
                    f"{worker.name} died; its log is {worker.log}. Starting another.", err=True
                )
                system.workers.remove(worker)
                system.start_worker()
        if not system.gateway.alive:
            click.echo(f"The gateway died; its log is {system.gateway.log}. Starting it.", err=True)
            system.start_gateway()
