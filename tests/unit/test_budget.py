"""How many records a batch asks for: many small ones, few large ones, and always at least one."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.budget import MAX_BYTES, MAX_RECORDS, STEP, Budget, size_of


class Given(msgspec.Struct):
    """As much of a record as has a size."""

    value: bytes | None = None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


class Sizes:
    """A topic of records of these sizes; a batch after the other is cut from it."""

    def __init__(self, sizes: list[int]) -> None:
        self.left = sizes
        self.budget = Budget()

    def batch(self) -> list[int]:
        """The next batch."""
        self.budget.begin()
        taken: list[int] = []
        while self.left and (room := self.budget.room()):
            step, self.left = self.left[:room], self.left[room:]
            self.budget.take([Given(bytes(size)) for size in step])
            taken += step
        return taken


def test_small_records_fill_a_batch_by_their_number() -> None:
    """In whole steps."""
    topic = Sizes([1_000] * 2 * MAX_RECORDS)
    assert [len(topic.batch()), len(topic.batch())] == [MAX_RECORDS, MAX_RECORDS]


def test_large_records_fill_a_batch_by_their_bytes() -> None:
    """Once it is known how large they are; the first step could not be foreseen."""
    size = 1_000_000
    topic = Sizes([size] * 300)
    first, *others = [topic.batch() for _ in range(10)]
    assert len(first) <= STEP
    assert {len(each) for each in others} == {MAX_BYTES // size}


@pytest.mark.parametrize("size", [MAX_BYTES, MAX_BYTES + 1, 3 * MAX_BYTES])
def test_a_record_as_large_as_a_batch_comes_alone(size: int) -> None:
    """It is never refused, and nothing rides along once its like was seen."""
    topic = Sizes([size] * 4)
    topic.batch()
    topic.budget.begin()
    assert topic.budget.room() == 1
    topic.budget.take([Given(bytes(size))])
    assert topic.budget.room() == 0


def test_large_records_are_forgotten_by_halves() -> None:
    """One giant does not slow the reader down for long."""
    budget = Budget()
    budget.take([Given(bytes(MAX_BYTES))])
    steps = 0
    budget.begin()
    while budget.room() < STEP:
        budget.begin()
        budget.take([Given(b"small")])
        steps += 1
    assert steps < 12


def test_everything_of_a_record_counts() -> None:
    """Headers can be as large as values; null is nothing."""
    assert size_of(Given(b"12345", b"123", (("ab", b"1234"), ("c", b"")))) == 15
    assert size_of(Given()) == 0


@given(st.lists(st.integers(0, 3 * MAX_BYTES // 100), max_size=300))
def test_no_batch_holds_more_than_its_budget_and_one_step(sizes: list[int]) -> None:
    """Whatever comes after whatever; and every record comes."""
    scaled = Sizes(sizes)
    seen: list[int] = []
    while scaled.left:
        batch = scaled.batch()
        assert batch
        assert sum(batch) <= MAX_BYTES + STEP * max(batch)
        seen += batch
    assert seen == sizes
