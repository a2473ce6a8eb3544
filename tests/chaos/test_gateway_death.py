"""The gateway dies after the broker has a delivery and before the vendor has its answer."""

import os
import sys
from pathlib import Path

import httpx
import pytest

from deploy.embedded.process import Launch, ServerProcess
from streams.system import STOPS
from tests.chaos.crowd import Crowd
from tests.e2e.vendors import typeform_response
from tests.e2e.world import World, ago

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

DIES_AFTER_PRODUCING = """
import os, signal
from sinks.kafka.publisher import KafkaPublisher
from streams.collect.serve import run_gateway
from streams.settings import load

publish = KafkaPublisher.publish

async def publish_and_die(self, records):
    await publish(self, records)
    if records:
        os.kill(os.getpid(), signal.SIGKILL)

KafkaPublisher.publish = publish_and_die
run_gateway(load(os.environ))
"""


def test_the_vendor_tries_again_and_the_remark_is_one(
    world: World, workers: list[ServerProcess], crowd: Crowd
) -> None:
    """Two deliveries on the topic under one key, one remark in the store."""
    body = typeform_response(
        f"retried{crowd.tag}",
        "We retype every number.",
        at=ago(minutes=5),
        customer="pat@acme.example",
        rep="dana@us.example",
    )
    world.system.start_worker()
    world.system.gateway.stop()
    doomed = _doomed_gateway(world)
    world.until("the gateway", lambda: _answers(world))
    with pytest.raises(httpx.TransportError):
        world.senders.typeform(body)
    world.until("its death", lambda: not doomed.alive)
    assert len(world.records("source.typeform")) == 1

    world.system.start_gateway()
    delivery = world.senders.typeform(body)
    assert [r.key.decode() for r in world.records("source.typeform")] == [delivery, delivery]
    feedback_id = f"typeform:retried{crowd.tag}"
    world.until("the remark", lambda: world.remark(feedback_id))
    world.until("every offset", lambda: world.lag() == {})
    assert world.rows("SELECT origin, record FROM remark WHERE origin = 'typeform'") == [
        ("typeform", f"retried{crowd.tag}")
    ]
    assert workers[0].alive


def _doomed_gateway(world: World) -> ServerProcess:
    process = ServerProcess(Path(world.system.home), "doomed-gateway")
    line = [sys.executable, "-c", DIES_AFTER_PRODUCING]
    environment = {**os.environ, **world.system.environment()}
    process.start(lambda: Launch(line, STOPS, env=environment))
    return process


def _answers(world: World) -> bool:
    try:
        return httpx.get(f"{world.system.gateway_url}/health/ready", timeout=5).is_success
    except httpx.TransportError:
        return False
