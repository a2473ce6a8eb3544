"""Whatever is done to an issue in whatever order: what its ships may and may not become."""

from dataclasses import dataclass, field
from datetime import timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.events import Epic, Shipment, Version, Withdrawal
from sinks.store.rows import EpicRow, Ship
from streams.ship.rules import (
    JIRA,
    Policy,
    Step,
    Widen,
    Withdraw,
    after_shipment,
    after_tracker,
    after_withdrawal,
    not_shipped_because,
)
from tests.unit.tell_rows import ISSUE, SHIPPED

POLICY = Policy(hold=timedelta(minutes=15))
TIDYING = ("label", "add released", "add unreleased", "delete version", "duplicate", "delete")
BACK = ("re-open", "move back", "unrelease")
ONWARD = ("resolve", "release", "settle")
WORDS = ("ci for acme", "ci for all", "person takes back")
actions = st.lists(st.sampled_from((*TIDYING, *BACK, *ONWARD, *ONWARD, *WORDS)), max_size=25)


@dataclass
class Play:
    """One issue in the tracker, and the ships that come of what is done to it."""

    epic: Epic = field(default_factory=lambda: Epic(id=str(ISSUE), key="PROD-42"))
    versions: list[Version] = field(default_factory=list)
    ships: list[Ship] = field(default_factory=list)
    ticks: int = 0

    def row(self) -> EpicRow:
        """The issue as the store has it."""
        named = tuple(self.versions)
        return EpicRow(issue_id=ISSUE, updated_at=SHIPPED, epic=self.epic, versions=named)

    @property
    def latest(self) -> Ship | None:
        """The latest generation."""
        return self.ships[-1] if self.ships else None

    def do(self, action: str) -> Step:
        """Somebody does something; what follows from it."""
        self.ticks += 1
        now = SHIPPED + timedelta(hours=self.ticks)
        before = self.row()
        step: Step = None
        if action == "settle":
            if self.latest and self.latest.withdrawn_at is None and self.latest.settled_at is None:
                self.ships[-1] = msgspec.structs.replace(self.latest, settled_at=now)
        elif action.startswith("ci"):
            accounts = ("acme",) if action == "ci for acme" else None
            said = Shipment(issue_id=str(ISSUE), accounts=accounts, signal="ci")
            step = after_shipment(said, self.latest, POLICY, now, now)
        elif action == "person takes back":
            if self.latest:
                word = Withdrawal(issue_id=str(ISSUE), generation=self.latest.generation)
                step = after_withdrawal(word, self.latest)
        else:
            self._in_tracker(action)
            step = after_tracker(self.row(), self.latest, POLICY, now, before=before)
        self._take(step)
        return step

    def _in_tracker(self, action: str) -> None:
        changes = {
            "label": {"labels": (str(self.ticks),)},
            "duplicate": {"resolution": "Duplicate"},
            "delete": {"deleted": True},
            "re-open": {"resolution": None, "status_category": "new", "deleted": False},
            "move back": {"status_category": "indeterminate"},
            "resolve": {"resolution": "Done", "status_category": "done", "deleted": False},
        }.get(action, {})
        self.epic = msgspec.structs.replace(self.epic, **changes)
        if action.startswith("add"):
            one = Version(
                id=str(self.ticks),
                project_id="1",
                name=f"v{self.ticks}",
                released=action == "add released",
            )
            self.versions.append(one)
        elif action == "delete version":
            self.versions = self.versions[1:]
        elif action in {"release", "unrelease"}:
            is_out = action == "release"
            self.versions = [msgspec.structs.replace(v, released=is_out) for v in self.versions]

    def _take(self, step: Step) -> None:
        now = SHIPPED + timedelta(hours=self.ticks)
        if isinstance(step, Ship):
            self.ships.append(step)
        elif isinstance(step, Withdraw):
            assert self.latest is not None
            self.ships[-1] = msgspec.structs.replace(self.latest, withdrawn_at=now)
        elif isinstance(step, Widen):
            assert self.latest is not None
            more = msgspec.structs.asdict(step.anew) if step.anew else {}
            self.ships[-1] = msgspec.structs.replace(self.latest, accounts=step.accounts, **more)


@settings(max_examples=500, deadline=None)
@given(actions)
def test_tidying_up_takes_nothing_back_once_people_were_told(done: list[str]) -> None:
    """Only what says that it is not there any more does."""
    play = Play()
    for action in done:
        standing = play.latest
        step = play.do(action)
        if isinstance(step, Withdraw) and standing and standing.settled_at is not None:
            assert action in {*BACK, "person takes back"}


@settings(max_examples=500, deadline=None)
@given(actions)
def test_what_is_gone_for_customers_is_taken_back(done: list[str]) -> None:
    """A re-open leaves no ship of the tracker standing, wherever it stands."""
    play = Play()
    for action in done:
        play.do(action)
        if action == "re-open" and play.latest and play.latest.signal == JIRA:
            assert play.latest.withdrawn_at is not None


@settings(max_examples=500, deadline=None)
@given(actions)
def test_a_persons_word_stands_until_the_issue_ships_anew(done: list[str]) -> None:
    """Taken back: only somebody's word, or an issue that was not shipped and is, opens it again."""
    play = Play()
    for action in done:
        taken_back = play.latest is not None and play.latest.withdrawn_at is not None
        before = not_shipped_because(play.row(), POLICY)
        step = play.do(action)
        if taken_back and isinstance(step, Ship) and not action.startswith("ci"):
            assert before is not None
            assert not_shipped_because(play.row(), POLICY) is None


@settings(max_examples=500, deadline=None)
@given(actions)
def test_one_generation_is_out_at_a_time_and_only_grows(done: list[str]) -> None:
    """Each is opened once, in order; who has it keeps it until it is taken back."""
    play = Play()
    for action in done:
        standing = play.latest
        play.do(action)
        assert [one.generation for one in play.ships] == list(range(1, len(play.ships) + 1))
        assert all(one.withdrawn_at is not None for one in play.ships[:-1])
        latest = play.latest
        if standing and latest and latest.generation == standing.generation:
            had, has = standing.accounts, latest.accounts
            assert has is None or (had is not None and set(had) <= set(has))


@settings(max_examples=300, deadline=None)
@given(actions)
def test_hearing_the_same_again_changes_nothing(done: list[str]) -> None:
    """The tracker repeats itself."""
    play = Play()
    for action in done:
        play.do(action)
        same = play.row()
        if play.latest is not None:
            assert after_tracker(same, play.latest, POLICY, SHIPPED, before=same) is None or (
                play.latest.withdrawn_at is None
                and play.latest.signal == JIRA
                and not_shipped_because(same, POLICY) is not None
            )
