"""Signed deliveries of every vendor, and the gateway that they are handed to."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
from litestar import Litestar, get
from litestar.datastructures import State

from sinks.mail.verify import new_private_key, public_text_of, signed_headers
from streams.collect.sources.hubspot.verify import signature_of as hubspot_signature
from streams.collect.sources.jira.verify import signature_of as jira_signature
from streams.collect.sources.tests.helpers import fixture
from streams.collect.sources.typeform.verify import signature_of as typeform_signature
from streams.collect.sources.zendesk.verify import signature_of as zendesk_signature
from streams.settings import Settings

NOW = datetime(2026, 7, 28, 9, 30, tzinfo=UTC)

KEY = new_private_key()

SETTINGS = Settings(
    public_url="https://loop.example.com/in/",
    typeform_secret="typeform secret",
    zendesk_secret="zendesk secret",
    hubspot_secret="hubspot secret",
    jira_webhook_secret="jira secret",
    sendgrid_public_key=public_text_of(KEY),
    reply_secret="a secret of sixteen",
)

BODY = fixture("typeform", "response")

JSON = {"content-type": "application/json; charset=utf-8"}


def typeform(body: bytes) -> dict[str, str]:
    """Headers that Typeform would send."""
    return {**JSON, "Typeform-Signature": typeform_signature(SETTINGS.typeform_secret, body)}


def zendesk(body: bytes) -> dict[str, str]:
    """Headers that Zendesk would send."""
    at = "2026-07-28T09:29:58Z"
    return {
        **JSON,
        "X-Zendesk-Webhook-Signature": zendesk_signature(SETTINGS.zendesk_secret, at, body),
        "X-Zendesk-Webhook-Signature-Timestamp": at,
    }


def hubspot(body: bytes) -> dict[str, str]:
    """Headers that HubSpot would send: the public address is signed."""
    at, url = str(int(NOW.timestamp() * 1000)), "https://loop.example.com/in/v1/sources/hubspot?p=1"
    return {
        **JSON,
        "X-HubSpot-Signature-v3": hubspot_signature(SETTINGS.hubspot_secret, "POST", url, body, at),
        "X-HubSpot-Request-Timestamp": at,
    }


def jira(body: bytes) -> dict[str, str]:
    """Headers that Jira would send."""
    signature = jira_signature(SETTINGS.jira_webhook_secret, body)
    return {**JSON, "X-Hub-Signature": signature, "X-Atlassian-Webhook-Identifier": "w-1"}


def sendgrid(body: bytes) -> dict[str, str]:
    """Headers that SendGrid would send."""
    return {**JSON, **signed_headers(KEY, body, NOW)}


SENT: Sequence[tuple[str, bytes, Callable[[bytes], dict[str, str]]]] = [
    ("hubspot", fixture("hubspot", "events"), hubspot),
    ("jira", fixture("jira", "issue_updated"), jira),
    ("sendgrid", fixture("sendgrid", "reports") + b"\r\n", sendgrid),
    ("typeform", BODY, typeform),
    ("zendesk", fixture("zendesk", "trigger"), zendesk),
]

Client = httpx.AsyncClient


@get("/seen", sync_to_thread=False)
def seen(state: State) -> dict[str, bool]:
    """A page of another room."""
    return {"all there": all((state.settings, state.publisher, state.clock))}


@asynccontextmanager
async def serving(app: Litestar) -> AsyncIterator[Client]:
    """A client of the app, which a server's protocol starts and stops."""
    to_app: asyncio.Queue[Any] = asyncio.Queue()
    from_app: asyncio.Queue[Any] = asyncio.Queue()
    scope: Any = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    running = asyncio.create_task(app(scope, to_app.get, from_app.put))
    await to_app.put({"type": "lifespan.startup"})
    assert (await from_app.get())["type"] == "lifespan.startup.complete"
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        yield client
    await to_app.put({"type": "lifespan.shutdown"})
    assert (await from_app.get())["type"] == "lifespan.shutdown.complete"
    await running


def path(name: str) -> str:
    """Where the source is posted to; HubSpot's with a query, since that is signed too."""
    return f"/v1/sources/{name}{'?p=1' if name == 'hubspot' else ''}"


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The document of a refusal, which is what RFC 9457 says and no more than we mean to tell."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert set(document) == {"type", "title", "status", "detail", "request_id"}
    assert document["status"] == status
    assert document["request_id"] == answer.headers["x-request-id"]
    for hint in ("Traceback", "Exception", "secret", "HMAC", "sha256", "kafka", "broker", ".py"):
        assert hint not in answer.text
    return document


def scope(where: str, headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    """A request, as a server hands it to the app."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": where,
        "raw_path": where.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
