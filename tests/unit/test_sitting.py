"""A sitting: what each key does, what is shown, and that nothing decided is lost."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec
import pytest

from sinks.store.fake import FakeStore
from streams.commands import screen
from streams.commands.screen import Progress, draw
from streams.commands.sitting import Sitting, Summary
from streams.link.likeness.table import packaged
from streams.link.queue import Item, Suggestion
from streams.link.worth import Worth
from tests.unit.desk_world import NOW, World, suggest

PAUSE = ""


class Script:
    """Keys as somebody presses them; `PAUSE` is a moment without one."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys = iter(keys)

    def read(self, timeout_s: float | None = None) -> str:
        """The next one."""
        key = next(self._keys, None)
        if key is None:
            raise EOFError
        assert key != PAUSE or timeout_s is not None, "a pause ends only what waits for one"
        return key


class Room:
    """A person at a terminal, with remarks a, b and c; of a both issues are suggested."""

    def __init__(self) -> None:
        store = FakeStore()
        store.open()
        self.world = World(store)
        self.world.knows()
        self.screens: list[str] = []
        self.minutes = 0

    def now(self) -> datetime:
        """A minute after the last look at the clock."""
        self.minutes += 1
        return NOW + timedelta(minutes=self.minutes)

    def sits(self, *keys: str) -> Summary:
        """Press these keys, then hang up."""
        sitting = Sitting(
            self.world.store,
            Script(keys),
            self.screens.append,
            by="pm",
            now=self.now,
            clock=lambda: 0.0,
            encoder=packaged,
        )
        return sitting.run()

    def states(self, record: str) -> dict[str, str]:
        """Issue key -> where the remark stands with it."""
        with self.world.store.transaction() as tx:
            links = tx.links.of_remark(self.world.ids[record])
        return {link.issue_key: link.state for link, _ in links}

    def outcomes(self, *records: str) -> list[str]:
        """What linking has come to for these."""
        with self.world.store.transaction() as tx:
            found = tx.remarks.get({self.world.ids[record] for record in records})
        return [found[self.world.ids[record]][0].outcome for record in records]


@pytest.fixture
def room() -> Room:
    """Three remarks: a is worth most, c least, and nothing is suggested for it."""
    made = Room()
    made.world.hears("c")
    made.world.hears("b", "other words", best=(1, 0.5), account_id="B")
    made.world.hears("a", best=(1, 0.6), account_id="A")
    with made.world.store.transaction() as tx:
        suggest(tx, made.world.ids["a"], 2, 0.4)
    return made


def test_a_digit_accepts(room: Room) -> None:
    """After a moment without another one; the next remark is shown."""
    summary = room.sits("2", PAUSE, "q")
    assert room.states("a") == {"APP-1": "suggested", "APP-2": "linked"}
    assert (summary.decided, room.outcomes("b")) == (1, ["suggested"])
    assert "form:b" in room.screens[-1]


def test_several_digits_accept_several(room: Room) -> None:
    """With Enter; whatever comes between stops it."""
    room.sits("1", "2", "x", "q")
    assert room.outcomes("a") == ["suggested"]
    room.sits("1", "2", "\n")
    assert room.states("a") == {"APP-1": "linked", "APP-2": "linked"}


def test_a_number_that_is_not_there_decides_nothing(room: Room) -> None:
    """Nor does it with one that is."""
    room.sits("3", PAUSE, "1", "9", "\n", "0", PAUSE, "q")
    assert room.outcomes("a") == ["suggested"]
    assert "no such number" in room.screens[-1]


def test_none_dismiss_and_skip(room: Room) -> None:
    """Each goes on to the next."""
    summary = room.sits("n", "d", "s")
    assert room.outcomes("a", "b", "c") == ["unmatched", "dismissed", "unmatched"]
    assert (summary.decided, summary.skipped) == (2, 1)


def test_what_cannot_be_decided_is_said(room: Room) -> None:
    """And the remark stays where it is."""
    room.sits("s", "s", "n", "q")
    assert "nothing is suggested" in room.screens[-1]
    assert "form:c" in room.screens[-1]


def test_undo_goes_back(room: Room) -> None:
    """To the remark that was decided last, step by step; not beyond this sitting."""
    room.sits("d")
    summary = room.sits("1", PAUSE, "u", "u", "q")
    assert (summary.decided, summary.undone) == (0, 1)
    assert room.outcomes("a", "b") == ["dismissed", "suggested"]
    assert "nothing was decided in this sitting" in room.screens[-1]
    assert "form:b" in room.screens[-1]


def test_undo_takes_back_nothing_else(room: Room) -> None:
    """Where the same person decided elsewhere meanwhile, that stays."""

    class Elsewhere(Script):
        def read(self, timeout_s: float | None = None) -> str:
            key = super().read(timeout_s)
            if key == "u":
                room.minutes += 1
                room.world.accepts("c", "APP-1")
                with room.world.store.transaction() as tx:
                    (decision,) = tx.links.ruled(room.world.ids["c"])
                assert decision.by == "pm"
            return key

    sitting = Sitting(
        room.world.store,
        Elsewhere(["d", "u", "q"]),
        room.screens.append,
        by="pm",
        now=lambda: NOW - timedelta(minutes=5),
        clock=lambda: 0.0,
        encoder=packaged,
    )
    sitting.run()
    assert "something else since" in room.screens[-1]
    assert room.outcomes("a", "c") == ["dismissed", "linked"]


def test_all_that_is_alike_is_shown_and_then_decided(room: Room) -> None:
    """By one key; what is not alike stays."""
    room.sits("a", "1", PAUSE)
    shown = next(one for one in room.screens if "all 2 alike" in one)
    assert "form:a" in shown
    assert room.outcomes("a", "b", "c") == ["linked", "linked", "unmatched"]


def test_what_is_decided_without_being_shown_teaches_nothing(room: Room) -> None:
    """A line of it is not all that it says."""
    room.sits("a", "1", PAUSE)
    assert room.world.lessons() == {("a", 1)}


def test_no_audit_is_decided_with_those_it_is_like(room: Room) -> None:
    """It is shown first, skipped, and asked again; the one that is shown may be an audit."""
    room.world.hears("audit", best=(1, 0.9), audit=True)
    room.world.hears("other", best=(1, 0.9), audit=True)
    room.sits("s", "s", "a", "1", PAUSE)
    assert room.outcomes("a", "b", "audit", "other") == ["linked", "linked", *["suggested"] * 2]
    room.world.hears("d", best=(1, 0.5))
    room.sits("a", "1", PAUSE)
    assert room.outcomes("d") == ["linked"]
    assert sorted(room.outcomes("audit", "other")) == ["linked", "suggested"]


def test_all_alike_is_decided_by_a_decision_alone(room: Room) -> None:
    """Another key leaves everything as it is."""
    room.sits("a", "s", "q")
    assert room.outcomes("a", "b") == ["suggested", "suggested"]


def test_what_others_decide_meanwhile_is_passed_over(room: Room) -> None:
    """It is not asked again."""

    class Meanwhile(Script):
        def read(self, timeout_s: float | None = None) -> str:
            key = super().read(timeout_s)
            if key == "s":
                room.world.accepts("b", "APP-1")
            return key

    sitting = Sitting(
        room.world.store,
        Meanwhile(["s", "q"]),
        room.screens.append,
        by="pm",
        now=room.now,
        clock=lambda: 0.0,
        encoder=packaged,
    )
    sitting.run()
    assert "form:c" in room.screens[-1]


def test_words_that_change_on_the_screen_are_not_decided(room: Room) -> None:
    """They are shown anew: who reads one text must not teach another."""

    class Changed(Script):
        def read(self, timeout_s: float | None = None) -> str:
            key = super().read(timeout_s)
            if key == "?":
                with room.world.store.transaction() as tx:
                    ((remark, words),) = tx.remarks.get({room.world.ids["a"]}).values()
                    later = msgspec.structs.replace(remark, version_at=NOW + timedelta(hours=1))
                    assert words is not None
                    tx.remarks.revise([(later, msgspec.structs.replace(words, words="hostile"))])
                return "1"
            return key

    Sitting(
        room.world.store,
        Changed(["?", PAUSE, "s", "q"]),
        room.screens.append,
        by="pm",
        now=room.now,
        clock=lambda: 0.0,
        encoder=packaged,
    ).run()
    assert "look again" in room.screens[1]
    assert "hostile" in room.screens[1]
    assert (room.outcomes("a"), room.world.lessons()) == (["suggested"], set())


def test_a_connection_that_is_lost_ends_it(room: Room) -> None:
    """What was decided is in the store already."""
    assert room.sits("1", PAUSE).decided == 1
    assert room.outcomes("a") == ["linked"]


def test_help_and_unknown_keys(room: Room) -> None:
    """Neither decides anything."""
    summary = room.sits("?", "x", "q")
    assert screen.HELP in room.screens[1]
    assert "? shows" in room.screens[2]
    assert summary.decided == 0


ITEM = Item(
    remark="form:1",
    outcome="suggested",
    said_at=NOW,
    account_id="A",
    account="Acme\x1b[31m",
    title=None,
    words="first\x1b[2J line\n" + "\n".join(f"line {n}" for n in range(40)),
    shown="first\x1b[2J line\n" + "\n".join(f"line {n}" for n in range(11)),
    url=None,
    audit=True,
    worth=Worth(1, 900_000_00, 25_000_00),
    theme=None,
    alike=7,
    links=(
        Suggestion(
            "APP-1", 1, "Sort\x1b[1m", "suggested", "likeness", 0.5, "ledger", None, ("so\nso",)
        ),
    ),
)


def test_a_screen_shows_what_a_decision_needs() -> None:
    """Worth, how many are alike, why; long words are cut, and a terminal obeys nothing of it."""
    text = draw(ITEM, Progress(3, 40, 2, 1, 65.0), "a note\x1b[2J", 80)
    assert "\x1b" not in text
    assert text.startswith("3 of 40   2 decided, 1 skipped, 32 s each   1:05")
    for part in ("900,000 a year", "25,000 in deals", "7 alike", "audit", "a note", "more letters"):
        assert part in text
    assert "1  APP-1  0.50" in text
    assert "(ledger)" in text
    assert "like: so so" in text


def test_erased_words_are_said_to_be() -> None:
    """The rest is still there to decide by."""
    gone = draw(
        Item(**{name: getattr(ITEM, name) for name in ITEM.__struct_fields__} | {"words": None}),
        Progress(1, 1, 0, 0, 0.0),
        "",
        80,
    )
    assert "(erased)" in gone
