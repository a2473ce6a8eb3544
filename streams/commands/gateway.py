"""``closeloop gateway``: webhooks in, the pages of the mails' links out, in one process.

A module of its own, so that the gateway does not spend its start on what only the worker needs.
"""

from __future__ import annotations

import click
import structlog

from schemas.errors import CloseloopError
from sinks.store.postgres.store import PostgresStore
from streams.collect.serve import run_gateway
from streams.commands.root import settings_of
from streams.logs import log_as
from streams.settings import Settings
from streams.verify.pages import reply_routes

log = structlog.get_logger()


@click.command()
@click.pass_context
def gateway(context: click.Context) -> None:
    """Run the HTTP gateway until Ctrl-C or SIGTERM: webhooks in, pages of the mails' links out.

    Example: CLOSELOOP_ZENDESK_SECRET=... closeloop gateway
    """
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
