"""How a worker ends: what its threads are at is ended first, then the publisher is let go."""

import asyncio
from threading import Event
from types import SimpleNamespace
from typing import Any

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


def test_a_worker_has_a_thread_for_every_stage_and_piece_of_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All of them may wait for the broker at once, and names are looked up in threads as well."""
    seen: list[Any] = []

    class Host:
        def __init__(self, *_: Any, loop: asyncio.AbstractEventLoop, **__: Any) -> None:
            seen.append(loop._default_executor._max_workers)  # type: ignore[attr-defined]

        def execute_from_commandline(self) -> None:
            """Nothing to run."""

    ends = SimpleNamespace(close=lambda: None)
    parts = SimpleNamespace(publisher=FakePublisher(), mailer=ends, tracker=ends, store=ends)
    monkeypatch.setattr(run.faust, "Worker", Host)
    monkeypatch.setattr(run, "build", lambda _parts: None)
    run.run_app(parts)  # type: ignore[arg-type]
    assert seen == [run.THREADS]
    assert run.THREADS >= 24
