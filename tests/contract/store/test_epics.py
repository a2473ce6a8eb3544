"""Issues and versions of the tracker."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from schemas.events import Epic, FixVersion, Version
from sinks.contracts import Sighting
from sinks.store.contract import Epics, Store
from sinks.store.rows import EpicRow
from tests.contract.store.ways import Waits

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def named(id_: int = 7, *, released: bool = False, name: str = "1.0") -> FixVersion:
    """A version as an issue names it."""
    return FixVersion(id=str(id_), name=name, released=released)


def epic(
    id_: int = 10, key: str = "PROJ-1", versions: Sequence[FixVersion] = (), **facts: Any
) -> Epic:
    """An issue."""
    return Epic(id=str(id_), key=key, project_id="3", fix_versions=tuple(versions), **facts)


def seen(at: datetime = NOW, **facts: Any) -> Sighting:
    """A sighting of an issue."""
    return Sighting(epic=epic(**facts), updated_at=at)


def version(id_: int = 7, *, released: bool = False, name: str = "1.0", **facts: Any) -> Version:
    """A version as the tracker tells of it."""
    return Version(id=str(id_), project_id="3", name=name, released=released, **facts)


def put(store: Store, *sightings: Sighting) -> set[int]:
    """Put sightings in a transaction; the ids that changed."""
    with store.transaction() as tx:
        return tx.epics.put(sightings)


def say(store: Store, *versions: tuple[Version, datetime]) -> set[int]:
    """Put versions in a transaction; the ids of the issues that changed by it."""
    with store.transaction() as tx:
        return tx.epics.put_versions(versions)


def ask(store: Store, question: Callable[[Epics], Any]) -> Any:
    """Ask one question in a transaction of its own."""
    with store.transaction() as tx:
        return question(tx.epics)


def get(store: Store, id_: int = 10) -> EpicRow:
    """One issue that is there."""
    return ask(store, lambda epics: epics.get([id_]))[id_]


def test_an_issue_comes_back_whole(store: Store) -> None:
    """Every field, and the id that nobody knows is absent."""
    full = epic(
        versions=[named()],
        summary="Export",
        description="so\nthat",
        status="Done",
        status_category="done",
        resolution="Fixed",
        labels=("a", "b"),
        parent_id="9",
        url="https://tracker.example/PROJ-1",
    )
    assert put(store, Sighting(epic=full, updated_at=NOW)) == {10}
    assert ask(store, lambda epics: epics.get([10, 11])) == {
        10: EpicRow(issue_id=10, updated_at=NOW, epic=full, versions=(version(),))
    }
    assert put(store) == set()


def test_the_newest_sighting_is_kept_whatever_comes_last(store: Store) -> None:
    """By the tracker's clock, not by ours."""
    assert put(store, seen(summary="old")) == {10}
    assert put(store, seen(NOW + HOUR, summary="new")) == {10}
    assert put(store, seen(NOW + HOUR / 2, summary="late")) == set()
    assert get(store).epic.summary == "new"


def test_of_several_sightings_at_once_the_newest_is_kept(store: Store) -> None:
    """A batch may hold an issue's whole day."""
    put(store, seen(NOW + HOUR, summary="new"), seen(summary="old"))
    assert get(store).epic.summary == "new"


def test_the_same_again_changes_nothing(store: Store) -> None:
    """Also for those who ask what was written since."""
    put(store, seen())
    _, mark = ask(store, lambda epics: epics.since(0))
    assert put(store, seen()) == set()
    assert ask(store, lambda epics: epics.since(mark)) == ([], mark)


def test_the_same_later_changes_nothing_but_is_newer(store: Store) -> None:
    """A comment moves the tracker's clock; nobody needs to work anything out again."""
    put(store, seen(summary="same"))
    assert put(store, seen(NOW + HOUR, summary="same")) == set()
    assert put(store, seen(NOW + HOUR / 2, summary="late")) == set()
    assert get(store).updated_at == NOW + HOUR


def test_another_content_of_the_same_instant_is_taken(store: Store) -> None:
    """The tracker's clock is coarse; what came last is not older."""
    put(store, seen(summary="one"))
    assert put(store, seen(summary="other")) == {10}
    assert get(store).epic.summary == "other"


def test_a_version_that_an_issue_names_is_as_the_newest_says(store: Store) -> None:
    """Whoever said it: here a version event, then a late one."""
    put(store, seen(versions=[named()]))
    assert say(store, (version(released=True, released_on=date(2026, 3, 2)), NOW + HOUR)) == {10}
    assert get(store).versions == (version(released=True, released_on=date(2026, 3, 2)),)
    assert say(store, (version(), NOW)) == set()
    assert get(store).versions[0].released


def test_an_issue_tells_of_its_versions_for_other_issues_too(store: Store) -> None:
    """The other issue's audience may be due now."""
    put(store, seen(versions=[named()]), seen(id_=11, key="PROJ-2", versions=[named()]))
    put(store, seen(id_=12, key="PROJ-3"))
    later = seen(NOW + HOUR, id_=11, key="PROJ-2", versions=[named(released=True)])
    assert put(store, later) == {10, 11}
    assert get(store, 10).versions == (version(released=True),)


def test_an_issue_seen_earlier_does_not_take_a_release_back(store: Store) -> None:
    """Its payload is as old as its last change."""
    say(store, (version(released=True), NOW + HOUR))
    assert put(store, seen(versions=[named()])) == {10}
    assert get(store).versions[0].released


def test_of_several_words_on_a_version_at_once_the_newest_is_kept(store: Store) -> None:
    """A batch may hold a release and its correction."""
    put(store, seen(versions=[named()]))
    say(store, (version(released=True), NOW + 2 * HOUR), (version(), NOW + HOUR))
    assert get(store).versions[0].released


def test_a_version_named_later_without_a_change_changes_nothing(store: Store) -> None:
    """Repetition costs nobody anything."""
    put(store, seen(versions=[named()]))
    assert say(store, (version(), NOW + HOUR)) == set()
    assert say(store) == set()


def test_a_deleted_version_is_not_waited_for(store: Store) -> None:
    """A version that was removed will never be released."""
    put(store, seen(versions=[named(7), named(8)]))
    assert say(store, (version(deleted=True), NOW + HOUR)) == {10}
    assert [each.id for each in get(store).versions] == ["8"]


def test_a_version_keeps_its_project_when_an_issue_does_not_name_one(store: Store) -> None:
    """Tracker payloads may lack the project; the version event had it."""
    say(store, (version(), NOW))
    issue = Epic(id="10", key="PROJ-1", fix_versions=(named(released=True),))
    put(store, Sighting(epic=issue, updated_at=NOW + HOUR))
    assert get(store).versions == (version(released=True),)


def test_an_issue_that_no_longer_names_a_version_does_not_depend_on_it(store: Store) -> None:
    """Its fix version was taken off."""
    put(store, seen(versions=[named()]))
    put(store, seen(NOW + HOUR))
    assert say(store, (version(released=True), NOW + HOUR)) == set()
    assert get(store).versions == ()


def test_the_issues_that_name_a_version_are_found(store: Store) -> None:
    """As they name it now."""
    put(store, seen(versions=[named(7), named(8)]), seen(id_=11, key="PROJ-2", versions=[named(8)]))
    put(store, seen(NOW + HOUR, versions=[named(7)]))
    assert ask(store, lambda it: it.naming({7})) == {10}
    assert ask(store, lambda it: it.naming({8, 9})) == {11}
    assert ask(store, lambda it: it.naming(set())) == set()


def test_an_issue_is_found_by_every_key_that_it_had(store: Store) -> None:
    """The key changes when an issue moves; remarks go on naming the old one."""
    put(store, seen(key="PROJ-1"))
    put(store, seen(NOW + HOUR, key="NEW-5"))
    keys = ["PROJ-1", "NEW-5", "PROJ-2"]
    assert ask(store, lambda it: it.ids_of_keys(keys)) == {"PROJ-1": 10, "NEW-5": 10}
    assert ask(store, lambda it: it.projects()) == {"PROJ", "NEW"}


def test_issues_that_are_gone_are_known_as_such(store: Store) -> None:
    """Until they come back; of one that nobody told us of nothing is said."""
    put(store, seen(), seen(id_=11, key="PROJ-2"))
    assert ask(store, lambda it: it.deleted([10, 11, 12])) == set()
    put(store, seen(NOW + HOUR, deleted=True))
    assert ask(store, lambda it: it.deleted([10, 11, 12])) == {10}
    assert ask(store, lambda it: it.deleted([11])) == ask(store, lambda it: it.deleted([])) == set()
    put(store, seen(NOW + 2 * HOUR))
    assert ask(store, lambda it: it.deleted([10, 11])) == set()


def test_projects_are_those_of_this_very_moment(store: Store) -> None:
    """A project is known in the transaction that brings it; names that begin alike are apart."""
    assert ask(store, lambda it: it.projects()) == set()
    names = ["A", "A1", "AB", "A_B", "B", "Z_", "ZZ"]
    for number, name in enumerate(names, start=1):
        with store.transaction() as tx:
            keys = [f"{name}-{1 + each}" for each in range(3)]
            tx.epics.put([seen(id_=10 * number + each, key=key) for each, key in enumerate(keys)])
            assert tx.epics.projects() == set(names[:number])
    assert ask(store, lambda it: it.projects()) == set(names)


def test_a_former_key_that_is_heard_of_late_is_known_too(store: Store) -> None:
    """A late sighting is too old to count, but it proves the key."""
    put(store, seen(NOW + HOUR, key="NEW-5"))
    put(store, seen(key="PROJ-1"))
    assert ask(store, lambda it: it.ids_of_keys(["PROJ-1", "NEW-5"])) == {
        "PROJ-1": 10,
        "NEW-5": 10,
    }
    assert get(store).epic.key == "NEW-5"


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)])
def test_a_key_that_went_to_another_issue_is_that_ones_in_any_order(
    store: Store, order: tuple[int, ...]
) -> None:
    """The first left it at some instant that nobody told us."""
    told = [
        seen(id_=10, key="PROJ-1"),
        seen(NOW + HOUR, id_=10, key="NEW-5"),
        seen(NOW + HOUR / 2, id_=11, key="PROJ-1"),
    ]
    for number in order:
        put(store, told[number])
    assert ask(store, lambda it: it.ids_of_keys(["PROJ-1"])) == {"PROJ-1": 11}


def test_of_two_issues_that_claim_one_key_the_newer_has_it(store: Store) -> None:
    """One of them is out of date."""
    put(store, seen(id_=11), seen(NOW + HOUR, id_=10))
    assert ask(store, lambda it: it.ids_of_keys(["PROJ-1"])) == {"PROJ-1": 10}
    put(store, seen(NOW + 2 * HOUR, id_=11))
    assert ask(store, lambda it: it.ids_of_keys(["PROJ-1"])) == {"PROJ-1": 11}


def test_since_a_mark_are_those_that_were_written_after_it(store: Store) -> None:
    """An unchanged issue is not told again."""
    assert ask(store, lambda it: it.since(0)) == ([], 0)
    put(store, seen(), seen(id_=11, key="PROJ-2"))
    rows, mark = ask(store, lambda it: it.since(0))
    assert {row.issue_id for row in rows} == {10, 11}
    put(store, seen(NOW + HOUR, summary="new"))
    rows, mark = ask(store, lambda it: it.since(mark))
    assert [(row.issue_id, row.epic.summary) for row in rows] == [(10, "new")]
    assert ask(store, lambda it: it.since(mark)) == ([], mark)


def test_no_write_is_missed_whichever_transaction_ends_first(store: Store, waits: Waits) -> None:
    """A later mark is never visible before an earlier one, so the second writer waits."""
    waits(
        store,
        lambda tx: tx.epics.put([seen()]),
        lambda tx: tx.epics.put([seen(id_=11, key="PROJ-2")]),
    )
    rows, _ = ask(store, lambda it: it.since(0))
    assert [row.issue_id for row in rows] == [10, 11]
