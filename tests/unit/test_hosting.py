"""Channels between reader and stage keep what is in them, whatever Faust's own consumer does."""

import asyncio
from pathlib import Path

import faust

from streams.hosting import WAITING_BATCHES, bounded_channel


def app_in(folder: Path) -> faust.App:
    """An app that nobody starts."""
    return faust.App("hosting", store="memory://", datadir=str(folder), autodiscover=False)


async def test_a_rebalance_empties_no_full_channel_and_lets_who_waits_put(tmp_path: Path) -> None:
    """Another worker joins while the stage is behind: no batch is lost, the reader goes on."""
    app = app_in(tmp_path)
    channel = bounded_channel(app, WAITING_BATCHES)
    batches = channel.clone(is_iterator=False).__aiter__()  # as an agent does
    app.flow_control.resume()
    for number in range(WAITING_BATCHES):
        await channel.put(number)  # type: ignore[arg-type] - any value may be put
    waiting = asyncio.create_task(channel.put(WAITING_BATCHES))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    app.flow_control.suspend()
    app.flow_control.clear()
    app.flow_control.resume()
    assert not waiting.done()
    found = [await asyncio.wait_for(anext(batches), 5) for _ in range(WAITING_BATCHES + 1)]
    assert found == list(range(WAITING_BATCHES + 1))
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
