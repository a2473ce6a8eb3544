"""What is learned at a start is learned in parts: memory is bounded, however much there is."""

import tracemalloc

import pytest

from sinks.store.rows import Words
from streams.link import shown
from streams.link.lessons import lessons
from streams.link.likeness import learning
from streams.link.likeness.clean import MOST_LETTERS
from streams.link.likeness.learning import AT_ONCE, Taught
from streams.link.likeness.table import packaged

MOST_BYTES = 120 * 1024 * 1024


def test_eight_thousand_titles_and_lessons_are_taken_in_within_bounds() -> None:
    """All at once their rows would take some hundred megabytes."""
    texts = [f"sort the ledger by column {number}" for number in range(8 * AT_ONCE)]
    taught = Taught(packaged())
    tracemalloc.start()
    try:
        taught.meet(texts)
        taught.learn_all([(str(number % 7), text) for number, text in enumerate(texts)])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MOST_BYTES


def test_an_issue_that_is_taught_takes_three_kilobytes() -> None:
    """Beside what scoring needs: sums of 768 numbers, of four bytes each."""
    taught = Taught(packaged())
    taught.learn("0", "sort the ledger")
    tracemalloc.start()
    try:
        taught.learn_all([(str(number), f"sort by column {number}") for number in range(1, 1001)])
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held / 1000 < 3.5 * 1024


def test_in_parts_is_the_same_as_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also across the border of a part, bit for bit."""
    monkeypatch.setattr(learning, "AT_ONCE", 3)
    texts = [f"sort the ledger by column {number}" for number in range(7)]
    whole, single = Taught(packaged()), Taught(packaged())
    whole.meet(texts)
    whole.learn_all([("1", text) for text in texts])
    for text in texts:
        single.meet([text])
        single.learn("1", text)
    assert whole.state() == single.state()
    whole.part(texts[:5])
    assert whole.state() != single.state()
    single.part(texts[:5])
    assert whole.state() == single.state()


def test_a_lesson_is_no_longer_than_what_is_shown() -> None:
    """A remark of megabytes, accepted, is not kept in every worker's memory."""
    words = Words(remark_id=1, words="ledger " * MOST_LETTERS)
    (lesson,) = lessons(words, {7: None}, (), 1, ())
    assert len(lesson.text) <= shown.MOST_LETTERS < MOST_LETTERS
