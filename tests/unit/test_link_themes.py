"""Remarks that no issue is about: grouped with their like, for good, and named by their words."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.store.fake import FakeStore
from sinks.store.learned import Guess
from sinks.store.rows import Outcome, Remark, Words
from streams.link import theming
from streams.link.likeness.table import packaged
from streams.link.themes import ALIKE, STEPS, name_of, rows_of, sort
from streams.link.theming import AGAIN, Themes

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
EXPORT = (
    "Please let us export invoices as a spreadsheet",
    "We want to export our invoices as a spreadsheet file",
    "Exporting invoices as a spreadsheet would help us",
)
HOLIDAY = (
    "The calendar ignores public holidays in Norway",
    "Public holidays in Norway are missing in the calendar",
)


def rows(*texts: str) -> Any:
    """As the sorter sees them."""
    return rows_of(packaged(), texts)


NONE = rows("x")[:0]


def test_like_joins_like() -> None:
    """In the order in which they come; the first of each leads."""
    places = sort(NONE, rows(EXPORT[0], HOLIDAY[0], EXPORT[1], HOLIDAY[1], EXPORT[2]))
    assert [place.at for place in places] == [0, 1, 0, 1, 0]
    assert places[0].likeness == 1
    assert all(ALIKE <= place.likeness <= 1 for place in places)


def test_a_row_that_is_like_nothing_joins_nobody() -> None:
    """Not even its own kind."""
    zeros = np.zeros_like(rows("x", "y"))
    assert [place.at for place in sort(NONE, zeros)] == [0, 1]
    assert not rows("", "!?").any()


@given(st.lists(st.sampled_from([*EXPORT, *HOLIDAY, "Login fails", "Login fails again"])))
def test_later_remarks_never_move_earlier_ones(texts: list[str]) -> None:
    """Whatever comes behind, and however it is cut into rounds."""
    every = rows(*texts) if texts else NONE
    whole = [place.at for place in sort(NONE, every)]
    for cut in range(len(texts)):
        first = [place.at for place in sort(NONE, every[:cut])]
        assert whole[:cut] == first
        heads = [first.index(at) for at in range(len(set(first)))]
        assert whole[cut:] == [place.at for place in sort(every[heads], every[cut:])]


def test_rows_are_the_same_in_any_company() -> None:
    """Whole numbers, of the length that the threshold is for."""
    alone, beside = rows(EXPORT[0])[0], rows(HOLIDAY[0], EXPORT[0])[1]
    assert (alone == beside).all()
    assert np.linalg.norm(alone.astype(float)) == pytest.approx(STEPS, rel=0.01)


def test_a_theme_is_named_by_its_own_words() -> None:
    """Not by what everybody says, not by numbers or customers, and no word twice."""
    texts = [f"Hello, {text} 2026, says Kim of Acme" for text in EXPORT]
    others = [f"Hello, {text} says somebody" for text in HOLIDAY * 5]
    name = name_of(texts, others, ["Kim Olsen", "Acme Ltd", "acme.example"])
    assert set(name.split()) == {"export", "invoices", "spreadsheet"}


def test_what_only_one_remark_says_is_in_no_name() -> None:
    """It could give one customer away."""
    assert name_of(["ledger broken", "ledger wrong"], [], []) == "ledger"
    assert name_of(["alpha", "beta"], [], [], "theme 7") == "theme 7"


@dataclass
class Room:
    """A store in which remarks wait, and one worker that sorts them."""

    store: FakeStore
    work: Themes
    ids: dict[str, int] = field(default_factory=dict)

    def hears(
        self, words: str, outcome: Outcome = "unmatched", confidence: float | None = None
    ) -> int:
        """A remark comes in."""
        with self.store.transaction() as tx:
            (id_,) = tx.remarks.new_ids(1)
            made = Remark(
                id=id_,
                origin="form",
                record=str(id_),
                version_at=NOW,
                said_at=NOW,
                outcome=outcome,
            )
            tx.remarks.add([(made, Words(remark_id=id_, words=words))])
            if confidence is not None:
                tx.learned.guess({id_}, [_guess(id_, confidence)])
        return id_

    def sorts(self, now: datetime = NOW) -> list[int]:
        """Everything that is due, as often as there is more; how much each round looked at."""
        done = []
        while looked := self.work.sort_new(now):
            done.append(looked)
        return done

    def of(self, ids: Sequence[int]) -> list[int | None]:
        """The theme of each remark."""
        with self.store.transaction() as tx:
            found = tx.themes.of(ids)
        return [found.get(id_) for id_ in ids]


def _guess(remark_id: int, confidence: float) -> Guess:
    return Guess(
        remark_id=remark_id,
        passage=0,
        issue_id=10,
        features=(1.0,),
        confidence=confidence,
        tier="fast",
        basis="table",
        epics=7,
        audit=False,
        sure=False,
        at=NOW,
    )


@pytest.fixture
def room() -> Room:
    """Empty."""
    store = FakeStore()
    store.open()
    return Room(store, Themes(store))


def test_what_is_near_nothing_is_sorted(room: Room) -> None:
    """Unmatched, or suggested by a weak guess; what has a good guess is left to a person."""
    first, second = room.hears(EXPORT[0]), room.hears(EXPORT[1], "suggested", 0.1)
    good = room.hears(EXPORT[2], "suggested", 0.6)
    other = room.hears(HOLIDAY[0])
    room.sorts()
    assert room.of([first, second, good, other]) == [1, 1, None, 2]


def test_a_new_remark_joins_what_is_there_and_moves_nothing(room: Room) -> None:
    """In a later round, by another worker too; nobody is sorted twice."""
    early = [room.hears(EXPORT[0]), room.hears(HOLIDAY[0])]
    assert room.sorts() == [2]
    late = room.hears(EXPORT[1])
    assert Room(room.store, Themes(room.store)).sorts() == [1]
    assert room.of([*early, late]) == [1, 2, 1]


def test_rounds_are_bounded(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """And go on where the last one ended."""
    monkeypatch.setattr(theming, "AT_ONCE", 2)
    ids = [room.hears(text) for text in (*EXPORT, *HOLIDAY)]
    assert room.sorts() == [2, 2, 1]
    assert room.of(ids) == [1, 1, 1, 2, 2]


def test_what_a_person_lets_go_is_looked_at_again(room: Room) -> None:
    """After a while: until then the worker looks at what is new alone."""
    id_ = room.hears(EXPORT[0], "suggested", 0.6)
    room.sorts()
    with room.store.transaction() as tx:
        tx.remarks.set_outcome({id_: "unmatched"})
    room.sorts(NOW + timedelta(seconds=5))
    assert room.of([id_]) == [None]
    room.sorts(NOW + AGAIN)
    assert room.of([id_]) == [1]


def test_nothing_joins_a_theme_that_has_an_epic(room: Room) -> None:
    """What comes then is like the epic, or begins anew."""
    first = room.hears(EXPORT[0])
    room.sorts()
    with room.store.transaction() as tx:
        tx.themes.settle(1, 10)
    second = room.hears(EXPORT[1])
    room.sorts()
    assert room.of([first, second]) == [1, 2]


def test_words_that_say_nothing_are_in_no_theme(room: Room) -> None:
    """Two rows of nothing are not alike."""
    ids = [room.hears("!?"), room.hears("...")]
    room.sorts()
    assert room.of(ids) == [None, None]
