"""A table that was adapted: workers take it up by its row, agree, and leave a bad one alone."""

from collections.abc import Callable
from datetime import datetime
from typing import cast

import msgspec
import numpy as np
import pytest
from safetensors.numpy import load, save
from structlog.testing import capture_logs

from schemas.errors import SinkUnreachable
from sinks.store.contract import Learned, Transaction
from streams.link import tables
from streams.link.certifying import Certifying
from streams.link.likeness import minilm, table
from streams.link.likeness.tiers import tier_called
from streams.link.linker import Linker
from streams.link.linkers import Linkers
from streams.link.standing import standing
from tests.unit.damaged import changed
from tests.unit.link_world import TITLES
from tests.unit.test_linker import NOW, World

LIKE = "a jumble"
"""Like no issue by the packaged table."""


@pytest.fixture(scope="module")
def body() -> bytes:
    """The packaged table, but for a word that means now what "ledger" means."""
    parts = table.parse(table.PACKAGED.read_bytes())
    vocabulary = msgspec.json.decode(parts.tokenizer)["model"]["vocab"]
    word, like = vocabulary["ju"], vocabulary["ledger"]
    vectors, scales = parts.vectors.copy(), parts.scales.copy()
    vectors[word], scales[word] = vectors[like], 9 * scales[like]
    return table.written(table.Parts(vectors, scales, parts.tokenizer), {})


@pytest.fixture
def world() -> World:
    """The world of the linker, with one decision in it."""
    made = World()
    (feedback,) = made.hears("rows come in a mess on the printout")
    made.accept(feedback, "APP-4")
    return made


def install(world: World, body: bytes) -> str:
    """As the command does."""
    with world.store.transaction() as tx:
        return tables.install(tx, body, NOW)


def reset(world: World) -> str:
    """As the command does."""
    with world.store.transaction() as tx:
        return tables.reset(tx)


def basis(world: World, linker: Linker | None = None) -> str:
    """By what is committed now."""
    with world.store.transaction() as tx:
        return (linker or world.linker).basis_now(tx)


def test_another_table_is_taken_up_with_the_next_question(world: World, body: bytes) -> None:
    """Issues and lessons are read anew with it; and with the packaged one after a reset."""
    before, was = world.ask(LIKE), basis(world)
    learned = world.linker.state()
    digest = install(world, body)
    assert before[:1] != ["APP-1"]
    assert world.ask(LIKE)[0] == "APP-1"
    assert world.linker.basis != was
    assert world.linker.basis == tier_called("fast", table.Table(table.parse(body))).basis
    assert reset(world) == digest
    assert (world.ask(LIKE), world.linker.basis) == (before, was)
    assert world.linker.state() == learned


def test_who_swaps_and_who_starts_afterwards_agree(world: World, body: bytes) -> None:
    """Bit for bit, in what they learned and in what they answer."""
    world.ask("x")
    install(world, body)
    late = Linker()
    texts = [LIKE, "dark mode", "rows in a mess"]
    assert [world.ask(text) for text in texts] == [world.ask(text, late) for text in texts]
    assert world.linker.state() == late.state()
    assert world.linker.basis == late.basis


def test_a_certificate_of_the_table_before_links_nothing(world: World, body: bytes) -> None:
    """Everything is asked; once the packaged table is back, so is what it had certified."""
    world.certify(0.7)
    install(world, body)
    said = "Please sort the exported ledger by date"
    (asked,) = world.hears(said)
    assert world.remark(asked).outcome == "suggested"
    id_ = world.remark(asked).id
    with world.store.transaction() as tx:
        assert "others than were certified" in standing(tx, Linker()).says
        (guess,) = tx.learned.guesses_of({id_})[id_]
    assert guess.basis == world.linker.basis
    reset(world)
    (linked,) = world.hears(said)
    assert world.links(linked) == {"APP-1": "linked"}


def test_certifying_looks_at_the_table_first(body: bytes) -> None:
    """A worker that has asked nothing since counts no labels of the table before."""
    world = World()
    for feedback in world.hears(*(f"sort the exported ledger {n}" for n in range(40))):
        world.accept(feedback, "APP-1")
    install(world, body)
    Certifying(world.store, Linkers(world.linker), (0.9, 0.1)).certify(NOW)
    with world.store.transaction() as tx:
        assert tx.learned.certificate("fast") is None


class Swapped(Linker):
    """One whose table another thread swaps right after it was refreshed."""

    def refresh(self, tx: Transaction) -> tuple[str, int]:
        """The same; then everything begins anew."""
        found = super().refresh(tx)
        self._forget()
        return found


def test_a_table_that_is_swapped_meanwhile_does_not_empty_the_certificate() -> None:
    """It says among how many issues it was made, whatever another thread does with the linker."""
    world = World()
    for feedback in world.hears(*(f"sort the exported ledger {n}" for n in range(40))):
        world.accept(feedback, "APP-1")
    swapped = Swapped()
    Certifying(world.store, Linkers(swapped), (0.9, 0.1)).certify(NOW)
    with world.store.transaction() as tx:
        made = tx.learned.certificate("fast")
        assert made is not None
        assert (made.basis, made.epics) == (world.linker.basis, len(TITLES))
    world.certify(0.7)
    with world.store.transaction() as tx:
        assert standing(tx, swapped).least == pytest.approx(0.7)


def test_the_quality_tier_stays_with_the_packaged_table(
    world: World, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And with its certificate and its index."""
    monkeypatch.setattr(minilm, "sentences", lambda _: table.packaged())
    quality = Linker("quality")
    was = basis(world, quality)
    install(world, body)
    assert basis(world, quality) == was
    assert was.startswith("quality:")


def test_an_index_is_kept_under_the_name_of_its_own_table(world: World, body: bytes) -> None:
    """And found by who starts with that table."""
    install(world, body)
    expected = world.ask(LIKE)
    Certifying(world.store, Linkers(world.linker), (0.9, 0.1)).keep(NOW)
    late = Linker()
    assert world.ask(LIKE, late) == expected
    assert not late.keepable()


def test_only_the_table_in_use_is_kept(world: World, body: bytes) -> None:
    """Putting the same in use again changes nothing."""
    other = table.PACKAGED.read_bytes()
    first, again, last = install(world, body), install(world, body), install(world, other)
    assert first == again != last
    with world.store.transaction() as tx:
        assert tx.learned.kept(f"table:{first}") is None
        assert tx.learned.kept(f"table:{last}") is not None
    assert reset(world) == last
    assert not reset(world)
    with world.store.transaction() as tx:
        assert tx.learned.forget("table") == 0


BAD: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: b"",
    "half": lambda body: body[: len(body) // 2],
    "other parts": lambda _: save({"vectors": np.zeros((2, 2), np.int8)}),
    "floats": changed("vectors", lambda held: held.astype(np.float32)),
    "a word less": changed("vectors", lambda held: held[:-1]),
    "a word less in all": lambda body: save(
        {name: held[:-1] if name != "tokenizer" else held for name, held in load(body).items()}
    ),
    "one row": changed("vectors", lambda held: held[0]),
    "no number": changed("scales", lambda held: held * np.float32("nan")),
    "below nothing": changed("scales", lambda held: -held),
    "no tokenizer": changed("tokenizer", lambda held: held[:9]),
    "no text": changed("tokenizer", lambda held: held | np.uint8(128)),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_table_that_does_not_fit_is_left_alone(world: World, body: bytes, bad: str) -> None:
    """The packaged one answers, as before; it is said once why, and not tried with every batch."""
    before, was = world.ask(LIKE), basis(world)
    with capture_logs() as logs:
        digest = install(world, BAD[bad](body))
        assert world.ask(LIKE) == before
        assert world.ask(LIKE, world.linker) == before
    assert world.linker.basis == was
    (said,) = logs
    assert (said["event"], said["digest"], bool(said["why"])) == ("table_left_alone", digest, True)


@pytest.mark.parametrize("is_there", [True, False])
def test_a_table_whose_row_is_another_is_left_alone(
    world: World, body: bytes, *, is_there: bool
) -> None:
    """None at all, or a table that its digest does not name."""
    other = changed("scales", lambda held: held * np.float32(2))(body)
    was = basis(world)
    digest = install(world, body)
    with world.store.transaction() as tx:
        tx.learned.forget("table:")
        if is_there:
            tx.learned.keep(f"table:{digest}", other, NOW)
    assert basis(world) == was


class Torn:
    """A shelf that is away when a table itself is read, not when it is looked which."""

    def __init__(self, shelf: Learned) -> None:
        self._shelf = shelf

    def __getattr__(self, name: str) -> object:
        return getattr(self._shelf, name)

    def kept(self, name: str) -> tuple[bytes, datetime] | None:
        """What was kept, but for tables."""
        if name.startswith("table:"):
            raise SinkUnreachable("store: gone")
        return self._shelf.kept(name)


def test_a_store_that_goes_away_while_the_table_is_read_changes_nothing(
    world: World, body: bytes
) -> None:
    """It is read with the next question."""
    before = world.ask("x"), world.linker.basis, world.linker.state()
    install(world, body)
    with world.store.transaction() as tx:
        tx.learned = cast(Learned, Torn(tx.learned))
        with pytest.raises(SinkUnreachable):
            world.linker.ask(tx, [LIKE])
    assert (world.linker.basis, world.linker.state()) == before[1:]
    assert world.ask(LIKE)[0] == "APP-1"
