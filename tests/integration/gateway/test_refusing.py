"""What the gateway refuses, and how little it tells of why."""

import pytest
from structlog.testing import capture_logs

from sinks.kafka.fake import FakePublisher
from tests.integration.gateway.world import BODY, JSON, SENT, Client, path, problem, typeform


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
