"""The gateway: what it takes, what it refuses, and that it never says 202 too early."""

import asyncio
import json
import tracemalloc
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from litestar import Litestar, get
from litestar.datastructures import State
from structlog.testing import capture_logs

from schemas.delivery import decode_delivery
from schemas.errors import SinkBusy, SinkRefused, SinkUnreachable
from schemas.topics import LARGEST_BODY_BYTES
from sinks.contracts import Outgoing
from sinks.kafka.fake import FakePublisher
from sinks.mail.verify import new_private_key, public_text_of, signed_headers
from streams.clock import HandClock
from streams.collect import intake
from streams.collect.gateway import gateway_app
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


@pytest.fixture
def publisher() -> FakePublisher:
    """In memory."""
    return FakePublisher()


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


@pytest.fixture
async def client(publisher: FakePublisher) -> AsyncIterator[Client]:
    """The gateway, running."""
    app = gateway_app(SETTINGS, publisher, HandClock(NOW), [seen])
    async with serving(app) as running:
        yield running


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


@pytest.mark.parametrize(("name", "body", "sign"), SENT, ids=[each[0] for each in SENT])
async def test_a_signed_delivery_is_kept_byte_for_byte(
    client: Client,
    publisher: FakePublisher,
    name: str,
    body: bytes,
    sign: Callable[[bytes], dict[str, str]],
) -> None:
    """Under its id, with the headers that its parser may need, and with no credential."""
    credentials = {"Authorization": "Bearer x", "Cookie": "s=1", "X-Other": "y"}
    answer = await client.post(path(name), content=body, headers={**sign(body), **credentials})
    assert answer.status_code == 202
    (record,) = publisher.records
    assert (record.topic, record.value) == (f"source.{name}", body)
    assert record.key == answer.json()["delivery"].encode()
    delivery = decode_delivery(record.value, record.headers)
    assert (delivery.source, delivery.id) == (name, answer.json()["delivery"])
    assert delivery.received_at == NOW
    assert delivery.url == f"https://loop.example.com/in/v1/sources/{name}"
    assert delivery.headers["content-type"] == JSON["content-type"]
    assert {n.lower() for n in sign(body)} == set(delivery.headers)


async def test_a_delivery_sent_again_has_the_same_id(
    client: Client, publisher: FakePublisher
) -> None:
    """And is kept again: who reads knows it by its events."""
    answers = [
        await client.post(path("typeform"), content=BODY, headers=typeform(BODY)) for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert len(publisher.records) == 2


async def test_202_is_said_only_once_the_broker_has_acknowledged(
    client: Client, publisher: FakePublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a moment before."""
    acknowledged = asyncio.Event()

    async def slowly(records: Sequence[Outgoing]) -> None:
        publisher.records.extend(records)
        await acknowledged.wait()

    monkeypatch.setattr(publisher, "publish", slowly)
    asking = asyncio.ensure_future(
        client.post(path("typeform"), content=BODY, headers=typeform(BODY))
    )
    await asyncio.sleep(0.1)
    assert publisher.records
    assert not asking.done()
    acknowledged.set()
    assert (await asking).status_code == 202


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"not json", b'{"a": \x00}', b'{"a": "\xff"}', b"\xff\xfe{\x00}\x00"),
        *(b'"\\ud800"', b"[" * 200_000, b"{} {}", b"NaN", b"\xef\xbb\xbf{}", b'{"a": "\n"}'),
    ],
    ids=lambda body: repr(body[:12]),
)
async def test_what_is_no_json_cannot_be_read(
    client: Client, publisher: FakePublisher, body: bytes
) -> None:
    """400; nothing is kept that no parser will ever read."""
    problem(await client.post(path("typeform"), content=body, headers=typeform(body)), 400)
    assert not publisher.records


@pytest.mark.parametrize(
    "body",
    [
        *(b"{}", b"[]", b"7", b'"\\u0000"', b'{"event_type": "new"}', b"1e999"),
        b"123456789012345678901234567890",
        '{"event_type": "größe"}'.encode(),
    ],
)
async def test_what_is_json_is_kept_and_judged_later(
    client: Client, publisher: FakePublisher, body: bytes
) -> None:
    """So that a parser's bug can be mended, and the delivery read again."""
    answer = await client.post(path("typeform"), content=body, headers=typeform(body))
    assert answer.status_code == 202
    assert publisher.records[0].value == body


async def test_every_wrong_signature_is_answered_alike(
    client: Client, publisher: FakePublisher
) -> None:
    """401 in the same words, whichever part of it was wrong; the log has the difference."""
    told = []
    with capture_logs() as logs:
        for name, body, sign in SENT:
            right = sign(body)
            for wrong in (
                JSON,
                sign(body + b" "),
                {**right, **{k: v[:-1] for k, v in right.items() if "ignature" in k}},
                {**right, **{k: "ÿ".encode("latin-1") for k in right if "ignature" in k}},
                {**right, **{k: "0" for k in right if "imestamp" in k.lower()}, **JSON}
                if any("imestamp" in k for k in right)
                else JSON,
            ):
                answer = await client.post(path(name), content=body, headers=wrong)  # type: ignore[arg-type]
                document = problem(answer, 401)
                told.append((document["title"], document["detail"]))
    assert len(set(told)) == 1
    assert not publisher.records
    assert len({entry["why"] for entry in logs if "why" in entry}) > 2


@pytest.mark.parametrize(
    "name", ["nope", "reply", "..", "Typeform", "source.typeform", "%00", "é" * 500]
)
async def test_an_unknown_source_is_not_there(client: Client, name: str) -> None:
    """Nor is the one that has its own page."""
    problem(await client.post(f"/v1/sources/{name}", content=BODY, headers=typeform(BODY)), 404)


@pytest.mark.parametrize("where", ["/", "/v1", "/v1/sources", "/v1/sources/", "/.env", "/v2/x"])
async def test_nothing_is_anywhere_else(client: Client, where: str) -> None:
    """404, as a problem document too."""
    problem(await client.get(where), 404)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
async def test_a_source_can_only_be_posted_to(client: Client, method: str) -> None:
    """405, which says what can be done."""
    answer = await client.request(method, path("typeform"))
    problem(answer, 405)
    assert "POST" in answer.headers["allow"]


@pytest.mark.parametrize(
    "headers",
    [
        *({}, {"content-type": ""}, {"content-type": "text/plain"}, {"content-type": "text/json"}),
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/jsonp"},
        {**JSON, "content-encoding": "gzip"},
    ],
)
async def test_a_kind_that_the_vendor_never_sends_is_not_taken(
    client: Client, headers: dict[str, str]
) -> None:
    """415, before a byte of it is read."""
    signed = {k: v for k, v in typeform(BODY).items() if k != "content-type"}
    problem(await client.post(path("typeform"), content=BODY, headers={**signed, **headers}), 415)


async def test_the_largest_body_is_taken_and_one_byte_more_is_not(
    client: Client, publisher: FakePublisher
) -> None:
    """Announced or in chunks."""
    largest = b'"' + b"x" * (LARGEST_BODY_BYTES - 2) + b'"'

    async def chunks(body: bytes) -> AsyncIterator[bytes]:
        for start in range(0, len(body), 100_000):
            yield body[start : start + 100_000]

    for content in (largest, chunks(largest)):
        answer = await client.post(path("typeform"), content=content, headers=typeform(largest))
        assert answer.status_code == 202
    more = largest + b" "
    for content in (more, chunks(more)):
        problem(await client.post(path("typeform"), content=content, headers=typeform(more)), 413)
    assert len(publisher.records) == 2


@pytest.mark.parametrize(
    ("length", "unread"), [(None, 0), (b"52428800", 0), (b"10", 0), (b"9" * 30, 50)]
)
async def test_fifty_megabytes_do_not_cost_fifty_megabytes(
    publisher: FakePublisher, length: bytes | None, unread: int
) -> None:
    """Whatever is announced, no more than the limit is held; the sender reads our answer.

    Of one who would send on for too long nothing is read.
    """
    left = 50
    answers: list[Any] = []

    async def receive() -> dict[str, Any]:
        nonlocal left
        left -= 1
        return {"type": "http.request", "body": bytes(1024 * 1024), "more_body": left > 0}

    async def send(message: Any) -> None:
        answers.append(message)

    headers = [(b"content-type", b"application/json")]
    headers += [] if length is None else [(b"content-length", length)]
    app = gateway_app(SETTINGS, publisher, HandClock(NOW))
    tracemalloc.start()
    try:
        await app(_scope("/v1/sources/typeform", headers), receive, send)  # type: ignore[arg-type]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert answers[0]["status"] == 413
    assert left == unread
    assert peak < 3 * LARGEST_BODY_BYTES


def _scope(where: str, headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
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


async def test_a_body_that_never_ends_is_given_up(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """408; a slow sender holds nothing for ever."""
    monkeypatch.setattr(intake, "READ_TIMEOUT_S", 0.05)

    async def dribble() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(0.3)
        yield b"}"

    headers = typeform(b"{}")
    problem(await client.post(path("typeform"), content=dribble(), headers=headers), 408)


async def test_a_sender_that_goes_away_leaves_nothing(publisher: FakePublisher) -> None:
    """Half a body is none."""
    answers: list[Any] = []
    messages = iter(
        [
            {"type": "http.request", "body": b"{", "more_body": True},
            {"type": "http.disconnect"},
        ]
    )

    async def receive() -> dict[str, Any]:
        return next(messages)

    async def send(message: Any) -> None:
        answers.append(message)

    app = gateway_app(SETTINGS, publisher, HandClock(NOW))
    headers = [(b"content-type", b"application/json")]
    await app(_scope("/v1/sources/typeform", headers), receive, send)  # type: ignore[arg-type]
    assert answers[0]["status"] == 400
    assert not publisher.records


@pytest.mark.parametrize(
    ("error", "retry_after"),
    [
        (SinkUnreachable("broker 10.0.0.7:9092: refused"), "10"),
        (SinkBusy("throttled", 42.4), "42"),
        (SinkRefused("too large"), "10"),
    ],
)
async def test_while_the_broker_does_not_take_it_the_sender_keeps_it(
    client: Client, publisher: FakePublisher, error: Any, retry_after: str
) -> None:
    """503 with the time to come back; then it is taken."""
    publisher.fail_next(error)
    answer = await client.post(path("typeform"), content=BODY, headers=typeform(BODY))
    problem(answer, 503)
    assert answer.headers["retry-after"] == retry_after
    again = await client.post(path("typeform"), content=BODY, headers=typeform(BODY))
    assert again.status_code == 202


async def test_a_broker_that_hangs_is_not_waited_for_longer_than_the_vendor_waits(
    client: Client, publisher: FakePublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 in time; a second copy does no harm."""

    async def hang(_: Sequence[Outgoing]) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(intake, "PUBLISH_TIMEOUT_S", 0.05)
    monkeypatch.setattr(publisher, "publish", hang)
    answer = await client.post(path("typeform"), content=BODY, headers=typeform(BODY))
    problem(answer, 503)


@pytest.mark.parametrize(("name", "body", "sign"), SENT, ids=[each[0] for each in SENT])
async def test_a_source_without_its_secret_takes_nothing(
    name: str, body: bytes, sign: Callable[[bytes], dict[str, str]]
) -> None:
    """503: neither taken unverified nor refused for good."""
    publisher = FakePublisher()
    async with serving(gateway_app(Settings(), publisher, HandClock(NOW))) as bare:
        answer = await bare.post(path(name), content=body, headers=sign(body))
        problem(answer, 503)
        assert answer.headers["retry-after"] == "3600"
    assert not publisher.records


async def test_a_public_key_that_is_none_is_our_fault_and_not_the_senders() -> None:
    """503, and the log says so; with 401 SendGrid would give up."""
    settings = Settings(sendgrid_public_key="not a key")
    app = gateway_app(settings, FakePublisher(), HandClock(NOW))
    async with serving(app) as wrong:
        with capture_logs() as logs:
            headers = sendgrid(b"[]")
            problem(await wrong.post(path("sendgrid"), content=b"[]", headers=headers), 503)
    assert any(entry["log_level"] == "critical" for entry in logs)


async def test_a_bug_tells_the_sender_nothing(client: Client, publisher: FakePublisher) -> None:
    """500; the log has all of it."""
    publisher.fail_next(RuntimeError("password=hunter2 in /srv/app.py"))  # type: ignore[arg-type]
    with capture_logs() as logs:
        answer = await client.post(path("typeform"), content=BODY, headers=typeform(BODY))
    document = problem(answer, 500)
    assert "hunter2" not in answer.text
    assert any(
        entry.get("request_id") == document["request_id"] and "exc_info" in entry for entry in logs
    )


async def test_two_hundred_at_once_are_all_taken(client: Client, publisher: FakePublisher) -> None:
    """A form that was sent to everybody."""
    bodies = [BODY.replace(b"01J3Y6T9K4QZ7S8D2M5V1N0B3C", b"event-%d" % n) for n in range(200)]
    answers = await asyncio.gather(
        *(client.post(path("typeform"), content=each, headers=typeform(each)) for each in bodies)
    )
    assert {answer.status_code for answer in answers} == {202}
    assert {record.key for record in publisher.records} == {b"event-%d" % n for n in range(200)}


async def test_health_tells_the_process_from_the_broker(
    client: Client, publisher: FakePublisher
) -> None:
    """Alive without a broker, ready only with one."""
    assert (await client.get("/health/live")).json() == {"status": "live"}
    assert (await client.get("/health/ready")).json() == {"status": "ready"}
    publisher.is_away = True
    assert (await client.get("/health/live")).status_code == 200
    problem(await client.get("/health/ready"), 503)


async def test_a_gateway_that_starts_before_its_broker_gets_ready_by_itself() -> None:
    """503 until then; nobody restarts anything."""
    publisher = FakePublisher()
    publisher.is_away = True
    async with serving(gateway_app(SETTINGS, publisher, HandClock(NOW))) as early:
        problem(await early.post(path("typeform"), content=BODY, headers=typeform(BODY)), 503)
        publisher.is_away = False
        async with asyncio.timeout(5):
            while (await early.get("/health/ready")).status_code != 200:  # noqa: ASYNC110 as probes do
                await asyncio.sleep(0.05)
        answer = await early.post(path("typeform"), content=BODY, headers=typeform(BODY))
        assert answer.status_code == 202
    assert not publisher.is_open


async def test_every_delivery_is_counted_by_source_and_status(client: Client) -> None:
    """An unknown source makes no series of its own."""
    await client.post(path("typeform"), content=BODY, headers=typeform(BODY))
    await client.post(path("typeform"), content=BODY, headers=JSON)
    await client.post("/v1/sources/forged-0815", content=BODY, headers=JSON)
    shown = (await client.get("/metrics")).text
    assert 'closeloop_deliveries_total{source="typeform",status="202"}' in shown
    assert 'closeloop_deliveries_total{source="typeform",status="401"}' in shown
    assert 'closeloop_deliveries_total{source="unknown",status="404"}' in shown
    assert "forged" not in shown


async def test_a_request_is_logged_with_its_id_and_without_its_words(client: Client) -> None:
    """The id is the sender's, if it is a plain one."""
    headers = {**typeform(BODY), "X-Request-Id": "abc-123", "Cookie": "session=hunter2"}
    with capture_logs() as logs:
        answer = await client.post(
            f"{path('typeform')}?token=hunter2", content=BODY, headers=headers
        )
    assert answer.headers["x-request-id"] == "abc-123"
    (line,) = [entry for entry in logs if entry["event"] == "request"]
    assert line["request_id"] == "abc-123"
    assert (line["source"], line["status"], line["bytes"]) == ("typeform", 202, len(BODY))
    assert line["delivery"] == answer.json()["delivery"]
    assert "hunter2" not in str(logs)
    assert "auditors" not in str(logs)


@pytest.mark.parametrize("given", ["", "a b", "x" * 101, "<script>", "a\x7fb"])
async def test_an_odd_request_id_is_replaced(client: Client, given: str) -> None:
    """It ends up in logs and answers."""
    answer = await client.get("/health/live", headers={"X-Request-Id": given})
    assert answer.headers["x-request-id"] != given
    assert len(answer.headers["x-request-id"]) == 32


async def test_the_api_describes_itself(client: Client) -> None:
    """Every answer that a delivery may get, as it is given."""
    described = json.loads((await client.get("/schema")).content)
    answers = described["paths"]["/v1/sources/{name}"]["post"]["responses"]
    assert set(answers) == {"202", "400", "401", "404", "408", "413", "415", "503"}
    assert "application/problem+json" in answers["401"]["content"]
    assert (await client.get("/schema/openapi.json")).status_code == 200


async def test_pages_of_other_rooms_find_what_they_need(client: Client) -> None:
    """Settings, publisher and clock."""
    assert (await client.get("/seen")).json() == {"all there": True}
