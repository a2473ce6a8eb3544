"""Newer versions of many remarks: what is known of them is asked once, not remark by remark."""

from collections import Counter
from collections.abc import Collection
from itertools import count
from typing import Any

import pytest

from sinks.store.fake.links import FakeLinks
from sinks.store.fake.remarks import FakeRemarks
from tests.unit.link_world import World

ASKED = (
    (FakeLinks, "of_remarks"),
    (FakeRemarks, "get"),
    (FakeRemarks, "find"),
    (FakeRemarks, "hold"),
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each question was put to the store."""
    counts: Counter[str] = Counter()
    for shelf, name in ASKED:
        plain = getattr(shelf, name)

        def counted(self: Any, what: Collection[int], *, of: str = name, by: Any = plain) -> Any:
            counts[of] += 1
            return by(self, what)

        monkeypatch.setattr(shelf, name, counted)
    return counts


@pytest.mark.parametrize("many", [1, 20])
def test_what_is_known_of_newer_versions_is_asked_once(asked: Counter[str], many: int) -> None:
    """Their remarks once, their links once before and once after."""
    world = World()
    words = [f"The export in APP-{number % 5 + 1} is slow" for number in range(many)]
    ids = world.hears(*words)
    asked.clear()
    world._numbers = count(1)  # the same records once more
    assert world.hears(*(f"{text}, every Friday" for text in words), later=5) == ids
    assert asked == {"of_remarks": 2, "hold": 1}
    with world.store.transaction() as tx:
        found = tx.remarks.hold(ids)
    assert len(found) == many
    assert all(said is not None and "Friday" in said.words for _, said in found.values())
