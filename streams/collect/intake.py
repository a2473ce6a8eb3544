"""One delivery, from the wire onto Kafka: read within limits, verified, kept, acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request

from schemas.delivery import Delivery, encode_delivery
from schemas.errors import BadSettings, SinkBusy, SinkRefused, Temporary
from schemas.topics import LARGEST_BODY_BYTES
from sinks.contracts import Outgoing, Publisher
from streams import metrics
from streams.clock import Clock
from streams.collect.access import note
from streams.collect.admission import Admission, Admitted, Full
from streams.collect.problems import Refused
from streams.collect.registry import SOURCES
from streams.collect.source import NotAuthentic, Source
from streams.settings import Settings

log = structlog.get_logger()

READ_TIMEOUT_S = 30.0
PUBLISH_TIMEOUT_S = 4.0
"""HubSpot waits five seconds for an answer, the others longer."""
RETRY_AFTER_S = 10
DISCARDED_BYTES = 64 * 1024 * 1024
"""How much of a body that is too large is read and thrown away, so that its sender hears of it."""
AnyRequest = Request[Any, Any, Any]


def record_of(delivery: Delivery) -> Outgoing:
    """The delivery as ``source.<name>`` keeps it."""
    value, headers = encode_delivery(delivery)
    return Outgoing(f"source.{delivery.source}", delivery.id.encode(), value, headers)


async def keep(publisher: Publisher, delivery: Delivery) -> None:
    """Put the delivery onto Kafka; when this returns, the broker has acknowledged it.

    Raises:
        Refused: 503 with ``Retry-After``; it may have been written all the same.
    """
    try:
        async with asyncio.timeout(PUBLISH_TIMEOUT_S):
            await publisher.publish([record_of(delivery)])
    except SinkBusy as busy:
        raise unavailable(str(busy), max(1, round(busy.retry_after_s))) from None
    except (Temporary, TimeoutError) as error:
        raise unavailable(f"{type(error).__name__}: {error}") from None
    except SinkRefused as error:
        log.error("the broker refuses a delivery", why=str(error))  # noqa: TRY400 it is told whole
        raise unavailable(f"refused: {error}") from None


def unavailable(why: str, retry_after_s: int = RETRY_AFTER_S) -> Refused:
    """503: nothing is wrong with the request; the sender keeps it and tries again."""
    headers = {"Retry-After": str(retry_after_s)}
    return Refused(HTTPStatus.SERVICE_UNAVAILABLE, why, headers)


class Intake:
    """Takes deliveries of every source that may be posted to.

    Args:
        settings: secrets and the public URL.
        publisher: where deliveries go.
        clock: what timestamps are held against.
        admission: how much may be under way at once.
    """

    def __init__(
        self, settings: Settings, publisher: Publisher, clock: Clock, admission: Admission
    ) -> None:
        self._settings = settings
        self._publisher = publisher
        self._clock = clock
        self._admission = admission

    async def take(self, name: str, request: AnyRequest) -> str:
        """The delivery's id, once the broker has it.

        Raises:
            Refused: 400, 401, 404, 408, 413, 415 or 503.
        """
        source = SOURCES.get(name)
        label = name if source is not None and source.is_posted else "unknown"
        note(request.scope, source=label)
        try:
            with self._admitted() as admitted:
                delivery = await self._verified(source, request, admitted)
                await keep(self._publisher, delivery)
        except Refused as refused:
            metrics.DELIVERIES.labels(label, str(refused.status)).inc()
            raise
        metrics.DELIVERIES.labels(label, str(int(HTTPStatus.ACCEPTED))).inc()
        note(request.scope, delivery=delivery.id, bytes=len(delivery.body))
        return delivery.id

    @contextmanager
    def _admitted(self) -> Iterator[Admitted]:
        try:
            with self._admission.admitted() as admitted:
                yield admitted
        except Full as full:
            raise unavailable(str(full)) from None

    async def _verified(
        self, source: Source | None, request: AnyRequest, admitted: Admitted
    ) -> Delivery:
        if source is None or not source.is_posted:
            raise Refused(HTTPStatus.NOT_FOUND, "no such source")
        secret = source.secret(self._settings)
        if not secret:
            raise unavailable(f"{source.name} has no secret in the settings", 3600)
        _check_kind(source, request)
        delivery = self._delivery(source, request, await body_of(request, admitted))
        try:
            source.verify(delivery, secret, delivery.received_at)
        except NotAuthentic as error:
            why = f"{type(error).__name__}: {error}"
            raise Refused(HTTPStatus.UNAUTHORIZED, why) from None
        except BadSettings as error:
            log.critical("a source cannot be verified", source=source.name, why=str(error))
            raise unavailable(str(error), 3600) from None
        _check_json(delivery.body)
        return delivery

    def _delivery(self, source: Source, request: AnyRequest, body: bytes) -> Delivery:
        headers = headers_of(request)
        kept = {n: v for n, v in headers.items() if n in source.headers or n == "content-type"}
        return Delivery(
            id=source.delivery_id(body),
            source=source.name,
            received_at=self._clock.now(),
            method=request.method,
            url=public_url(self._settings.public_url, request),
            headers=kept,
            body=body,
        )


def headers_of(request: AnyRequest) -> dict[str, str]:
    """Lower-case name -> value; the values of a repeated name joined by a comma."""
    found: dict[str, str] = {}
    for name, value in request.scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def public_url(base: str, request: AnyRequest) -> str:
    """The URL that the sender called, whatever proxy stands in between."""
    raw = request.scope.get("raw_path") or request.scope["path"].encode()
    path = raw.partition(b"?")[0].decode("latin-1")
    query = request.scope["query_string"].decode("latin-1")
    return f"{base.rstrip('/')}{path}{'?' if query else ''}{query}"


async def body_of(
    request: AnyRequest, admitted: Admitted, limit_bytes: int = LARGEST_BODY_BYTES
) -> bytes:
    """The raw body, never more than `limit_bytes` of it in memory, announced or not.

    Raises:
        Refused: 413, 408, 503 where it gave way to others, or 400 where the sender went away.
        Full: there is no room for it.
    """
    body = None
    try:
        async with asyncio.timeout(READ_TIMEOUT_S) as deadline:
            with admitted.reading(deadline):
                body = await _read(request, admitted, limit_bytes)
                if body is None:
                    admitted.let_go()
                    await _discard(request, admitted)
    except TimeoutError:
        if not admitted.gave_way:
            raise Refused(HTTPStatus.REQUEST_TIMEOUT, "the body came too slowly") from None
    if admitted.gave_way:
        raise unavailable("silent for longest, it gave way to others")
    if body is None:
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too large")
    return body


async def _read(request: AnyRequest, admitted: Admitted, limit_bytes: int) -> bytes | None:
    """The body, or None once it is too large."""
    if _announced_bytes(request) > limit_bytes:
        return None
    body = bytearray()
    more = True
    while more:
        chunk, more = await _chunk(request)
        if len(body) + len(chunk) > limit_bytes:
            return None
        admitted.hold(len(chunk))
        body += chunk
    return bytes(body)


def _announced_bytes(request: AnyRequest) -> float:
    announced = request.headers.get("content-length", "")
    return float(announced) if announced.isascii() and announced.isdigit() else 0


async def _discard(request: AnyRequest, admitted: Admitted) -> None:
    """Read on without keeping anything: a sender that is cut off would not see our answer.

    Who asks before sending (RFC 9110 section 10.1.1) sees it at once, and so does who would send
    on for too long.
    """
    asks = request.headers.get("expect", "").lower() == "100-continue"
    if asks or _announced_bytes(request) > DISCARDED_BYTES:
        return
    seen, more = 0, True
    while more and seen < DISCARDED_BYTES:
        chunk, more = await _chunk(request)
        admitted.hold(0)
        seen += len(chunk)


async def _chunk(request: AnyRequest) -> tuple[bytes, bool]:
    message: Any = await request.receive()
    if message["type"] == "http.disconnect":
        raise Refused(HTTPStatus.BAD_REQUEST, "the sender went away")
    return message.get("body", b""), message.get("more_body", False)


def _check_kind(source: Source, request: AnyRequest) -> None:
    """415 for what this vendor never sends, without reading it."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if kind not in source.content_types or encoding != "identity":
        why = f"content type {kind[:60]!r}, encoding {encoding[:20]!r}"
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, why)


def _check_json(body: bytes) -> None:
    """400 for what no parser will ever read; whatever is JSON is kept, and parsed later."""
    try:
        body.decode()
        msgspec.json.decode(body, type=msgspec.Raw)
    except (UnicodeDecodeError, msgspec.MsgspecError, RecursionError) as error:
        raise Refused(HTTPStatus.BAD_REQUEST, f"not JSON: {error}") from None
