"""What a table is adapted to, what is held out, and when the new one is worse."""

from datetime import timedelta

import msgspec
import pytest

from schemas.events import Epic
from sinks.contracts import Sighting
from sinks.store.fake import FakeStore
from sinks.store.learned import Lesson
from streams.link import adapt, texts
from streams.link.adapt import Change, Gained, TooFew, samples
from streams.link.likeness import table
from streams.link.texts import HELD_OUT, Text, draw, is_held_out
from tests.unit.test_linker import NOW, TITLES, World

BODY = "# Steps to reproduce\nThe rows come as they were written."


def read(store: FakeStore) -> list[Text]:
    """All of it."""
    return list(texts.read(store, lambda _: None))


def owned(found: list[Text], owner: str) -> list[str]:
    """The texts of one owner."""
    return [one.text for one in found if one.owner == owner]


def test_remarks_are_read_as_they_are_likened() -> None:
    """In passages, without what a machine wrote."""
    world = World()
    world.hears(
        "Sort the ledger by its date.\n\nAlso: the search is far too slow.\n\n> Hi Bob", "42"
    )
    found = read(world.store)
    assert owned(found, "remark:1") == [
        "Sort the ledger by its date.",
        "Also: the search is far too slow.",
    ]
    assert owned(found, "remark:2") == []


def test_issues_are_read_as_they_are_indexed() -> None:
    """By title, and by title and description without its template; not once they are deleted."""
    world = World()
    described = Epic(id="1", key="APP-1", summary=TITLES[0], description=BODY)
    gone = Epic(id="2", key="APP-2", summary=TITLES[1], deleted=True)
    later = NOW + timedelta(hours=1)
    with world.store.transaction() as tx:
        tx.epics.put([Sighting(epic=each, updated_at=later) for each in (described, gone)])
    found = read(world.store)
    full = f"{TITLES[0]} The rows come as they were written."
    assert owned(found, "issue:1") == [TITLES[0], full]
    assert owned(found, "issue:2") == []
    assert owned(found, "issue:3") == [TITLES[2]]


def test_all_pages_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """And told as they come."""
    monkeypatch.setattr(texts, "PAGE", 2)
    world = World()
    world.hears(*(f"the search is slow on page {n}" for n in range(5)))
    told: list[int] = []
    found = [one for one in texts.read(world.store, told.append) if one.is_said]
    assert [one.owner for one in found] == [f"remark:{n}" for n in range(1, 6)]
    assert told == [2, 2, 1]


def test_a_draw_is_chance_and_repeatable_and_has_each_text_once() -> None:
    """What comes later chooses no others anew."""
    many = [Text(f"remark:{n}", f"text {n % 900}") for n in range(1_000)]
    drawn = draw(many, 300)
    assert drawn == draw(reversed(many), 300)
    assert drawn == sorted(drawn, key=lambda one: one.text)
    assert len({one.text for one in drawn}) == len(drawn) <= 300
    assert [one.text for one in drawn] != sorted(one.text for one in many[:300])
    more = draw([*many, *(Text(f"remark:{n}", f"new {n}") for n in range(1_000, 2_000))], 300)
    assert {one.text for one in more if one.text.startswith("text")} <= {o.text for o in drawn}


def test_a_tenth_is_held_out_by_whom_it_is_of() -> None:
    """All passages of a remark together; the same whatever else there is."""
    held = [n for n in range(10_000) if is_held_out(f"remark:{n}")]
    assert 0.9 * HELD_OUT < len(held) / 10_000 < 1.1 * HELD_OUT
    assert Text(f"remark:{held[0]}", "one").is_held_out
    assert Text(f"remark:{held[0]}", "another").is_held_out


def test_samples_are_english_and_in_one_part_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too few of what was said, and it is said how many there are and how many it takes."""
    monkeypatch.setattr(adapt, "FEWEST", 80)
    said = [Text(f"remark:{n}", f"the search is slow on page {n}") for n in range(80)]
    other = Text("remark:99", "Bitte sortiert das Ledger beim Export nach dem Datum")
    parted = samples([*said, other], table.packaged())
    assert sorted(parted.read + parted.held_out) == sorted(one.text for one in said)
    assert set(parted.held_out) == {one.text for one in said if one.is_held_out}
    issues = [Text(f"issue:{n}", f"the search is slow on form {n}") for n in range(80)]
    with pytest.raises(TooFew, match="79 English texts of remarks are there, and it takes 80"):
        samples([*said[1:], other, *issues], table.packaged())


def test_only_standing_decisions_of_what_was_held_out_are_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each text once, with all of its issues."""
    monkeypatch.setattr(adapt, "PAGE", 2)
    held = [n for n in range(200) if is_held_out(f"remark:{n}")][:3]
    read = next(n for n in range(200) if not is_held_out(f"remark:{n}"))
    taught = [
        Lesson(remark_id=held[0], issue_id=1, text="one"),
        Lesson(remark_id=held[0], issue_id=2, text="one"),
        Lesson(remark_id=held[1], issue_id=3, text="", learned=False),
        Lesson(remark_id=held[2], issue_id=4, text="two"),
        Lesson(remark_id=read, issue_id=5, text="three"),
    ]
    store = World().store
    with store.transaction() as tx:
        tx.learned.teach(taught)
        asked = adapt.decided(adapt.lessons(tx))
    assert asked == {"one": {"1", "2"}, "two": {"4"}}


def test_the_right_issue_is_looked_for_among_those_that_are_there() -> None:
    """With the table that is asked about, and nothing of what was taught."""
    world = World()
    gone = Epic(id="4", key="APP-4", summary=TITLES[3], deleted=True)
    with world.store.transaction() as tx:
        tx.epics.put([Sighting(epic=gone, updated_at=NOW + timedelta(hours=1))])
        found = adapt.known(tx)
    asked = {"dark mode in the app": frozenset("2"), "invoice reminders": frozenset("4")}
    first, never = adapt.places(found._replace(asked=asked), table.packaged()).tolist()
    assert first == 1
    assert never == float("inf")
    assert found.before.name == table.packaged().name


GAINED = Gained(
    texts=9, held_out=9, nearest=Change(before=0.5, after=0.6, low=0, high=0.2), decided=0
)


@pytest.mark.parametrize(
    ("changes", "is_worse"),
    [
        ({}, False),
        ({"nearest": Change(before=0.5, after=0.4, low=-0.2, high=0)}, True),
        ({"r1": Change(before=0.5, after=0.4, low=-0.2, high=0.01)}, False),
        ({"r1": Change(before=0.5, after=0.4, low=-0.2, high=-0.01)}, True),
    ],
)
def test_worse_is_what_knows_less_or_clearly_finds_less(
    changes: dict[str, Change], *, is_worse: bool
) -> None:
    """A loss of found issues that may be chance is none."""
    assert msgspec.structs.replace(GAINED, **changes).is_worse is is_worse
