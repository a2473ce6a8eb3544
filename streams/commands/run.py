"""``closeloop worker``: every stage, and everything that falls due, in one process."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor

import click
import faust
import structlog
from mode import Service
from prometheus_client import start_http_server

from sinks.kafka.admin import create_missing
from sinks.kafka.reading import reach
from streams.app import Parts, build
from streams.commands.root import configured
from streams.commands.waiting import wait_for
from streams.garbage import settle
from streams.logs import log_as
from streams.wiring import look_at_tiers, parts_of

log = structlog.get_logger()

THREADS = 32
"""Enough for every stage and piece of work to wait for the broker while names are looked up."""
GRACE_S = 10.0


@click.command()
@click.option("--no-create-topics", is_flag=True, help="Leave missing topics missing.")
def worker(*, no_create_topics: bool) -> None:
    """Run the worker until Ctrl-C or SIGTERM: every stage, and everything that falls due.

    Example: KAFKA_BOOTSTRAP_SERVERS=broker:9092 DATABASE_URL=... closeloop worker
    """
    settings = configured()
    log_as(json=settings.log_json)
    look_at_tiers(settings)
    parts = parts_of(settings, kill_at=os.environ.get("CLOSELOOP_KILL_AT"))
    wait_for_parts(parts)
    wait_for_broker(settings.bootstrap_servers)
    if not no_create_topics:
        create_missing(settings.bootstrap_servers)
    if settings.metrics_port:
        start_http_server(settings.metrics_port)
    run_app(parts)


def wait_for_parts(parts: Parts) -> None:
    """Open store, tracker and mailer; each gets a minute to come back where it is away."""
    wait_for("store", parts.store.open)
    wait_for("tracker", parts.tracker.open)
    wait_for("mailer", parts.mailer.open)


def wait_for_broker(servers: str) -> None:
    """See that a broker answers; it gets a minute to come back where it is away."""
    wait_for(f"broker {servers}", lambda: reach(servers))


class Publishing(Service):
    """Opens the publisher before the app starts and closes it after the app has stopped."""

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self._publisher = parts.publisher

    async def on_start(self) -> None:
        """Connect."""
        await self._publisher.open()

    async def on_stop(self) -> None:
        """Let the threads end what they are at, a mail perhaps; then let go of the publisher."""
        ending = asyncio.get_running_loop().shutdown_default_executor()
        try:
            await asyncio.wait_for(ending, GRACE_S)
        except TimeoutError:
            log.warning("work is still under way; it is taken up again after the next start")
        await self._publisher.close()


def run_app(parts: Parts) -> None:
    """Host the app on Faust's worker, which stops it at SIGINT and SIGTERM."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.set_default_executor(ThreadPoolExecutor(THREADS, "closeloop"))
    host = faust.Worker(
        build(parts),
        Publishing(parts),
        loop=loop,
        loglevel="WARN",
        quiet=True,
        redirect_stdouts=False,
    )
    settle()
    try:
        host.execute_from_commandline()
    finally:
        parts.mailer.close()
        parts.tracker.close()
        parts.store.close()
