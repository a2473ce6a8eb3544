"""How a worker ends: what its threads are at is ended first, then the publisher is let go."""

import asyncio
import gc
from collections.abc import Iterator
from threading import Event
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from sinks.kafka.fake import FakePublisher
from streams.commands import run


async def test_a_stop_waits_for_the_threads_before_it_closes_the_publisher() -> None:
    """A mail that is being handed over is settled."""
    publisher, handed_over = FakePublisher(), Event()
    publishing = run.Publishing(SimpleNamespace(publisher=publisher))  # type: ignore[arg-type]
    await publishing.on_start()

    def hand_over() -> bool:
        handed_over.wait(10)
        return publisher.is_open

    work = asyncio.create_task(asyncio.to_thread(hand_over))
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_later(0.05, handed_over.set)
    await publishing.on_stop()
    assert await work is True
    assert not publisher.is_open


async def test_a_thread_that_does_not_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while; what it was at is taken up again after the next start."""
    monkeypatch.setattr(run, "GRACE_S", 0.05)
    publisher, never = FakePublisher(), Event()
    publishing = run.Publishing(SimpleNamespace(publisher=publisher))  # type: ignore[arg-type]
    await publishing.on_start()
    work = asyncio.create_task(asyncio.to_thread(never.wait, 10))
    await asyncio.sleep(0)
    await publishing.on_stop()
    assert not publisher.is_open
    never.set()
    await work


class Host:
    """Stands for Faust's worker: says what it finds when it would run, and runs nothing."""

    seen: ClassVar[dict[str, int]] = {}

    def __init__(self, *_: Any, loop: asyncio.AbstractEventLoop, **__: Any) -> None:
        self.seen["threads"] = loop._default_executor._max_workers  # type: ignore[attr-defined]

    def execute_from_commandline(self) -> None:
        """What the collector leaves out by now."""
        self.seen["left out"] = gc.get_freeze_count()


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, int]]:
    """What a worker is given before it runs."""
    ends = SimpleNamespace(close=lambda: None)
    parts = SimpleNamespace(publisher=FakePublisher(), mailer=ends, tracker=ends, store=ends)
    monkeypatch.setattr(run.faust, "Worker", Host)
    monkeypatch.setattr(run, "build", lambda _parts: None)
    run.run_app(parts)  # type: ignore[arg-type]
    yield Host.seen
    gc.unfreeze()


def test_a_worker_has_a_thread_for_every_stage_and_piece_of_work(found: dict[str, int]) -> None:
    """All of them may wait for the broker at once, and names are looked up in threads as well."""
    assert found["threads"] == run.THREADS
    assert run.THREADS >= 24


def test_what_is_there_at_the_start_is_looked_through_never_again(found: dict[str, int]) -> None:
    """All that was imported: hundreds of thousands of objects that are no garbage."""
    assert found["left out"] > 100_000
