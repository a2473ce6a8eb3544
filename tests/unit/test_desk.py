"""The desk: several decisions at once, the same twice, and the way back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.codec import decode
from schemas.events import Epic, FeedbackLinked
from sinks.contracts import Sighting
from sinks.store.fake import FakeStore
from sinks.store.learned import Lesson
from sinks.store.rows import Outcome, Remark, Words
from streams.link.desk import (
    Action,
    Asked,
    Result,
    carry_out_all,
    plan_all,
    plan_undoing_last,
)
from streams.link.triage import CannotRule
from tests.unit.desk_world import suggest

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@dataclass
class Desk:
    """A store, remarks in it, and people who decide."""

    store: FakeStore
    now: datetime = NOW
    ids: Iterator[int] = field(default_factory=lambda: iter(range(1, 1000)))

    def hears(self, record: str, *suggested: int) -> None:
        """A remark comes in, with issues suggested for it."""
        with self.store.transaction() as tx:
            (id_,) = tx.remarks.new_ids(1)
            made = Remark(
                id=id_,
                origin="form",
                record=record,
                version_at=NOW,
                said_at=NOW,
                outcome="suggested" if suggested else "unmatched",
            )
            tx.remarks.add([(made, Words(remark_id=id_, words="words"))])
            for issue in suggested:
                suggest(tx, id_, issue, 0.5, f"about {issue}")

    def decides(
        self, action: Action, remarks: Sequence[str], *issues: str, by: str = "pm", **more: Any
    ) -> list[Result]:
        """Somebody decides, a minute later than all before."""
        self.now += timedelta(minutes=1)
        names = [f"form:{one}" for one in remarks]
        asked = Asked(action=action, remarks=names, issues=issues, by=by, **more)
        with self.store.transaction() as tx:
            return carry_out_all(tx, plan_all(tx, asked), by, self.now)

    def undoes_last(self, by: str = "pm") -> list[Result]:
        """Somebody takes back what they did last."""
        self.now += timedelta(minutes=1)
        with self.store.transaction() as tx:
            return carry_out_all(tx, plan_undoing_last(tx, by), by, self.now)

    def outcome(self, record: str) -> Outcome:
        """What linking has come to for a remark."""
        return self.remark(record).outcome

    def remark(self, record: str) -> Remark:
        """As it is now."""
        with self.store.transaction() as tx:
            found = tx.remarks.find(f"form:{record}")
        assert found is not None
        return found[0]

    def states(self, record: str) -> dict[str, str]:
        """Issue key -> where the remark stands with it."""
        with self.store.transaction() as tx:
            found = tx.links.of_remark(self.remark_id(tx, record))
        return {link.issue_key: link.state for link, _ in found}

    def remark_id(self, tx: Any, record: str) -> int:
        """Of its row."""
        found = tx.remarks.find(f"form:{record}")
        return int(found[0].id)

    def learned(self) -> set[str]:
        """Every text that was learned and not taken back."""
        with self.store.transaction() as tx:
            return {lesson.text for lesson in tx.learned.lessons(0)[0] if lesson.learned}

    def lessons(self, record: str) -> list[Lesson]:
        """Whatever was learned of a remark, also what was taken back."""
        with self.store.transaction() as tx:
            id_ = self.remark_id(tx, record)
            return [one for one in tx.learned.lessons(0)[0] if one.remark_id == id_]

    def announced(self) -> list[tuple[str, str]]:
        """Every ``feedback.linked`` so far: remark and outcome."""
        with self.store.transaction() as tx:
            rows = tx.outbox.take(1000)
        events = [decode(row.value, (), (FeedbackLinked,)) for row in rows]
        return [(event.data.feedback, event.data.outcome) for event in events]


@pytest.fixture
def desk() -> Desk:
    """Two issues, and three remarks: one with both suggested, one with one, one with none."""
    store = FakeStore()
    store.open()
    made = Desk(store)
    epics = [Epic(id=str(id_), key=f"APP-{id_}", summary=f"Issue {id_}") for id_ in (1, 2)]
    with store.transaction() as tx:
        tx.epics.put([Sighting(epic=epic, updated_at=NOW) for epic in epics])
    made.hears("a", 1, 2)
    made.hears("b", 1)
    made.hears("c")
    return made


def test_what_is_dismissed_is_so_for_good(desk: Desk) -> None:
    """What was suggested is rejected with it; it is announced as unmatched; nobody lists it."""
    results = desk.decides("dismiss", ["a", "c"])
    assert [one.outcome for one in results] == ["dismissed", "dismissed"]
    assert desk.states("a") == {"APP-1": "rejected", "APP-2": "rejected"}
    assert (desk.outcome("a"), desk.outcome("c")) == ("dismissed", "dismissed")
    assert desk.announced() == [("form:a", "unmatched"), ("form:c", "unmatched")]
    with desk.store.transaction() as tx:
        assert [one.feedback_id for one, _ in tx.remarks.undecided(9)] == ["form:b"]


def test_what_is_accepted_is_learned_until_it_is_taken_back(desk: Desk) -> None:
    """By the passage where there is one, else the whole words; the passage outlives an undo."""
    desk.decides("accept", ["a"], "APP-1")
    desk.decides("accept", ["c"], "APP-2")
    assert desk.learned() == {"about 1", "words"}
    desk.undoes_last()
    assert desk.learned() == {"about 1"}
    desk.decides("undo", ["a"])
    assert desk.learned() == set()
    desk.decides("accept", ["a"], "APP-1")
    assert desk.learned() == {"about 1"}


def test_what_nobody_looked_at_is_linked_and_teaches_nothing(desk: Desk) -> None:
    """Until somebody looks, and accepts it as well; what was looked at is not accepted twice."""
    desk.decides("accept", "ab", "APP-1", unseen={"form:b"})
    assert [desk.outcome(one) for one in "ab"] == ["linked", "linked"]
    assert desk.learned() == {"about 1"}
    (lesson,) = desk.lessons("a")
    assert (lesson.learned, desk.lessons("b")) == (True, [])
    desk.decides("accept", "b", "APP-1", by="lee")
    assert [one.learned for one in desk.lessons("b")] == [True]
    with pytest.raises(CannotRule, match="by lee"):
        desk.decides("accept", "b", "APP-1")


def test_looking_after_all_is_no_repetition(desk: Desk) -> None:
    """By the same person, who may repeat what they did."""
    desk.decides("accept", "b", "APP-1", again=True, unseen={"form:b"})
    (again,) = desk.decides("accept", "b", "APP-1", again=True, unseen={"form:b"})
    assert (again.decided, desk.lessons("b")) == ((), [])
    (seen,) = desk.decides("accept", "b", "APP-1", again=True)
    assert (len(seen.decided), len(desk.lessons("b"))) == (1, 1)


def test_what_was_learned_is_unlearned_unseen(desk: Desk) -> None:
    """Forgetting needs no look."""
    desk.decides("accept", "b", "APP-1")
    desk.decides("reject", "b", "APP-1", unseen={"form:b"})
    assert desk.learned() == set()


def test_undo_brings_a_dismissed_remark_back(desk: Desk) -> None:
    """With what was suggested then; what had been rejected before stays rejected."""
    desk.decides("reject", ["a"], "APP-2")
    desk.decides("dismiss", ["a", "c"])
    desk.decides("undo", ["a", "c"])
    assert (desk.outcome("a"), desk.outcome("c")) == ("suggested", "unmatched")
    assert desk.states("a") == {"APP-1": "suggested", "APP-2": "rejected"}


def test_what_is_linked_is_not_dismissed(desk: Desk) -> None:
    """It is product feedback: somebody said so."""
    desk.decides("accept", ["b"], "APP-1")
    with pytest.raises(CannotRule, match="form:b: it is linked to APP-1"):
        desk.decides("dismiss", ["b"])


def test_a_dismissed_remark_may_still_be_linked(desk: Desk) -> None:
    """A later decision counts; the remark is dismissed only once."""
    desk.decides("dismiss", ["a"])
    with pytest.raises(CannotRule, match="dismissed already"):
        desk.decides("dismiss", ["a"])
    desk.decides("accept", ["a"], "APP-1")
    assert desk.outcome("a") == "linked"


def test_several_are_decided_together_or_not_at_all(desk: Desk) -> None:
    """One that is unknown, or cannot be decided so, stops all."""
    desk.decides("accept", ["a", "b"], "app-1", "APP-2")
    assert desk.states("b") == {"APP-1": "linked", "APP-2": "linked"}
    before = desk.announced()
    for remarks in (["c", "x"], ["c", "a"]):
        with pytest.raises(CannotRule, match=r"form:[xa]"):
            desk.decides("accept", remarks, "APP-1")
    assert (desk.outcome("c"), desk.announced()) == ("unmatched", before)


def test_the_last_thing_a_person_did_is_taken_back_whole(desk: Desk) -> None:
    """And then the one before that, until nothing is left; another's decisions stay."""
    desk.decides("dismiss", ["c"])
    desk.decides("accept", ["a", "b"], "APP-1")
    desk.decides("accept", ["a"], "APP-2", by="other")
    assert [one.remark for one in desk.undoes_last()] == ["form:a", "form:b"]
    assert desk.states("a") == {"APP-1": "suggested", "APP-2": "linked"}
    assert (desk.outcome("b"), desk.outcome("c")) == ("suggested", "dismissed")
    desk.undoes_last()
    assert desk.outcome("c") == "unmatched"
    with pytest.raises(CannotRule, match="nothing that stands"):
        desk.undoes_last()


@pytest.mark.parametrize(
    ("action", "issues"),
    [("accept", ["APP-1"]), ("reject", ["APP-1"]), ("reject", []), ("dismiss", [])],
)
def test_the_same_again_by_the_same_person_changes_nothing(
    desk: Desk, action: Action, issues: list[str]
) -> None:
    """As when a browser repeats; from another person it is refused, and without `again` too."""
    first = desk.decides(action, ["b"], *issues, again=True)
    announced = desk.announced()
    second = desk.decides(action, ["b"], *issues, again=True)
    assert second == [Result("form:b", first[0].outcome, ())]
    assert desk.announced() == announced
    with pytest.raises(CannotRule):
        desk.decides(action, ["b"], *issues)
    desk.decides("undo", ["b"], again=True)
    assert desk.decides("undo", ["b"], again=True)[0].decided == ()


def test_the_same_by_another_person_is_refused(desk: Desk) -> None:
    """They are told by whom it was decided."""
    desk.decides("accept", ["b"], "APP-1", again=True)
    with pytest.raises(CannotRule, match="by pm"):
        desk.decides("accept", ["b"], "APP-1", by="other", again=True)


@pytest.mark.parametrize(
    ("action", "remarks", "issues", "why"),
    [
        ("accept", ["a"], [], "no issue"),
        ("accept", ["a"], ["APP-9"], "APP-9"),
        ("dismiss", ["a"], ["APP-1"], "whole"),
        ("accept", [], ["APP-1"], "between 1 and"),
        ("dismiss", [str(n) for n in range(501)], [], "between 1 and"),
        ("undo", ["a"], [], "no person"),
    ],
)
def test_what_makes_no_sense_is_refused(
    desk: Desk, action: Action, remarks: list[str], issues: list[str], why: str
) -> None:
    """With a reason; nothing is written."""
    with pytest.raises(CannotRule, match=why):
        desk.decides(action, remarks, *issues)
    assert desk.announced() == []


def test_what_is_accepted_is_learned_and_unlearned(desk: Desk) -> None:
    """However many at once; what is taken back teaches no more, and a dismissal teaches nothing."""

    def lessons() -> set[tuple[int, int]]:
        with desk.store.transaction() as tx:
            found, _ = tx.learned.lessons(0)
        return {(one.remark_id, one.issue_id) for one in found if one.learned}

    desk.decides("accept", ["a", "c"], "APP-1")
    assert lessons() == {(1, 1), (3, 1)}
    desk.undoes_last()
    assert lessons() == set()
    desk.decides("dismiss", ["a"])
    assert lessons() == set()
