"""The part of SendGrid's v3 API that our client calls.

Source: Twilio's documents of mail/send and of verified senders; ``tests/contract`` holds both
sides to the first (read 2026-07).
"""

from __future__ import annotations

import base64
import uuid
from datetime import UTC, datetime
from typing import Any

from litestar import MediaType, Request, Response, get, post
from litestar.exceptions import NotAuthorizedException
from litestar.params import JSONBody

from sinks.mail.standin.rules import faults_of
from sinks.mail.standin.world import Here, World

SCOPES = ("mail.send", "sender_verification_eligible")


@post("/v3/mail/send", sync_to_thread=False)
def send(world: Here, request: Request[Any, Any, Any], data: JSONBody[Any]) -> Response[Any]:
    """Take a mail: 202, no body, and ``X-Message-Id``."""
    _let_in(world, request)
    if "mail.send" not in world.scopes:
        return _refused(403, "access forbidden")
    faults = faults_of(data)
    if faults:
        return Response({"errors": faults}, status_code=400)
    provider_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    for mail in world.box.keep(data, provider_id, datetime.now(UTC)):
        world.reporter.report(mail)
    given = {"X-Message-Id": provider_id}
    return Response(b"", status_code=202, headers=given, media_type=MediaType.TEXT)


@get("/v3/scopes", sync_to_thread=False)
def scopes(world: Here, request: Request[Any, Any, Any]) -> dict[str, list[str]]:
    """What the key may."""
    _let_in(world, request)
    return {"scopes": world.scopes}


@get("/v3/verified_senders/steps_completed", sync_to_thread=False)
def steps_completed(world: Here, request: Request[Any, Any, Any]) -> dict[str, dict[str, bool]]:
    """Whether any sender, or domain, is verified."""
    _let_in(world, request)
    done = world.has_verified_sender
    return {"results": {"sender_verified": done, "domain_verified": False}}


ROUTES = [send, scopes, steps_completed]


def unauthorized(_: Request[Any, Any, Any], __: Exception) -> Response[Any]:
    """The 401 in SendGrid's words."""
    return _refused(401, "The provided authorization grant is invalid, expired, or revoked")


def _let_in(world: World, request: Request[Any, Any, Any]) -> None:
    kind, _, key = request.headers.get("authorization", "").partition(" ")
    if kind != "Bearer" or not key or (world.api_key is not None and key != world.api_key):
        raise NotAuthorizedException


def _refused(status: int, message: str) -> Response[Any]:
    return Response({"errors": [{"message": message}]}, status_code=status)
