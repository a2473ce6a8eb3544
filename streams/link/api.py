"""The desk over HTTP, for a page or another tool: what waits, themes, decisions, epics.

================================  =====================================================
``GET /v1/triage``                what waits, the worthiest decision first
``GET /v1/triage/themes``         what several remarks ask for and no issue is about
``POST /v1/triage/decisions``     accept, reject or dismiss remarks: all of them or none
``POST /v1/triage/undo``          take a person's decisions back
``POST /v1/triage/epics``         make an epic of a remark or a theme
================================  =====================================================

Who has the token may do all of it, in anybody's name. What cannot be decided is answered 409 with
the reason. Every POST may be repeated: the same by the same person changes nothing the second time.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.connection import ASGIConnection
from litestar.datastructures import ResponseHeader, State
from litestar.exceptions import HTTPException, ValidationException
from litestar.handlers import BaseRouteHandler
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, Parameter
from msgspec import Meta

from schemas.errors import CloseloopError, SinkBusy, Temporary
from sinks.contracts import Tracker
from sinks.store.contract import Store
from streams.collect.access import note, request_id_of
from streams.collect.problems import DETAILS, MEDIA_TYPE, Problem, Refused
from streams.link import epics
from streams.link.desk import MOST_AT_ONCE, Asked, Result, carry_out_all, plan_all, refuse_audits
from streams.link.epics import Made, NewEpic, ThemeView
from streams.link.likeness.table import packaged
from streams.link.queue import Queue, queue

PATH = "/v1/triage"
LARGEST_BODY_BYTES = 256 * 1024
RETRY_AFTER_S = 10
MOST_LISTED = 200

NO_NUL = r"^[^\u0000]*$"
"""The one character that PostgreSQL keeps in no text."""
Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=200, pattern=NO_NUL)]
RemarkName: TypeAlias = Annotated[str, Meta(pattern=r"^[^:\u0000]+:[^\u0000]+$", max_length=1000)]
IssueKey: TypeAlias = Annotated[
    str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9_]*-[0-9]+$", max_length=100)
]
Remarks: TypeAlias = Annotated[tuple[RemarkName, ...], Meta(min_length=1, max_length=MOST_AT_ONCE)]
Issues: TypeAlias = Annotated[tuple[IssueKey, ...], Meta(max_length=20)]
Limit = Annotated[int, Parameter(ge=1, le=MOST_LISTED, description="How many, at most.")]


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The root of what is posted: a field that we do not know is a mistake."""


class Decisions(Body, frozen=True, kw_only=True):
    """What a person makes of remarks; accepting needs issues, dismissing takes none.

    Attributes:
        seen: false where the person has not looked at each of them, but at others that are like
            them: such are linked and teach nothing. Refused where one of them is an audit.
    """

    remarks: Remarks
    issues: Issues = ()
    verdict: Literal["accept", "reject", "dismiss"]
    by: Name
    seen: bool = True


class Undo(Body, frozen=True, kw_only=True):
    """Whose decisions are taken back; without issues all of each remark."""

    remarks: Remarks
    issues: Issues = ()
    by: Name


class Epic(Body, frozen=True, kw_only=True):
    """An epic for one remark or for one theme; the description goes before the counts."""

    project: Annotated[str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=100)]
    summary: Annotated[str, Meta(min_length=1, max_length=255, pattern=NO_NUL)]
    description: Annotated[str, Meta(max_length=30_000, pattern=NO_NUL)] = ""
    remark: RemarkName | None = None
    theme: Annotated[int, Meta(ge=1, le=2**62)] | None = None
    by: Name


class Decided(msgspec.Struct, frozen=True):
    """What became of each remark; nothing was decided where it stood so already."""

    remarks: tuple[Result, ...]


class Themes(msgspec.Struct, frozen=True):
    """Themes, the most money that waits first."""

    themes: tuple[ThemeView, ...]


class Desk:
    """What the handlers work with.

    Args:
        store: the open store; raises `Temporary` while it cannot be reached.
        tracker: a new one, to be opened and closed.
        now: the time.
    """

    def __init__(
        self,
        store: Callable[[], Store],
        tracker: Callable[[], Tracker],
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._tracker = tracker
        self._now = now

    def waiting(self, limit: int) -> Queue:
        """The first of what waits."""
        with self._store().transaction() as tx:
            return queue(tx, self._now(), limit, packaged)

    def themes(self, limit: int) -> Themes:
        """Those worth showing."""
        with self._store().transaction() as tx:
            return Themes(tuple(epics.themes(tx, self._now(), limit)))

    def decide(self, asked: Asked) -> Decided:
        """Carry it out, whole or not at all."""
        with self._store().transaction() as tx:
            plans = plan_all(tx, asked)
            refuse_audits(tx, plans)
            return Decided(tuple(carry_out_all(tx, plans, asked.by, self._now())))

    def make(self, asked: NewEpic) -> Made:
        """Make the epic, without a transaction meanwhile, and link what it is made for."""
        store, now = self._store(), self._now()
        with store.transaction() as tx:
            what = epics.draft(tx, asked, now)
        tracker = self._tracker()
        tracker.open()
        try:
            made = tracker.create_epic(asked.project, asked.summary, what.description, what.token)
        finally:
            tracker.close()
        with store.transaction() as tx:
            return epics.settle(tx, asked, what, made, now)


def triage_routes(token: str, desk: Desk) -> Router:
    """The routes, behind this token; of at least 16 characters, as the settings see to."""
    due = f"Bearer {token}".encode()

    def known(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        said = connection.headers.get("authorization", "").encode()
        if not hmac.compare_digest(said, due):
            raise Refused(HTTPStatus.UNAUTHORIZED, "no such token", {"WWW-Authenticate": "Bearer"})

    return Router(
        PATH,
        route_handlers=[list_waiting, list_themes, decide, undo, make_epic],
        guards=[known],
        tags=["triage"],
        security=[{"bearer": []}],
        request_max_body_size=LARGEST_BODY_BYTES,
        response_headers=[ResponseHeader(name="Cache-Control", value="no-store")],
        exception_handlers={
            CloseloopError: on_refusal,
            Refused: on_unknown,
            HTTPException: on_bad_request,
        },
        opt={"desk": lambda: desk},  # a function: what stands here is copied deeply
    )


_WORDS: Mapping[int, str] = {
    **DETAILS,
    401: "The bearer token is missing or wrong.",
    409: "This cannot be decided so.",
    413: f"The body is larger than {LARGEST_BODY_BYTES // 1024} KiB.",
}


def _specs(*statuses: int) -> dict[int, ResponseSpec]:
    return {
        status: ResponseSpec(Problem, description=_WORDS[status], media_type=MEDIA_TYPE)
        for status in statuses
    }


_READING = _specs(400, 401, 503)
_WRITING = _specs(400, 401, 409, 413, 503)
AnyRequest: TypeAlias = Request[Any, Any, State]


@get("/", responses=_READING, sync_to_thread=True)
def list_waiting(request: AnyRequest, limit: Limit = 20) -> Queue:
    """List the remarks that wait for a person, the worthiest decision first."""
    return _desk(request).waiting(limit)


@get("/themes", responses=_READING, sync_to_thread=True)
def list_themes(request: AnyRequest, limit: Limit = 20) -> Themes:
    """List what several remarks ask for and no issue is about."""
    return _desk(request).themes(limit)


@post("/decisions", status_code=200, responses=_WRITING, sync_to_thread=True)
def decide(request: AnyRequest, data: JSONBody[Decisions]) -> Decided:
    """Accept, reject or dismiss remarks: all of them or none."""
    asked = Asked(
        action=data.verdict,
        remarks=data.remarks,
        issues=data.issues,
        by=data.by,
        again=True,
        unseen=() if data.seen else data.remarks,
    )
    return _desk(request).decide(asked)


@post("/undo", status_code=200, responses=_WRITING, sync_to_thread=True)
def undo(request: AnyRequest, data: JSONBody[Undo]) -> Decided:
    """Take a person's decisions back: they are to be made again."""
    asked = Asked(action="undo", remarks=data.remarks, issues=data.issues, by=data.by, again=True)
    return _desk(request).decide(asked)


@post("/epics", status_code=200, responses=_WRITING, sync_to_thread=True)
def make_epic(request: AnyRequest, data: JSONBody[Epic]) -> Made:
    """Make an epic of a remark or a theme, once, and link what it is made for."""
    return _desk(request).make(NewEpic(again=True, **msgspec.structs.asdict(data)))


def on_refusal(request: Request[Any, Any, Any], error: CloseloopError) -> Response[bytes]:
    """A part is away: 503; anything else cannot be decided so: 409 with the reason."""
    if isinstance(error, Temporary):
        wait = max(1, round(error.retry_after_s)) if isinstance(error, SinkBusy) else RETRY_AFTER_S
        note(request.scope, why=str(error))
        return _problem(request, 503, _WORDS[503], {"Retry-After": str(wait)})
    return _problem(request, 409, str(error))


def on_unknown(request: Request[Any, Any, Any], refused: Refused) -> Response[bytes]:
    """Who has no token learns nothing but that."""
    return _problem(request, refused.status, _WORDS[refused.status], refused.headers)


def on_bad_request(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """What is wrong with the request, field by field."""
    status = error.status_code if error.status_code in _WORDS else 400
    detail = _WORDS[status]
    if request.method == "POST" and _is_empty(request.headers):
        detail = "body: is empty; a JSON object is due"
    elif isinstance(error, ValidationException) and isinstance(error.extra, list):
        faults = [f"{one.get('key', 'body')}: {one.get('message', '')}" for one in error.extra]
        detail = "; ".join(faults) or detail
    return _problem(request, status, detail)


def _is_empty(headers: Mapping[str, str]) -> bool:
    return headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers


def _desk(request: AnyRequest) -> Desk:
    desk: Desk = request.route_handler.opt["desk"]()
    return desk


def _problem(
    request: Request[Any, Any, Any],
    status: int,
    detail: str,
    headers: Mapping[str, str] | None = None,
) -> Response[bytes]:
    document = Problem(status, HTTPStatus(status).phrase, detail, request_id_of(request.scope))
    return Response(
        msgspec.json.encode(document),
        status_code=status,
        headers={"Cache-Control": "no-store", **(headers or {})},
        media_type=MEDIA_TYPE,
    )
