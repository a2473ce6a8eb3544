"""``closeloop up``: everything, embedded where nothing is configured, until Ctrl-C."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import click

from deploy.embedded.errors import EmbeddedError
from schemas.errors import SinkRefused
from streams.commands.root import settings_of
from streams.system import System, started
from streams.wiring import look_at_tiers

CHECK_S = 1.0


@click.command()
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 32))
@click.pass_context
def up(context: click.Context, *, workers: int) -> None:
    """Run the whole system until Ctrl-C.

    Kafka, PostgreSQL, Jira and the mail provider are yours where they are configured; what is not
    is started here and keeps its data under CLOSELOOP_HOME.

    Example: DATABASE_URL=postgresql+psycopg://... closeloop up --workers 2
    """
    settings = settings_of(context)
    look_at_tiers(settings)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # like Ctrl-C, in the midst of it
    try:
        with started(settings, Path(settings.home), click.echo, workers=workers) as system:
            for each in (signal.SIGINT, signal.SIGTERM):
                signal.signal(each, lambda *_: ended.set())
            click.echo(f"Closeloop is up: webhooks go to {system.gateway_url}/v1/sources/<name>")
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
