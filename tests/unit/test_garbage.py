"""Circular garbage is looked for in passing, before there is so much that all stands still."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from streams.garbage import FEW, MANY, THRESHOLDS, look


class Circle:
    """Refers to itself: only the collector ends it."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture(autouse=True)
def _only_when_asked() -> Iterator[None]:
    """No collection but those of the test."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def test_a_few_thousand_young_objects_are_looked_through() -> None:
    """What statements made for one use leave behind in a second or so."""
    gone = weakref.ref(Circle())
    circles = [Circle() for _ in range(2 * FEW)]
    assert FEW < gc.get_count()[0] < MANY
    await look()
    assert gone() is None
    assert len(circles) == 2 * FEW


@pytest.mark.parametrize("count", [0, 2 * MANY])
async def test_neither_next_to_none_nor_whole_batches_are(count: int) -> None:
    """The objects of batches under way are not garbage, and going through them takes long."""
    batches = [Circle() for _ in range(count)]
    left = weakref.ref(Circle())
    await look()
    assert left() is not None
    assert len(batches) == count


async def test_what_outlives_a_look_is_looked_at_again_later() -> None:
    """Else every circle that is in use just then would stay for good."""
    gone = []
    for _ in range(THRESHOLDS[1] + 2):
        in_use = Circle()
        gone.append(weakref.ref(in_use))
        young = [Circle() for _ in range(2 * FEW)]
        await look()
        del in_use
    assert len(young) == 2 * FEW
    assert [at for at, each in enumerate(gone) if each() is not None] == [THRESHOLDS[1] + 1]
