"""A gateway that runs, in front of a broker in memory."""

from collections.abc import AsyncIterator

import pytest

from sinks.kafka.fake import FakePublisher
from streams.clock import HandClock
from streams.collect.gateway import gateway_app
from tests.integration.gateway.world import NOW, SETTINGS, Client, seen, serving


@pytest.fixture
def publisher() -> FakePublisher:
    """In memory."""
    return FakePublisher()


@pytest.fixture
async def client(publisher: FakePublisher) -> AsyncIterator[Client]:
    """The gateway, running."""
    app = gateway_app(SETTINGS, publisher, HandClock(NOW), [seen])
    async with serving(app) as running:
        yield running
