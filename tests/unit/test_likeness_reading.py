"""Texts of one question are read once, whichever tier asks, and the answers are those of before."""

from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from sinks.store.fake import FakeStore
from streams.link import tables
from streams.link.likeness import language, letters, minilm, reading, table
from streams.link.likeness.letters import count
from streams.link.likeness.reading import Reading, once
from streams.link.linker import Linker
from streams.link.linkers import Linkers
from tests.unit.hashed_encoder import Hashed
from tests.unit.test_linkers import NOW, TITLES, ask, certify, plan

TEXTS = [
    "dark mode dark mode",
    "",
    "export invoices as CSV",
    "wir brauchen das sofort und nicht erst morgen",
    "مرحبا هذا طلب 🙂",
    "word " * 30_000,
    "single sign-on, please",
]


def words(texts: Sequence[str]) -> list[int]:
    """How many each has."""
    return [len(text.split()) for text in texts]


@pytest.mark.parametrize("at_once", [2, 256])
def test_rows_are_those_of_the_texts_wherever_they_stand(
    monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """Of some of some of them, read before or after the whole, in parts or at once."""
    monkeypatch.setattr(reading, "AT_ONCE", at_once)
    for before in (True, False):
        whole = Reading(TEXTS)
        if before:
            once(count, whole)
        part = whole.only([0, 2, 3, 5, 6])[1:4]
        plain = [TEXTS[at] for at in (2, 3, 5)]
        assert list(part) == plain
        assert once(words, part) == words(plain)
        found, expected = once(count, part), count(plain)
        for one, other in (
            (found.data, expected.data),
            (found.indices, expected.indices),
            (found.indptr, expected.indptr),
        ):
            assert one.dtype == other.dtype
            assert (one == other).all()


def test_no_texts_are_read_as_none() -> None:
    """Neither of a question without any nor of a tier to which none is left."""
    assert once(words, Reading([])) == []
    assert once(words, Reading(TEXTS).only([])) == []


@pytest.fixture
def store() -> FakeStore:
    """Three issues."""
    made = FakeStore()
    made.open()
    plan(made, *TITLES)
    return made


@pytest.fixture
def linkers(monkeypatch: pytest.MonkeyPatch, store: FakeStore) -> Linkers:
    """Both tiers, with other vectors in the place of the sentence model; one text is sure."""
    monkeypatch.setattr(minilm, "sentences", lambda _: Hashed())
    made = Linkers(Linker("fast"), Linker("quality"))
    certify(store, made.tiers[0], 0.75)
    ask(store, made, "x")
    return made


def counted(
    monkeypatch: pytest.MonkeyPatch, owner: object, name: str, seen: Counter[tuple[str, str]]
) -> None:
    """Notes which texts are read."""
    read: Callable[..., object] = getattr(owner, name)

    def noted(*asked: Sequence[str]) -> object:
        texts = next(each for each in asked if isinstance(each, list | tuple))
        seen.update((name, text) for text in texts)
        return read(*asked)

    monkeypatch.setattr(owner, name, noted)


def test_both_tiers_read_a_text_once(
    monkeypatch: pytest.MonkeyPatch, store: FakeStore, linkers: Linkers
) -> None:
    """Its letters, its word pieces and its language."""
    seen: Counter[tuple[str, str]] = Counter()
    counted(monkeypatch, letters, "count", seen)
    counted(monkeypatch, table.Table, "_counted", seen)
    counted(monkeypatch, language, "detect_all", seen)
    found = ask(store, linkers, *TEXTS)
    assert len([each for each in found if len(each) > 1]) > 3
    assert seen == {
        (name, text): 1 for name in ("count", "_counted", "detect_all") for text in TEXTS
    }


@pytest.mark.parametrize("adapted", [True, False])
def test_answers_are_those_of_tiers_that_read_for_themselves(
    monkeypatch: pytest.MonkeyPatch, store: FakeStore, linkers: Linkers, *, adapted: bool
) -> None:
    """Bit for bit, also beyond what is read at once, and where the fast tier's table is adapted."""
    monkeypatch.setattr(reading, "AT_ONCE", 3)
    if adapted:
        parts = table.parse(table.PACKAGED.read_bytes())
        body = table.written(parts._replace(vectors=parts.vectors[::-1].copy()), {})
        with store.transaction() as tx:
            tables.install(tx, body, NOW)
    fast, quality = linkers.tiers
    found = ask(store, linkers, *TEXTS)
    with store.transaction() as tx:
        firsts = fast.ask(tx, TEXTS)
        open_ = [at for at, answer in enumerate(firsts) if not answer.sure]
        seconds = quality.ask(tx, [TEXTS[at] for at in open_])
    assert [each[0] for each in found] == firsts
    assert [found[at][1:] for at in open_] == [[answer] for answer in seconds]
    assert (len(open_) == len(TEXTS)) is adapted
