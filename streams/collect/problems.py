"""What a request is answered that is not taken: RFC 9457 problem documents that give nothing away.

A document says what the sender can do something about, in the same words for every request of that
status. Why it was refused stands in our log, under the request's id.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException

from schemas.topics import LARGEST_BODY_BYTES, MIB
from streams.collect.access import note, request_id_of

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"
DETAILS: Mapping[int, str] = {
    400: "The request cannot be read.",
    401: "The request is not signed as it should be, or not now.",
    404: "There is nothing here.",
    405: "This cannot be done here.",
    408: "The request took too long to arrive.",
    413: f"The body is larger than {LARGEST_BODY_BYTES // MIB} MiB.",
    415: "This content type or encoding is not taken here.",
    500: "Something is wrong on our side.",
    503: "This cannot be taken now; send it again later.",
}
"""Status -> what the sender is told of it."""


class Problem(msgspec.Struct, frozen=True):
    """A problem document. `type` is ``about:blank``: the status says it all.

    Attributes:
        request_id: to ask us by; also in the header ``X-Request-Id``.
    """

    status: int
    title: str
    detail: str
    request_id: str
    type: str = "about:blank"


class Refused(Exception):
    """The request is answered with `status`.

    Attributes:
        why: for our log; never sent.
        headers: of the answer, such as ``Retry-After``.
    """

    def __init__(self, status: int, why: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status}: {why}")
        self.status = int(status)
        self.why = why
        self.headers = headers or {}


def answer(
    request: Request[Any, Any, Any], status: int, headers: Mapping[str, str]
) -> Response[bytes]:
    """The problem document for a status; any that we have no words for reads as 400 or 500."""
    known = (
        status if status in DETAILS else 500 if status >= HTTPStatus.INTERNAL_SERVER_ERROR else 400
    )
    phrase = HTTPStatus(known).phrase
    document = Problem(known, phrase, DETAILS[known], request_id_of(request.scope))
    return Response(
        msgspec.json.encode(document), status_code=known, headers=headers, media_type=MEDIA_TYPE
    )


def on_refused(request: Request[Any, Any, Any], refused: Refused) -> Response[bytes]:
    """Ours: the reason goes to the log."""
    note(request.scope, why=refused.why)
    return answer(request, refused.status, refused.headers)


def on_http_exception(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Litestar's: no route, no such method, a parameter that is none."""
    note(request.scope, why=str(error.detail))
    kept = {k: v for k, v in (error.headers or {}).items() if k.lower() in {"allow", "retry-after"}}
    return answer(request, error.status_code, kept)


def on_exception(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """A bug: the log has all of it, the sender none."""
    log.error("request failed", exc_info=error, request_id=request_id_of(request.scope))
    return answer(request, 500, {})
