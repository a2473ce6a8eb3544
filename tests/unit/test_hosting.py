"""Channels between reader and stage keep what is in them, whatever Faust's own consumer does."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import faust
import pytest

from streams.batches import Batch
from streams.hosting import IN_FLIGHT, bounded_channel, read_all, write_all
from streams.stage import Prepared


def app_in(folder: Path) -> faust.App:
    """An app that nobody starts."""
    return faust.App("hosting", store="memory://", datadir=str(folder), autodiscover=False)


async def test_a_rebalance_empties_no_full_channel_and_lets_who_waits_put(tmp_path: Path) -> None:
    """Another worker joins while the stage is behind: no batch is lost, the reader goes on."""
    app = app_in(tmp_path)
    channel = bounded_channel(app, IN_FLIGHT)
    batches = channel.clone(is_iterator=False).__aiter__()  # as an agent does
    app.flow_control.resume()
    for number in range(IN_FLIGHT):
        await channel.put(number)  # type: ignore[arg-type] - any value may be put
    waiting = asyncio.create_task(channel.put(IN_FLIGHT))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    app.flow_control.suspend()
    app.flow_control.clear()
    app.flow_control.resume()
    assert not waiting.done()
    found = [await asyncio.wait_for(anext(batches), 5) for _ in range(IN_FLIGHT + 1)]
    assert found == list(range(IN_FLIGHT + 1))
    await asyncio.wait_for(waiting, 1)


async def test_a_channel_is_as_full_as_it_was_made(tmp_path: Path) -> None:
    """One more waits: that is the back-pressure."""
    app = app_in(tmp_path)
    app.flow_control.resume()
    channel = bounded_channel(app, 1)
    batches = channel.clone(is_iterator=False).__aiter__()
    await channel.put(1)  # type: ignore[arg-type]
    more = asyncio.create_task(channel.put(2))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    assert not more.done()
    assert await anext(batches) == 1  # type: ignore[comparison-overlap]
    await asyncio.wait_for(more, 5)


class Runner:
    """A stage that cannot do either half."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    async def prepare(self, _batch: Batch) -> Prepared[Any]:
        """Fail."""
        raise self._error

    async def commit(self, _prepared: Prepared[Any]) -> None:
        """Fail."""
        raise self._error


async def two_of(one: Any) -> AsyncIterator[Any]:
    """A channel with as many in it."""
    yield one
    yield one


@pytest.mark.parametrize("error", [RuntimeError("no thread"), asyncio.CancelledError()])
@pytest.mark.parametrize("half", ["read", "write"])
async def test_a_turn_is_over_whatever_becomes_of_its_batch(
    half: str, error: BaseException
) -> None:
    """A turn that was lost would be missing for ever: two of them, and the stage stands still."""
    turns, runner = asyncio.Semaphore(0), Runner(error)
    batch = Batch([], (), 0)
    if half == "read":
        work = read_all(two_of(batch), runner, asyncio.Queue[Any]().put, turns)  # type: ignore[arg-type]
    else:
        work = write_all(two_of(Prepared(batch, [], [])), runner, turns)  # type: ignore[arg-type]
    with pytest.raises(type(error)):
        await work
    await asyncio.wait_for(turns.acquire(), 1)
    assert turns.locked()
