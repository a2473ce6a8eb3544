"""What every handler of the stand-in works on, and how its errors look."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.exceptions import NotAuthorizedException
from litestar.handlers.base import BaseRouteHandler
from litestar.params import SkipValidation

from sinks.http.standin.faults import CONTROL, Faults
from sinks.jira.standin.events import Announcer
from sinks.jira.standin.state import State


@dataclass(kw_only=True)
class World:
    """One stand-in.

    Attributes:
        site: where people and links find it.
        page_size: the most issues of one search page, whatever was asked for.
        login: e-mail and token that are let in; None lets everybody in.
        missing_rights: permission keys that the account does not have.
        deployment: what the server calls itself.
    """

    state: State
    announcer: Announcer
    faults: Faults
    site: str
    page_size: int
    login: tuple[str, str] | None = None
    missing_rights: Sequence[str] = field(default_factory=tuple)
    deployment: str = "Cloud"


Here: TypeAlias = NamedDependency[SkipValidation[World]]


def error_of(status: int) -> Any:
    """An exception handler that words an error as Jira does."""

    def worded(_: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
        # A KeyError's str() is quoted, and a LookupError may be one.
        said = str(error.args[0]) if error.args else str(error)
        return Response({"errorMessages": [said], "errors": {}}, status_code=status)

    return worded


def guard_of(login: tuple[str, str] | None) -> Any:
    """Lets in who knows `login`; the control surface and the pages for people let everybody in."""
    expected = f"Basic {base64.b64encode(':'.join(login or ('', '')).encode()).decode()}"

    def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        given = connection.headers.get("authorization", "")
        is_open = connection.scope["path"].startswith((CONTROL, "/browse"))
        if login and not is_open and not hmac.compare_digest(given.encode(), expected.encode()):
            raise NotAuthorizedException("Client must be authenticated to access this resource.")

    return guard
