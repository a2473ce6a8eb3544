"""Bodies that are too large, that never end, or whose sender goes away."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import pytest

from schemas.topics import LARGEST_BODY_BYTES
from sinks.kafka.fake import FakePublisher
from streams.clock import HandClock
from streams.collect import intake
from streams.collect.gateway import gateway_app
from tests.integration.gateway.world import NOW, SETTINGS, Client, path, problem, scope, typeform


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
        await app(scope("/v1/sources/typeform", headers), receive, send)  # type: ignore[arg-type]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert answers[0]["status"] == 413
    assert left == unread
    assert peak < 3 * LARGEST_BODY_BYTES


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
    await app(scope("/v1/sources/typeform", headers), receive, send)  # type: ignore[arg-type]
    assert answers[0]["status"] == 400
    assert not publisher.records
