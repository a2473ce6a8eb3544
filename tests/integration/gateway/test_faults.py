"""What a sender is told while something of ours is away or wrong."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from schemas.errors import SinkBusy, SinkRefused, SinkUnreachable
from sinks.contracts import Outgoing
from sinks.kafka.fake import FakePublisher
from streams.clock import HandClock
from streams.collect import intake
from streams.collect.gateway import gateway_app
from streams.settings import Settings
from tests.integration.gateway.world import (
    BODY,
    NOW,
    SENT,
    Client,
    path,
    problem,
    sendgrid,
    serving,
    typeform,
)


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
