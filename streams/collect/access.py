"""Around every request: its id, one line in the log, and the time that it took."""

from __future__ import annotations

import re
import time
import uuid
from typing import Any

import structlog
from litestar.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger()

REQUEST_ID = b"x-request-id"
_SAFE = re.compile(rb"[A-Za-z0-9._:-]{1,100}")
_NOTES = "closeloop_notes"
_ID = "closeloop_request_id"


def note(scope: Scope, **facts: object) -> None:
    """Have these facts in the request's line of the log."""
    _state(scope).setdefault(_NOTES, {}).update(facts)


def request_id_of(scope: Scope) -> str:
    """The sender's own id of the request, if it is a plain one; else one of ours."""
    state = _state(scope)
    if _ID not in state:
        given = next((value for name, value in scope["headers"] if name == REQUEST_ID), b"")
        state[_ID] = given.decode() if _SAFE.fullmatch(given) else uuid.uuid4().hex
    return str(state[_ID])


_LINKS = "/r/"


async def with_access(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Run the app; the answer carries the request's id, and the log has a line."""
    request_id = request_id_of(scope)
    status = 0
    started = time.perf_counter()

    async def send_named(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
            message["headers"] = [*message["headers"], (REQUEST_ID, request_id.encode())]
        await send(message)

    try:
        await app(scope, receive, send_named)
    finally:
        log.info(
            "request",
            method=scope["method"],  # type: ignore[typeddict-item] # only HTTP comes here
            path=_shown(scope["path"]),
            status=status,
            ms=round((time.perf_counter() - started) * 1000, 1),
            request_id=request_id,
            **_state(scope).get(_NOTES, {}),
        )


def _shown(path: str) -> str:
    """The path without what it would let a reader of the log do: a link's token is its power."""
    return f"{_LINKS}..." if path.startswith(_LINKS) else path


def _state(scope: Scope) -> dict[str, Any]:
    return scope.setdefault("state", {})
