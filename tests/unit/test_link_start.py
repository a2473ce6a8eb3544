"""A worker of the quality tier starts from what is kept: no title and no lesson is encoded anew."""

from datetime import timedelta

import numpy as np
import pytest
from structlog.testing import capture_logs

from schemas.events import Epic
from sinks.contracts import Sighting
from sinks.store.learned import Lesson
from streams.link.certifying import Certifying
from streams.link.likeness import minilm, remembered, table
from streams.link.likeness.remembered import Remembered
from streams.link.likeness.scores import Matrix
from streams.link.linker import VECTORS, Linker
from streams.link.linkers import Linkers
from streams.link.rebuilding import look, mend
from tests.unit.hashed_encoder import Hashed
from tests.unit.link_world import NOW, TITLES, World
from tests.unit.test_link_rebuilding import compared

TEXTS = {"rows come in a jumble": "APP-1", "too bright at night": "APP-2", "one password": "APP-3"}
NAME = f"{VECTORS}quality"


class Sentences(Hashed):
    """In the place of the sentence model; says what it was asked to encode."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: list[str]) -> Matrix:
        """Unit rows."""
        self.asked += texts
        return super().encode(texts)


@pytest.fixture
def sentences(monkeypatch: pytest.MonkeyPatch) -> Sentences:
    """What every linker of the quality tier encodes with."""
    made = Sentences()
    monkeypatch.setattr(minilm, "sentences", lambda _: made)
    return made


@pytest.fixture
def world(sentences: Sentences) -> World:
    """Three remarks accepted, and what a worker of the quality tier keeps of them."""
    world = World()
    for text, key in TEXTS.items():
        world.accept(*world.hears(text), key)
    keep(world, asked(world))
    sentences.asked.clear()
    return world


def asked(world: World, *, anew: bool = False) -> Linker:
    """A worker that starts now."""
    linker = Linker("quality", anew=anew)
    world.ask("x", linker)
    return linker


def keep(world: World, linker: Linker) -> None:
    """As falls due."""
    Certifying(world.store, Linkers(linker), (0.9, 0.1)).keep(NOW)


def body(world: World) -> bytes:
    """What is kept of the vectors."""
    with world.store.transaction() as tx:
        found = tx.learned.kept(NAME)
    assert found is not None
    return found[0]


def agrees(world: World, linker: Linker) -> bool:
    """With one that encodes everything anew, bit for bit."""
    return linker.state() == asked(world, anew=True).state()


def test_nothing_that_was_kept_is_encoded_at_a_start(world: World, sentences: Sentences) -> None:
    """Only what is asked, and what is new since; the sums are the same."""
    late = asked(world)
    assert sentences.asked == ["x"]
    assert not late.keepable()
    assert agrees(world, late)
    world.epics(["Photo upload"], first=6)
    world.accept(*world.hears("slow search"), "APP-5")
    sentences.asked.clear()
    late = asked(world)
    assert set(sentences.asked) == {"x", "Photo upload", "slow search"}
    assert agrees(world, late)


def test_the_fast_tier_keeps_no_vectors(world: World) -> None:
    """It encodes faster than they are read."""
    fast = Linker()
    world.ask("x", fast)
    assert [name for name in fast.keepable() if name.startswith(VECTORS)] == []


def test_what_was_undone_edited_or_deleted_since_counts_no_more(
    world: World, sentences: Sentences
) -> None:
    """At a start from what was kept before it, and in the worker that ran meanwhile."""
    running = asked(world)
    world.undo("form:1")
    gone = Epic(id="3", key="APP-3", summary=TITLES[2], deleted=True)
    with world.store.transaction() as tx:
        tx.learned.teach([Lesson(remark_id=2, issue_id=2, text="a kind screen")])
        tx.epics.put([Sighting(epic=gone, updated_at=NOW + timedelta(hours=1))])
    world.epics(["Sort everything"], at=NOW + timedelta(hours=1))
    late = asked(world)
    world.ask("x", running)
    assert running.state() == late.state()
    assert agrees(world, late)
    assert "rows come in a jumble" not in sentences.asked


def test_a_text_that_was_taken_back_is_kept_no_longer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By whichever worker keeps next: the one that ran, or one that starts; not so a title."""
    monkeypatch.setattr(remembered, "WORTH_KEEPING", 1.0)
    before = body(world)
    running = asked(world)
    assert not running.keepable()
    world.epics(["Sort everything"], at=NOW + timedelta(hours=1))
    world.ask("x", running)
    assert [name for name in running.keepable() if name == NAME] == []
    world.undo("form:1")
    world.ask("x", running)
    keep(world, running)
    after = body(world)
    assert len(after) < len(before)
    with world.store.transaction() as tx:
        tx.learned.keep(NAME, before, NOW)
    keep(world, asked(world))
    assert body(world) == after


def test_two_workers_that_keep_one_after_the_other_leave_what_is_right(world: World) -> None:
    """One has seen a decision that the other has not."""
    first, second = asked(world), asked(world)
    world.accept(*world.hears("slow search"), "APP-5")
    world.ask("x", first)
    (made,), (older,) = ([*each.keepable().values()] or [body(world)] for each in (first, second))
    for last in (made, older):
        with world.store.transaction() as tx:
            tx.learned.keep(NAME, last, NOW)
        assert agrees(world, asked(world))


@pytest.mark.parametrize("bad", [b"", b"x" * 900], ids=["empty", "no vectors"])
def test_vectors_that_cannot_be_read_are_encoded_anew(
    world: World, sentences: Sentences, bad: bytes
) -> None:
    """It is said why, and kept again."""
    with world.store.transaction() as tx:
        tx.learned.keep(NAME, bad, NOW)
    with capture_logs() as logs:
        late = asked(world)
    assert [said["event"] for said in logs] == ["vectors_left_alone"]
    assert sentences.asked.count(TITLES[4]) == 1
    assert agrees(world, late)
    keep(world, late)
    sentences.asked.clear()
    assert agrees(world, asked(world))


def test_a_check_does_not_believe_what_is_kept(world: World) -> None:
    """Another vector under a text's digest is found, and forgotten by a rebuild."""

    class Wrong(Hashed):
        def encode(self, texts: list[str]) -> Matrix:
            return np.roll(super().encode(texts), 1, axis=1)

    wrong = Remembered(minilm.Blend(Wrong(), table.packaged(), minilm.SHARE))
    with world.store.transaction() as tx:
        assert look(tx, Linker("quality")).same_sums
    texts = [*TITLES, *TEXTS]
    wrong.encode(texts)
    with world.store.transaction() as tx:
        tx.learned.keep(NAME, wrong.keepable(texts, none_else=True) or b"", NOW)
        assert not look(tx, Linker("quality")).same_sums
    found = compared(world)
    with world.store.transaction() as tx:
        mend(tx, found)
        assert tx.learned.kept(NAME) is None
        assert look(tx, Linker("quality")).same_sums
