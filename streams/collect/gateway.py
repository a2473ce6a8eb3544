"""The HTTP gateway: takes the vendors' webhooks, and says 202 once Kafka has them.

===============================  =====================================================
``POST /v1/sources/{name}``      one delivery; 202 with its id, else a problem document
``GET /health/live``             the process answers
``GET /health/ready``            the broker answers too; 503 where it does not
``GET /metrics``                 Prometheus
``GET /schema``                  OpenAPI
===============================  =====================================================

The pages behind the links in our mails and the triage API are handed in as `extra_routes`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import msgspec
import structlog
from litestar import Litestar, Response, get, post
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from schemas.errors import Temporary
from schemas.topics import MIB
from sinks.contracts import Publisher
from streams.clock import Clock, WallClock
from streams.collect.access import with_access
from streams.collect.admission import Admission
from streams.collect.intake import AnyRequest, Intake, unavailable
from streams.collect.problems import (
    DETAILS,
    MEDIA_TYPE,
    Problem,
    Refused,
    on_exception,
    on_http_exception,
    on_refused,
)
from streams.settings import Settings

log = structlog.get_logger()

REOPEN_S = 1.0
READY_TIMEOUT_S = 3.0
Check = Callable[[], Awaitable[object]]


class Accepted(msgspec.Struct, frozen=True):
    """The broker has the delivery; the same content sent again gets the same id."""

    delivery: str


class Health(msgspec.Struct, frozen=True):
    """In a word."""

    status: str


_PROBLEMS = {
    status: ResponseSpec(Problem, description=DETAILS[status], media_type=MEDIA_TYPE)
    for status in (400, 401, 404, 408, 413, 415, 503)
}


@post("/v1/sources/{name:str}", status_code=202, responses=_PROBLEMS, tags=["sources"])
async def receive(name: FromPath[str], request: AnyRequest, state: State) -> Accepted:
    """Take one delivery of a source, in the vendor's own shape and signed as the vendor does."""
    intake: Intake = state.intake
    return Accepted(await intake.take(name, request))


@get("/health/live", tags=["health"], sync_to_thread=False)
def live() -> Health:
    """Say that the process answers."""
    return Health("live")


@get("/health/ready", tags=["health"], responses={503: _PROBLEMS[503]})
async def ready(state: State) -> Health:
    """Say whether a delivery could be taken now."""
    check: Check = state.check
    try:
        async with asyncio.timeout(READY_TIMEOUT_S):
            await check()
    except (Temporary, TimeoutError) as error:
        raise unavailable(f"not ready: {type(error).__name__} {error}") from None
    return Health("ready")


@get("/metrics", include_in_schema=False, sync_to_thread=False)
def prometheus() -> Response[bytes]:
    """Every metric of this process."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


class GatewayApp(Litestar):
    """Litestar, with an id and a line in the log for every request, also those without a route."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection."""
        if scope["type"] == "http":
            await with_access(super().__call__, scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def gateway_app(  # noqa: PLR0913 - what the app is made of, most of it by name
    settings: Settings,
    publisher: Publisher,
    clock: Clock | None = None,
    extra_routes: Sequence[ControllerRouterHandler] = (),
    *,
    check: Check | None = None,
    admission: Admission | None = None,
) -> Litestar:
    """The gateway as an ASGI app; it opens the publisher when it starts and closes it at the end.

    Args:
        settings: secrets and the public URL.
        publisher: where deliveries go; a broker that is away is waited for, and answered 503.
        clock: what timestamps are held against.
        extra_routes: handlers that find `settings`, `publisher` and `clock` in the app's state.
        check: raises `Temporary` while a delivery could not be taken.
        admission: how much may be under way at once.
    """
    clock = clock or WallClock()
    return GatewayApp(
        [receive, live, ready, prometheus, *extra_routes],
        state=State(
            {
                "settings": settings,
                "publisher": publisher,
                "clock": clock,
                "intake": Intake(settings, publisher, clock, admission or Admission()),
                "check": check or (lambda: publisher.publish(())),
            }
        ),
        lifespan=[lambda _: _opened(publisher)],
        exception_handlers={
            Refused: on_refused,
            HTTPException: on_http_exception,
            Exception: on_exception,
        },
        openapi_config=OpenAPIConfig(
            title="Closeloop gateway",
            version="1",
            path="/schema",
            components=Components(
                security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer")}
            ),
            render_plugins=[JsonRenderPlugin(path=["/", "/openapi.json"])],
        ),
        logging_config=None,
        request_max_body_size=MIB,  # of the pages; deliveries are read by `body_of`
    )


@contextlib.asynccontextmanager
async def _opened(publisher: Publisher) -> AsyncIterator[None]:
    """Keep trying to open the publisher for as long as the app runs; close it at the end."""
    opening = asyncio.create_task(_open(publisher))
    # A broker that answers at once is there before the first request is.
    await asyncio.wait({opening}, timeout=REOPEN_S)
    try:
        yield
    finally:
        opening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await opening
        await publisher.close()


async def _open(publisher: Publisher) -> None:
    while True:
        try:
            await publisher.open()
        except Temporary as error:
            log.warning("no broker yet", why=str(error))
            await asyncio.sleep(REOPEN_S)
        else:
            return
