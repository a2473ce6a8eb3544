"""Only what a person could see of a remark teaches: each view shows it, and how much more is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.store.learned import Lesson
from streams.commands import screen
from streams.commands.screen import Progress, draw
from streams.link.likeness.table import packaged
from streams.link.queue import Item, queue
from streams.link.shown import MOST_LETTERS, MOST_LINES, shown
from tests.unit.link_world import NOW, World
from tests.unit.test_sitting import Room

TAIL = "zanzibar"
LONG = "\n".join(["Sort the ledger, please.", *("It is never sorted." for _ in range(90)), TAIL])
WIDE = " ".join(["unsortedledgerexports"] * 45 + [TAIL])
"""One passage, as long as passages are kept."""


@pytest.fixture
def world() -> World:
    """Five issues, nothing audited."""
    return World()


def lessons(world: World) -> list[Lesson]:
    """All that was taught."""
    with world.store.transaction() as tx:
        return tx.learned.lessons(0)[0]


def items(world: World) -> dict[str, Item]:
    """What waits, as every view gets it."""
    with world.store.transaction() as tx:
        return {item.remark: item for item in queue(tx, NOW, 9, packaged).items}


@given(st.text(st.characters(exclude_categories=["Cs"]) | st.just("\n"), max_size=2_000))
def test_what_is_shown_is_the_beginning(text: str) -> None:
    """Of at most so many letters and lines; what is no longer is shown as it is."""
    beginning = shown(text)
    assert text.startswith(beginning)
    assert len(beginning) <= MOST_LETTERS
    assert len(beginning.splitlines()) <= MOST_LINES
    if len(text) <= MOST_LETTERS and len(text.splitlines()) <= MOST_LINES:
        assert beginning == text


@pytest.mark.parametrize("text", [LONG, "word " * 400 + TAIL, "\n" * 12 + TAIL], ids=len)
def test_the_tail_that_nobody_sees_teaches_nothing(world: World, text: str) -> None:
    """A person accepts the whole remark for an issue; it may hold anything behind what is shown."""
    world.epics(["Kubernetes"], first=6)  # suggested for no passage of it
    (name,) = world.hears(f"The search is slow.\n{text}")
    world.accept(name, "APP-6")
    (lesson,) = lessons(world)
    assert lesson.text == shown(f"The search is slow.\n{text}")
    assert TAIL not in lesson.text


def test_a_passage_teaches_as_much_as_is_shown_of_it(world: World) -> None:
    """Also where it is longer."""
    (name,) = world.hears(f"{WIDE}.\n\nDark mode for the mobile app would be nice.")
    passages = {link.passage for link in items(world)[name].links}
    (cut,) = [passage for passage in passages if passage and passage.startswith("unsorted")]
    (issue,) = {link.issue_key for link in items(world)[name].links if link.passage == cut} or {""}
    world.accept(name, issue)
    assert [lesson.text for lesson in lessons(world)] == [cut]
    assert len(cut) == MOST_LETTERS


def test_a_view_gets_what_is_shown_beside_all_of_it(world: World) -> None:
    """With the title, as it is taught."""
    (name,) = world.hears(LONG, title="Ledger", account_id="A-1")
    item = items(world)[name]
    assert item.words == LONG
    assert item.shown == shown(f"Ledger\n{LONG}")


def test_a_sitting_shows_all_that_teaches_and_how_much_more_there_is() -> None:
    """`m` shows the rest."""
    room = Room()
    room.world.hears("long", LONG)
    room.sits("m", "?", "q")
    first, more, after = room.screens[:3]
    assert shown(LONG).splitlines()[-1] in first
    assert TAIL not in first
    assert f"[{len(LONG) - len(shown(LONG)):,} more letters, which teach nothing: m]" in first
    assert TAIL in more
    assert "more letters" not in more
    assert TAIL not in after


def test_a_sitting_shows_the_passage_that_an_issue_is_suggested_for(world: World) -> None:
    """Where it is not to be seen above already: it is what teaches."""
    said = "\n\n".join(["The archive search is slow."] * 7 + ["Dark mode for the mobile app!"])
    (name,) = world.hears(said)
    text = draw(items(world)[name], Progress(1, 1, 0, 0, 0.0), "", 80)
    assert text.count("says: Dark mode for the mobile app!") == 1
    assert "says: The archive" not in text
    assert screen.HELP.count("m ") == 1
