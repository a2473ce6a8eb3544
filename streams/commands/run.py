"""``closeloop worker`` and ``closeloop gateway``: the two long-running parts, one process each."""

from __future__ import annotations

import asyncio
import os

import click
import faust
import stamina
import structlog
from mode import Service
from prometheus_client import start_http_server

from schemas.errors import CloseloopError, SinkUnreachable
from sinks.kafka.admin import create_missing
from sinks.store.postgres.store import PostgresStore
from streams.app import Parts, build
from streams.commands.root import settings_of
from streams.logs import log_as
from streams.settings import Settings
from streams.wiring import parts_of

log = structlog.get_logger()


@click.command()
@click.option("--no-create-topics", is_flag=True, help="Leave missing topics missing.")
@click.pass_context
def worker(context: click.Context, *, no_create_topics: bool) -> None:
    """Run the worker until Ctrl-C or SIGTERM: every stage, and everything that falls due.

    Example: KAFKA_BOOTSTRAP_SERVERS=broker:9092 DATABASE_URL=... closeloop worker
    """
    settings = settings_of(context)
    log_as(json=settings.log_json)
    parts = parts_of(settings, kill_at=os.environ.get("CLOSELOOP_KILL_AT"))
    wait_for_parts(parts)
    if not no_create_topics:
        create_missing(settings.bootstrap_servers)
    if settings.metrics_port:
        start_http_server(settings.metrics_port)
    run_app(parts)


@click.command()
@click.pass_context
def gateway(context: click.Context) -> None:
    """Run the HTTP gateway until Ctrl-C or SIGTERM: webhooks in, pages of the mails' links out.

    Example: CLOSELOOP_ZENDESK_SECRET=... closeloop gateway
    """
    from streams.collect.serve import run_gateway
    from streams.verify.pages import reply_routes

    settings = settings_of(context)
    log_as(json=settings.log_json)
    run_gateway(settings, reply_routes(settings, _store_for_pages(settings)))


def _store_for_pages(settings: Settings) -> PostgresStore | None:
    """The store, for the page that says whether a link was used; it can do without."""
    if not settings.database_url:
        return None
    store = PostgresStore(settings.database_url, pool_size=2, timeout_s=5)
    try:
        store.open()
    except CloseloopError as error:
        log.warning("pages do without the store", why=str(error))
    return store


@stamina.retry(on=SinkUnreachable, attempts=None, timeout=60.0, wait_max=2.0)
def wait_for_parts(parts: Parts) -> None:
    """Open store, tracker and mailer; a part that is away gets a minute to come back."""
    parts.store.open()
    parts.tracker.open()
    parts.mailer.open()


class Publishing(Service):
    """Opens the publisher before the app starts and closes it after the app has stopped."""

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self._publisher = parts.publisher

    async def on_start(self) -> None:
        """Connect."""
        await self._publisher.open()

    async def on_stop(self) -> None:
        """Send what is under way, then let go."""
        await self._publisher.close()


def run_app(parts: Parts) -> None:
    """Host the app on Faust's worker, which stops it at SIGINT and SIGTERM."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    host = faust.Worker(
        build(parts),
        Publishing(parts),
        loop=loop,
        loglevel="WARN",
        quiet=True,
        redirect_stdouts=False,
    )
    try:
        host.execute_from_commandline()
    finally:
        parts.mailer.close()
        parts.tracker.close()
        parts.store.close()
