"""Faults on order: the next calls are answered with 429, an error, a reset, or not at all.

An ASGI middleware round the vendor's part of a stand-in; its own ``/_demo/`` part is left alone.
"""

from __future__ import annotations

import socket
import struct
from collections import deque
from collections.abc import Iterable
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from litestar.types import ASGIApp, Message, Receive, Scope, Send

CONTROL = "/_demo"
FaultKind: TypeAlias = Literal["busy", "error", "reset", "drop"]


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """An order of faults.

    Attributes:
        kind: ``busy`` answers 429 (with `retry_after`), ``error`` answers `status`, ``reset`` cuts
            the connection before the call is looked at, ``drop`` does what was asked and then cuts
            the connection instead of answering.
        calls: how many of the next calls it befalls.
        retry_after: the header's value, seconds or an HTTP date; empty leaves the header out.
        path: only calls whose path holds this.
    """

    kind: FaultKind
    calls: Annotated[int, msgspec.Meta(ge=1)] = 1
    retry_after: str = "1"
    status: int = 500
    path: str = ""


class Faults:
    """What was ordered and has not befallen yet, and every call that came.

    Attributes:
        calls: ``METHOD path`` of each of the vendor's calls, in order.
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self._ordered: deque[Fault] = deque()

    def order(self, fault: Fault) -> None:
        """Let `fault` befall the next calls, after those that were ordered before."""
        self._ordered.extend([fault] * fault.calls)

    def clear(self) -> None:
        """Forget what was ordered and what came."""
        self.calls.clear()
        self._ordered.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """Note a call; the fault that befalls it, if any."""
        self.calls.append(f"{method} {path}")
        if self._ordered and self._ordered[0].path in path:
            return self._ordered.popleft()
        return None

    def middleware(self, app: ASGIApp) -> ASGIApp:
        """`app` with faults."""

        async def faulty(scope: Scope, receive: Receive, send: Send) -> None:
            method, path = str(scope.get("method", "")), scope["path"]
            is_ours = path.startswith(CONTROL)
            fault = None if is_ours else self.take(method, path)
            if fault is None:
                await app(scope, receive, send)
            elif fault.kind == "drop":
                await app(scope, receive, _silence)
                await _cut(receive)
            elif fault.kind == "reset":
                await _cut(receive)
            else:
                await _answer(fault, send)

        return faulty


async def _silence(_: Message) -> None:
    """Take an answer and send nothing."""


async def _answer(fault: Fault, send: Send) -> None:
    status = 429 if fault.kind == "busy" else fault.status
    headers: Iterable[tuple[bytes, bytes]] = [(b"content-type", b"application/json")]
    if fault.kind == "busy" and fault.retry_after:
        headers = [*headers, (b"retry-after", fault.retry_after.encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"{}", "more_body": False})


async def _cut(receive: Any) -> None:
    """Reset the connection. ASGI has no word for that, so it is done on uvicorn's own transport."""
    transport = receive.__self__.transport
    lingering = struct.pack("ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, lingering)
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
