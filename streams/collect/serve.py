"""Runs the gateway on uvicorn, until SIGTERM or SIGINT; what is under way is answered first."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator, Sequence

import structlog
import uvicorn
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from litestar import Litestar
from litestar.types import ControllerRouterHandler

from schemas.errors import BadSettings, SinkUnreachable
from sinks.kafka.publisher import KafkaPublisher
from streams.collect.gateway import gateway_app
from streams.collect.patience import ImpatientProtocol
from streams.settings import Settings

log = structlog.get_logger()

GRACE_S = 10
"""How long requests that are under way may take to end."""
_CHECK_MS = 2_000


def run_gateway(settings: Settings, extra_routes: Sequence[ControllerRouterHandler] = ()) -> None:
    """Serve until SIGTERM or SIGINT, then return; a port that is taken ends the process.

    Effects: listens on ``gateway_host:gateway_port``; writes deliveries to Kafka.
    """
    server = gateway_server(settings, extra_routes)
    log.info("gateway", host=settings.gateway_host, port=settings.gateway_port)
    with _returning_on_signals():
        server.run()


def gateway_server(
    settings: Settings, extra_routes: Sequence[ControllerRouterHandler] = ()
) -> uvicorn.Server:
    """The server, not yet running.

    Raises:
        BadSettings: nobody said where the broker is.
    """
    if not settings.bootstrap_servers:
        raise BadSettings(["bootstrap_servers: set KAFKA_BOOTSTRAP_SERVERS, or run `closeloop up`"])

    async def check() -> None:
        await broker_answers(settings.bootstrap_servers)

    app = gateway_app(
        settings, KafkaPublisher(settings.bootstrap_servers), None, extra_routes, check=check
    )
    return server_of(app, settings.gateway_host, settings.gateway_port)


def server_of(app: Litestar, host: str, port: int) -> uvicorn.Server:
    """Serves the gateway, and waits for no sender for long; not yet running."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=ImpatientProtocol,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_S,
        lifespan="on",
        ws="none",
    )
    return uvicorn.Server(config)


async def broker_answers(bootstrap_servers: str) -> None:
    """Raises `SinkUnreachable` unless a broker tells what topics it has, within two seconds."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap_servers, request_timeout_ms=_CHECK_MS)
    try:
        await client.bootstrap()
    except (KafkaError, OSError) as error:
        raise SinkUnreachable(f"broker {bootstrap_servers}: {error}") from None
    finally:
        await client.close()


@contextlib.contextmanager
def _returning_on_signals() -> Iterator[None]:
    """Uvicorn raises a signal again after it has stopped for it: let that end nothing."""
    signals = (signal.SIGTERM, signal.SIGINT)
    before = {each: signal.signal(each, lambda *_: None) for each in signals}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
