"""Themes: who is in none yet, who joins which, and which are worth showing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from sinks.store.contract import Store
from sinks.store.learned import Guess
from sinks.store.postgres.store import PostgresStore
from sinks.store.rows import Outcome, Remark, Words
from sinks.store.themes import Loose, Member, Theme

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def hears(store: Store, id_: int, outcome: Outcome = "unmatched", **facts: Any) -> Remark:
    """A remark comes in."""
    known = {"version_at": NOW, "said_at": NOW, "outcome": outcome}
    made = Remark(id=id_, origin="form", record=str(id_), **known | facts)
    with store.transaction() as tx:
        tx.remarks.add([(made, _words(id_))])
    return made


def _words(id_: int) -> Words:
    return Words(remark_id=id_, words=f"words {id_}")


def guesses(store: Store, remark_id: int, *confidences: float, issue_id: int | None = 10) -> None:
    """Likeness is asked of each of its passages."""
    made = [
        Guess(
            remark_id=remark_id,
            passage=passage,
            issue_id=issue_id,
            features=(1.0,),
            confidence=confidence,
            tier="fast",
            basis="table",
            epics=7,
            audit=False,
            sure=False,
            at=NOW,
        )
        for passage, confidence in enumerate(confidences)
    ]
    with store.transaction() as tx:
        tx.learned.guess({remark_id}, made)


def theme(id_: int, **facts: Any) -> Theme:
    """One that its first remark has just made."""
    return Theme(id=id_, **{"vector": b"\x00\x01", "at": NOW, "joined_at": NOW} | facts)


def joins(store: Store, theme_id: int, *remark_ids: int, version_at: datetime = NOW) -> None:
    """Remarks join a theme, which is made where it is not there."""
    members = [
        Member(remark_id=id_, theme_id=theme_id, version_at=version_at, likeness=0.5)
        for id_ in remark_ids
    ]
    with store.transaction() as tx:
        tx.themes.put([theme(theme_id)], members)


def loose(store: Store, after: int = 0, limit: int = 9) -> list[int]:
    """The ids of remarks that are in no theme."""
    with store.transaction() as tx:
        return [one.remark.id for one in tx.themes.loose(after, limit)]


def test_who_waits_and_is_in_no_theme(store: Store) -> None:
    """By id, in pages; what is decided or withdrawn is left out."""
    for id_, outcome in enumerate(("unmatched", "suggested", "linked", "dismissed"), start=1):
        hears(store, id_, outcome)  # type: ignore[arg-type]
    hears(store, 5, withdrawn=True)
    hears(store, 6)
    joins(store, 1, 6)
    hears(store, 7)
    assert loose(store) == [1, 2, 7]
    assert loose(store, after=1) == [2, 7]
    assert loose(store, limit=1) == [1]


def test_how_likely_the_best_guess_is(store: Store) -> None:
    """Of all passages; none where nothing was near."""
    first, second, third = hears(store, 1), hears(store, 2), hears(store, 3)
    guesses(store, 1, 0.25, 0.5)
    guesses(store, 2, 0.75, issue_id=None)
    with store.transaction() as tx:
        assert tx.themes.loose(0, 9) == [
            Loose(remark=first, words=_words(1), confidence=0.5),
            Loose(remark=second, words=_words(2), confidence=None),
            Loose(remark=third, words=_words(3), confidence=None),
        ]


def test_a_newer_version_of_a_remark_is_in_no_theme_yet(store: Store) -> None:
    """Until it is sorted: then it is in one, perhaps another."""
    made = hears(store, 1)
    joins(store, 1, 1)
    newer = msgspec.structs.replace(made, version_at=NOW + DAY)
    with store.transaction() as tx:
        tx.remarks.revise([(newer, _words(1))])
    assert loose(store) == [1]
    joins(store, 2, 1, version_at=NOW + DAY)
    assert loose(store) == []
    with store.transaction() as tx:
        assert tx.themes.of({1, 9}) == {1: 2}


def test_themes_that_were_joined_last_may_be_joined(store: Store) -> None:
    """By id; one that has an epic grows no more."""
    themes = [theme(id_, joined_at=NOW + id_ * DAY) for id_ in (1, 2, 3)]
    with store.transaction() as tx:
        assert list(tx.themes.new_ids(2)) == [1, 2]
        tx.themes.put(themes, [])
        tx.themes.put([theme(1, joined_at=NOW + 9 * DAY, vector=b"other")], [])
        first = theme(1, joined_at=NOW + 9 * DAY)
        assert tx.themes.growing(2) == [first, themes[2]]
        tx.themes.settle(3, 10)
        assert tx.themes.growing(2) == [first, themes[1]]
        assert tx.themes.get(3) == msgspec.structs.replace(themes[2], issue_id=10)
        assert tx.themes.get(4) is None


def test_a_theme_counts_those_who_wait(store: Store) -> None:
    """Who is linked or dismissed has left it, and is back if that is undone."""
    for id_ in range(1, 7):
        hears(store, id_)
    joins(store, 1, 1, 2)
    joins(store, 2, 3, 4, 5)
    joins(store, 3, 6)
    with store.transaction() as tx:
        assert tx.themes.largest(2, 9) == [(theme(2), 3), (theme(1), 2)]
        assert tx.themes.largest(2, 1) == [(theme(2), 3)]
        tx.remarks.set_outcome({3: "linked", 4: "dismissed"})
        assert tx.themes.largest(2, 9) == [(theme(1), 2)]
        assert [one.id for one, _ in tx.themes.waiting(2, 9)] == [5]
        tx.remarks.set_outcome({3: "unmatched"})
        assert [words for _, words in tx.themes.waiting(2, 9)] == [_words(3), _words(5)]
        assert [one.id for one, _ in tx.themes.waiting(2, 1)] == [3]


def test_only_one_sorts_at_a_time(postgres_store: PostgresStore) -> None:
    """The other goes on without waiting, and may once the first is through."""
    with postgres_store.transaction() as first:
        assert first.themes.alone()
        with postgres_store.transaction() as second:
            assert not second.themes.alone()
    with postgres_store.transaction() as third:
        assert third.themes.alone()
