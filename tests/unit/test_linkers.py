"""The tiers are asked in order: the quality tier only what the fast one leaves open."""

from datetime import UTC, datetime

import pytest

from schemas.events import Epic
from sinks.contracts import Sighting
from sinks.store.fake import FakeStore
from sinks.store.learned import Certificate
from streams.link.answers import Answer
from streams.link.likeness import minilm
from streams.link.linker import Linker
from streams.link.linkers import Linkers
from tests.unit.hashed_encoder import Hashed

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TITLES = ("Export invoices as CSV", "Single sign-on with SAML", "Dark mode")


@pytest.fixture
def store() -> FakeStore:
    """Three issues; nothing is certified."""
    made = FakeStore()
    made.open()
    plan(made, *TITLES)
    return made


@pytest.fixture
def linkers(monkeypatch: pytest.MonkeyPatch) -> Linkers:
    """Both tiers, the second by other vectors."""
    monkeypatch.setattr(minilm, "beside", lambda _words: Hashed())
    return Linkers(Linker("fast"), Linker("quality"))


def plan(store: FakeStore, *titles: str, first: int = 1) -> None:
    """Issues APP-1, APP-2, ... with these titles."""
    with store.transaction() as tx:
        tx.epics.put(
            [
                Sighting(epic=Epic(id=f"{n}", key=f"APP-{n}", summary=title), updated_at=NOW)
                for n, title in enumerate(titles, first)
            ]
        )


def certify(store: FakeStore, linker: Linker, least: float) -> None:
    """As if audits had shown that this confidence is enough; ranks by the score alone."""
    with store.transaction() as tx:
        tx.learned.certify(
            Certificate(
                tier=linker.tier,
                basis=linker.basis,
                at=NOW,
                labels=100,
                audits=100,
                calibration={"logistic": [[0.0], [1.0], [1.0], 0.0], "steps": None, "columns": 1},
                least=least,
                passed=100,
                wrong=0,
                p=0.9,
                delta=0.1,
            )
        )


def ask(store: FakeStore, linkers: Linkers, *texts: str) -> list[list[Answer]]:
    """What each tier that was asked said of each text."""
    with store.transaction() as tx:
        return linkers.ask(tx, texts)


def test_what_the_fast_tier_is_sure_of_stays_with_it(store: FakeStore, linkers: Linkers) -> None:
    """And the rest is the quality tier's, each answer with its own text."""
    fast, quality = linkers.tiers
    certify(store, fast, 0.75)
    texts = ("dark mode dark mode", "it is slow", "export invoices as CSV")
    found = ask(store, linkers, *texts)
    assert [[answer.tier for answer in each] for each in found] == [
        ["fast"],
        ["fast", "quality"],
        ["fast"],
    ]
    assert [each[0] for each in found] == [each[0] for each in ask(store, Linkers(fast), *texts)]
    assert found[1][1] == ask(store, Linkers(quality), texts[1])[0][0]


def test_a_change_is_seen_by_both_tiers(store: FakeStore, linkers: Linkers) -> None:
    """By the next question."""
    ask(store, linkers, "audit log")
    plan(store, "Audit log", first=4)
    ((fast, quality),) = ask(store, linkers, "audit log")
    assert fast.candidates[0].issue_key == "APP-4"
    assert fast.epics == quality.epics == 4


def test_no_texts_are_answered_with_nothing(store: FakeStore, linkers: Linkers) -> None:
    """No tier fails of it."""
    assert ask(store, linkers) == []
