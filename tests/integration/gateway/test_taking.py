"""What the gateway takes, and that it never says 202 too early."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from schemas.delivery import decode_delivery
from sinks.contracts import Outgoing
from sinks.kafka.fake import FakePublisher
from tests.integration.gateway.world import BODY, JSON, NOW, SENT, Client, path, typeform


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


async def test_two_hundred_at_once_are_all_taken(client: Client, publisher: FakePublisher) -> None:
    """A form that was sent to everybody."""
    bodies = [BODY.replace(b"01J3Y6T9K4QZ7S8D2M5V1N0B3C", b"event-%d" % n) for n in range(200)]
    answers = await asyncio.gather(
        *(client.post(path("typeform"), content=each, headers=typeform(each)) for each in bodies)
    )
    assert {answer.status_code for answer in answers} == {202}
    assert {record.key for record in publisher.records} == {b"event-%d" % n for n in range(200)}
