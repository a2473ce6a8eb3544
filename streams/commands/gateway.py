"""``closeloop gateway``: webhooks in, the mails' pages and the triage API out, in one process.

A module of its own, so that the gateway does not spend its start on what only the worker needs.
"""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Lock

import click
import structlog
from litestar.types import ControllerRouterHandler

from schemas.errors import CloseloopError
from sinks.store.contract import Store
from sinks.store.postgres.store import PostgresStore
from streams.collect.serve import run_gateway
from streams.commands.root import configured
from streams.logs import log_as
from streams.settings import Settings
from streams.verify.pages import reply_routes

log = structlog.get_logger()


@click.command()
def gateway() -> None:
    """Run the HTTP gateway until Ctrl-C or SIGTERM: webhooks in, pages of the mails' links out.

    Example: CLOSELOOP_ZENDESK_SECRET=... closeloop gateway
    """
    settings = configured()
    log_as(json=settings.log_json)
    pages = reply_routes(settings, _store_for_pages(settings))
    run_gateway(settings, [*pages, *triage_api(settings)])


def triage_api(settings: Settings) -> list[ControllerRouterHandler]:
    """The triage API where a token is set; what it needs is loaded only then."""
    if not settings.api_token:
        return []
    from streams.link.api import Desk, triage_routes
    from streams.wiring import store_of, tracker_of

    store = LateStore(store_of(settings))
    desk = Desk(store.opened, lambda: tracker_of(settings), lambda: datetime.now(UTC))
    return [triage_routes(settings.api_token, desk)]


class LateStore:
    """A store that is opened when it is first needed, and again until that works."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock()
        self._is_open = False

    def opened(self) -> Store:
        """The store, open; raises what opening it raises."""
        with self._lock:
            if not self._is_open:
                self._store.open()
                self._is_open = True
        return self._store


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
