"""What decisions taught: guesses and how they turned out, lessons, certificates."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sinks.store.contract import Store
from sinks.store.learned import SECRET_BYTES, Certificate, Guess, Labelled, Lesson, Undecided
from sinks.store.postgres.store import PostgresStore
from sinks.store.rows import Decision, Link, LinkState, Outcome, Remark, Words
from streams.link.certificate import Today, certify
from streams.link.likeness.features import NAMES
from tests.contract.store.ways import Waits

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def guess(remark_id: int, passage: int = 0, **facts: Any) -> Guess:
    """What likeness made of a passage."""
    known: dict[str, Any] = {
        "issue_id": 10,
        "features": (1.0, 0.25),
        "confidence": 0.5,
        "tier": "fast",
        "basis": "table",
        "epics": 7,
        "audit": False,
        "sure": False,
        "at": NOW,
    }
    return Guess(remark_id=remark_id, passage=passage, **known | facts)


@dataclass
class Desk:
    """A store, and what people do in it."""

    store: Store
    decisions: int = 0

    def hears(self, id_: int, *, outcome: Outcome = "suggested", withdrawn: bool = False) -> None:
        """A remark comes in."""
        made = Remark(
            id=id_,
            origin="form",
            record=str(id_),
            version_at=NOW,
            said_at=NOW,
            outcome=outcome,
            withdrawn=withdrawn,
        )
        with self.store.transaction() as tx:
            tx.remarks.add([(made, Words(remark_id=id_, words="words"))])

    def guesses(self, *guesses: Guess) -> None:
        """Likeness is asked."""
        with self.store.transaction() as tx:
            tx.learned.guess({each.remark_id for each in guesses}, guesses)

    def decides(
        self,
        remark_id: int,
        issue_id: int,
        state: LinkState,
        rule: str = "person",
        *,
        unseen: bool = False,
    ) -> datetime:
        """Somebody decides; later than all before."""
        self.decisions += 1
        verdict = {"linked": "link", "rejected": "reject", "suggested": "undo"}[state]
        made = Decision(
            id=self.decisions,
            remark_id=remark_id,
            issue_key=f"APP-{issue_id}",
            issue_id=issue_id,
            verdict=verdict,  # type: ignore[arg-type]
            rule=rule,
            score=1.0,
            model="1",
            by="pm",
            at=NOW + self.decisions * timedelta(minutes=1),
            unseen=unseen,
        )
        stands = Link(
            remark_id=remark_id,
            issue_key=made.issue_key,
            issue_id=issue_id,
            state=state,
            decision_id=made.id,
        )
        with self.store.transaction() as tx:
            tx.links.add([made], [stands])
        return made.at

    def labelled(self, limit: int = 10, now: datetime = NOW) -> list[Labelled]:
        """What is known of the guesses."""
        with self.store.transaction() as tx:
            return tx.learned.labelled("fast", limit, now, DAY)


@pytest.fixture
def desk(store: Store) -> Desk:
    """An empty store."""
    return Desk(store)


def test_guesses_of_a_remark_replace_those_before(desk: Desk) -> None:
    """A revised remark is guessed anew; another's guesses stay."""
    desk.guesses(guess(1), guess(1, passage=1), guess(2))
    desk.guesses(guess(1, issue_id=None, confidence=0.0))
    with desk.store.transaction() as tx:
        found = tx.learned.guesses_of({1, 2, 3})
    assert found == {1: [guess(1, issue_id=None, confidence=0.0)], 2: [guess(2)]}


def test_a_remark_that_nothing_is_like_any_more_has_no_guess(desk: Desk) -> None:
    """Its ids are named, and no guess."""
    desk.guesses(guess(1))
    with desk.store.transaction() as tx:
        tx.learned.guess({1}, [])
        assert tx.learned.guesses_of({1}) == {}


def test_a_remark_that_was_an_audit_is_known_as_one_for_good(desk: Desk) -> None:
    """Whatever is guessed of it later, and if nothing is."""
    desk.guesses(guess(1), guess(1, passage=1, audit=True), guess(2, audit=True), guess(3))
    desk.guesses(guess(1))
    desk.guesses(guess(2, audit=True))
    with desk.store.transaction() as tx:
        tx.learned.guess({2, 3}, [])
        assert tx.learned.audits({1, 2, 3, 4}) == {1, 2}
        assert tx.learned.audits({2, 4}) == {2}


def test_a_guess_is_right_where_a_person_linked_its_issue(desk: Desk) -> None:
    """Wrong where the person rejected it, or took another; unknown where no person decided."""
    desk.guesses(guess(1), guess(2), guess(3), guess(4), guess(5))
    first = desk.decides(1, 10, "linked")
    second = desk.decides(2, 10, "rejected")
    third = desk.decides(3, 11, "linked")
    desk.decides(4, 10, "linked", rule="likeness")
    assert desk.labelled() == [
        Labelled(guess=guess(1), right=True, decided_at=first),
        Labelled(guess=guess(2), right=False, decided_at=second),
        Labelled(guess=guess(3), right=False, decided_at=third),
    ]


def test_an_undone_decision_labels_nothing(desk: Desk) -> None:
    """It is for a person to decide again."""
    desk.guesses(guess(1))
    desk.decides(1, 10, "linked")
    desk.decides(1, 10, "suggested")
    assert desk.labelled() == []


def test_what_was_decided_unseen_labels_nothing(desk: Desk) -> None:
    """Nobody has looked whether it is right; who looks afterwards has the say."""
    desk.guesses(guess(1), guess(2))
    desk.decides(1, 10, "linked", unseen=True)
    desk.decides(2, 10, "rejected", unseen=True)
    assert desk.labelled() == []
    at = desk.decides(1, 10, "linked")
    assert desk.labelled() == [Labelled(guess=guess(1), right=True, decided_at=at)]


def test_an_audit_that_was_decided_unseen_counts_as_wrong(desk: Desk) -> None:
    """It neither certifies anything nor vanishes."""
    audit = guess(1, audit=True)
    desk.guesses(audit)
    at = desk.decides(1, 10, "linked", unseen=True)
    assert desk.labelled() == [Labelled(guess=audit, right=False, decided_at=at)]
    at = desk.decides(1, 10, "linked")
    assert desk.labelled() == [Labelled(guess=audit, right=True, decided_at=at)]


def test_each_passage_is_judged_by_its_own_issue(desk: Desk) -> None:
    """A remark with two problems: one guess was right, the other not."""
    desk.guesses(guess(1), guess(1, passage=1, issue_id=11))
    desk.decides(1, 11, "linked")
    assert [(each.guess.passage, each.right) for each in desk.labelled()] == [(0, False), (1, True)]


def test_the_last_decided_are_told_oldest_first(desk: Desk) -> None:
    """A window of what is newest."""
    desk.guesses(*(guess(each) for each in (1, 2, 3)))
    for each in (3, 1, 2):
        desk.decides(each, 10, "linked")
    assert [each.guess.remark_id for each in desk.labelled(limit=2)] == [1, 2]


def test_guesses_of_another_tier_are_not_told(desk: Desk) -> None:
    """Each tier has a calibration of its own."""
    quality = guess(1, tier="quality")
    desk.guesses(guess(1), quality)
    desk.decides(1, 10, "linked")
    assert [each.guess for each in desk.labelled()] == [guess(1)]
    with desk.store.transaction() as tx:
        assert tx.learned.guesses_of({1}) == {1: [guess(1), quality]}


def test_an_audit_that_nobody_decides_counts_as_wrong_in_the_end(desk: Desk) -> None:
    """Leaving the hard ones must not make the linker look good."""
    desk.hears(1)
    desk.hears(2)
    desk.hears(3, withdrawn=True)
    desk.hears(4, outcome="linked")
    for each in (1, 3, 4):
        desk.guesses(guess(each, audit=True))
    desk.guesses(guess(2))
    assert desk.labelled(now=NOW + DAY) == []
    wrong = Labelled(guess=guess(1, audit=True), right=False, decided_at=NOW + DAY)
    assert desk.labelled(now=NOW + 2 * DAY) == [wrong]
    assert desk.labelled(now=NOW + 9 * DAY) == [wrong]


def test_audits_that_wait_are_counted(desk: Desk) -> None:
    """By remark, overdue or not; what a person decided, seen or not, waits once it is undone."""
    for each in range(1, 9):
        desk.hears(each, outcome="unmatched" if each == 2 else "suggested", withdrawn=each == 3)
    desk.guesses(
        guess(1, audit=True),
        guess(1, passage=1, audit=True, issue_id=11),
        guess(2, audit=True, at=NOW - 30 * DAY),
        guess(3, audit=True, at=NOW - 40 * DAY),
        guess(4, audit=True, issue_id=None, at=NOW - 40 * DAY),
        guess(5, at=NOW - 40 * DAY),
        guess(6, audit=True, at=NOW - 40 * DAY),
        guess(7, audit=True, at=NOW - 40 * DAY),
        guess(8, audit=True, at=NOW - DAY),
    )
    desk.decides(6, 10, "rejected")
    desk.decides(7, 10, "rejected", unseen=True)
    desk.decides(8, 10, "rejected")
    desk.decides(8, 10, "suggested")
    with desk.store.transaction() as tx:
        assert tx.learned.audits_waiting(100) == Undecided(3, NOW - 30 * DAY)
        assert tx.learned.audits_waiting(3) == Undecided(2, NOW - DAY)
        assert tx.learned.audits_waiting(2) == Undecided(1, NOW)


def test_where_no_audit_waits_there_is_no_oldest(desk: Desk) -> None:
    """As in a new store."""
    with desk.store.transaction() as tx:
        assert tx.learned.audits_waiting(100) == Undecided(0, None)


def test_lessons_are_told_from_a_mark_on(desk: Desk) -> None:
    """Also one that is taken back, under a new mark."""
    first, second = (Lesson(remark_id=each, issue_id=10, text=f"words {each}") for each in (1, 2))
    with desk.store.transaction() as tx:
        tx.learned.teach([first, second])
        found, mark = tx.learned.lessons(0)
        assert found == [first, second]
        assert tx.learned.lessons(mark) == ([], mark)
    undone = Lesson(remark_id=1, issue_id=10, text="words 1", learned=False)
    with desk.store.transaction() as tx:
        tx.learned.teach([undone])
        tx.learned.teach([])
        later, _ = tx.learned.lessons(mark)
        whole, _ = tx.learned.lessons(0)
    assert later == [undone]
    assert whole == [second, undone]


def test_lessons_are_written_one_transaction_after_the_other(
    postgres_store: PostgresStore, waits: Waits
) -> None:
    """Else a mark could be passed before the lesson under it is there."""
    waits(
        postgres_store,
        lambda tx: tx.learned.teach([Lesson(remark_id=1, issue_id=10, text="a")]),
        lambda tx: tx.learned.teach([Lesson(remark_id=2, issue_id=10, text="b")]),
    )


def certificate(**facts: Any) -> Certificate:
    """A calibration."""
    known: dict[str, Any] = {
        "tier": "fast",
        "basis": "table",
        "at": NOW,
        "labels": 200,
        "audits": 80,
        "calibration": {"columns": 1},
        "least": 0.5,
        "passed": 70,
        "wrong": 2,
        "p": 0.875,
        "delta": 0.125,
        "epics": 7,
    }
    return Certificate(**known | facts)


def test_a_calibration_comes_back_as_it_was_made(desk: Desk) -> None:
    """A real one, with steps and the moment that its links had drifted by: bit for bit."""
    labelled = [
        Labelled(
            guess=guess(n, features=(n / 1_200, *[0.1] * (len(NAMES) - 1)), audit=True, sure=True),
            right=n % 3 != 0,
            decided_at=NOW + n * timedelta(seconds=1),
        )
        for n in range(1_200)
    ]
    last = certificate(at=NOW - DAY)
    made = certify(last, labelled, Today(tier="fast", basis="table", epics=7, now=NOW + DAY))
    assert made.calibration["steps"]
    assert made.calibration["since"]
    with desk.store.transaction() as tx:
        tx.learned.certify(made)
        kept = tx.learned.certificate("fast")
    assert kept is not None
    assert kept.calibration == made.calibration


def test_the_last_certificate_of_a_tier_counts(desk: Desk) -> None:
    """One without a threshold too: it takes the one before back."""
    with desk.store.transaction() as tx:
        assert tx.learned.certificate("fast") is None
        tx.learned.certify(certificate())
        tx.learned.certify(certificate(least=None, epics=None, why="too few audits"))
        tx.learned.certify(certificate(tier="quality"))
        none = certificate(least=None, epics=None, why="too few audits")
        assert tx.learned.certificate("fast") == none
        assert tx.learned.certificate("quality") == certificate(tier="quality")


def test_the_certificate_before_an_instant_is_found(desk: Desk) -> None:
    """What the next one was made knowing."""
    with desk.store.transaction() as tx:
        tx.learned.certify(certificate())
        tx.learned.certify(certificate(at=NOW + DAY, labels=300))
        assert tx.learned.certificate("fast", before=NOW + DAY) == certificate()
        assert tx.learned.certificate("fast", before=NOW) is None


def test_lessons_are_read_in_pages(desk: Desk) -> None:
    """In the order in which they were written, each once."""
    taught = [Lesson(remark_id=n, issue_id=10, text=str(n)) for n in range(5)]
    with desk.store.transaction() as tx:
        tx.learned.teach(taught)
        read, mark = list[Lesson](), 0
        for size in (2, 2, 1, 0):
            page, mark = tx.learned.lessons(mark, 2)
            assert len(page) == size
            read += page
    assert read == taught


def test_only_one_certifies_at_a_time(postgres_store: PostgresStore) -> None:
    """The other goes on without waiting, and may once the first is through."""
    with postgres_store.transaction() as first:
        assert first.learned.alone()
        with postgres_store.transaction() as second:
            assert not second.learned.alone()
    with postgres_store.transaction() as third:
        assert third.learned.alone()


def test_a_secret_is_made_once_and_stays(desk: Desk) -> None:
    """Long enough that nobody guesses it; each name has its own."""
    with desk.store.transaction() as tx:
        made = tx.learned.secret("audits")
        assert tx.learned.secret("audits") == made
    with desk.store.transaction() as tx:
        assert tx.learned.secret("audits") == made
        assert tx.learned.secret("others") != made
    assert len(made) == SECRET_BYTES


def test_a_secret_of_a_transaction_that_failed_is_nobodys(desk: Desk) -> None:
    """The next one is made, and stays."""
    with suppress(LookupError), desk.store.transaction() as tx:
        lost = tx.learned.secret("audits")
        raise LookupError
    with desk.store.transaction() as tx:
        made = tx.learned.secret("audits")
    with desk.store.transaction() as tx:
        assert tx.learned.secret("audits") == made != lost


def test_two_workers_that_ask_for_a_secret_at_once_get_the_same(
    postgres_store: PostgresStore, waits: Waits
) -> None:
    """The second waits for the first."""
    made: list[bytes] = []
    other = waits(
        postgres_store,
        lambda tx: made.append(tx.learned.secret("audits")),
        lambda tx: tx.learned.secret("audits"),
    )
    assert made == [other]


def test_what_was_kept_is_found_by_its_name(desk: Desk) -> None:
    """The newest of a name."""
    with desk.store.transaction() as tx:
        assert tx.learned.kept("index:fast") is None
        tx.learned.keep("index:fast", b"\x00old", NOW)
        tx.learned.keep("index:fast", b"\x00new", NOW + DAY)
        assert tx.learned.kept("index:fast") == (b"\x00new", NOW + DAY)


def test_what_was_kept_is_forgotten_by_how_its_name_begins(desk: Desk) -> None:
    """Letter by letter: nothing in it stands for another one."""
    with desk.store.transaction() as tx:
        for name in ("a_b:1", "a_b:2", "axb:3"):
            tx.learned.keep(name, b"x", NOW)
        assert tx.learned.forget("a_b:") == 2
        assert tx.learned.kept("a_b:1") is None
        assert tx.learned.kept("axb:3") is not None
        assert tx.learned.forget("a_b:") == 0
