"""The gateway as a process, on a real broker: a signed request in, an event out, a clean end."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import httpx
import pytest
from kafka import KafkaConsumer, TopicPartition

from deploy.embedded import EmbeddedKafka
from schemas.events import FeedbackReceived
from schemas.topics import LARGEST_BODY_BYTES, topic
from sinks.kafka.admin import create_missing
from streams.collect.sources.tests.helpers import fixture
from streams.collect.sources.typeform.verify import signature_of
from streams.collect.stage import CollectStage

SECRET = "a typeform secret"
BODY = fixture("typeform", "response")
PROGRAM = (
    "import os; from streams.settings import load; from streams.collect.serve import run_gateway;"
    "run_gateway(load(os.environ))"
)
WAIT_S = 30
HTTP = httpx.Client(timeout=WAIT_S, limits=httpx.Limits(max_keepalive_connections=0))


@contextmanager
def gateway(bootstrap_servers: str) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """A gateway process and its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
        "CLOSELOOP_GATEWAY_PORT": str(port),
        "CLOSELOOP_TYPEFORM_SECRET": SECRET,
    }
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], env=environment)  # noqa: S603 ours
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: answers(f"{address}/health/live"))
        yield address, process
    finally:
        process.kill()
        process.wait(WAIT_S)


def answers(url: str) -> bool:
    """Whether somebody says 200 there."""
    try:
        return HTTP.get(url).status_code == 200
    except httpx.TransportError:
        return False


def wait_for(condition: Callable[[], bool]) -> None:
    """Until it holds, or the test has failed."""
    until = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.05)


def post(address: str, body: bytes) -> httpx.Response:
    """A form's response, signed."""
    headers = {
        "Content-Type": "application/json",
        "Typeform-Signature": signature_of(SECRET, body),
    }
    return HTTP.post(f"{address}/v1/sources/typeform", content=body, headers=headers)


def kept(bootstrap_servers: str) -> list[Any]:
    """Every delivery on the topic."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap_servers, auto_offset_reset="earliest")
    try:
        parts = [TopicPartition("source.typeform", n) for n in range(4)]
        consumer.assign(parts)
        return list(islice(consumer, sum(consumer.end_offsets(parts).values())))
    finally:
        consumer.close()


@pytest.fixture(scope="module")
def broker(fresh_kafka: EmbeddedKafka) -> EmbeddedKafka:
    """With the topic that is written to."""
    create_missing(fresh_kafka.bootstrap_servers, [topic("source.typeform")])
    return fresh_kafka


def test_a_signed_request_becomes_an_event(broker: EmbeddedKafka) -> None:
    """What was posted is on Kafka when 202 is said, and reads as a remark."""
    with gateway(broker.bootstrap_servers) as (address, _):
        wait_for(lambda: answers(f"{address}/health/ready"))
        answer = post(address, BODY)
        assert answer.status_code == 202
        (record,) = kept(broker.bootstrap_servers)
    assert (record.value, record.key) == (BODY, answer.json()["delivery"].encode())
    (outgoing,) = CollectStage().read(record, datetime.now(UTC)).outgoing
    event = json.loads(outgoing.value or b"")
    assert event["type"] == FeedbackReceived.__struct_config__.tag
    assert event["data"]["customer"]["email"] == "ada@acme.example"


def test_two_hundred_at_once_and_a_body_too_large_among_them(broker: EmbeddedKafka) -> None:
    """All are taken but that one, whose sender reads why."""
    before = len(kept(broker.bootstrap_servers))
    bodies = [BODY.replace(b"01J3Y6T9K4QZ7S8D2M5V1N0B3C", b"burst-%d" % n) for n in range(200)]
    with gateway(broker.bootstrap_servers) as (address, _), ThreadPoolExecutor(40) as pool:
        wait_for(lambda: answers(f"{address}/health/ready"))
        large = pool.submit(post, address, b"x" * (3 * LARGEST_BODY_BYTES))
        told = list(pool.map(lambda body: post(address, body).status_code, bodies))
        assert told == [202] * 200
        assert large.result().status_code == 413
    assert len(kept(broker.bootstrap_servers)) == before + 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(broker: EmbeddedKafka, number: signal.Signals) -> None:
    """Exit status 0: it was asked to stop, and did."""
    with gateway(broker.bootstrap_servers) as (address, process):
        assert post(address, BODY).status_code == 202
        process.send_signal(number)
        assert process.wait(WAIT_S) == 0


def test_without_a_broker_it_is_alive_and_takes_nothing() -> None:
    """503 with the time to come back, and a clean end all the same."""
    with gateway("127.0.0.1:1") as (address, process):
        answer = post(address, BODY)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
        assert HTTP.get(f"{address}/health/ready").status_code == 503
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT_S) == 0
