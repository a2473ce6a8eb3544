"""What the gateway says of itself: health, metrics, its log and its description."""

import asyncio
import json

import pytest
from structlog.testing import capture_logs

from sinks.kafka.fake import FakePublisher
from streams.clock import HandClock
from streams.collect.gateway import gateway_app
from tests.integration.gateway.world import (
    BODY,
    JSON,
    NOW,
    SETTINGS,
    Client,
    path,
    problem,
    serving,
    typeform,
)


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
