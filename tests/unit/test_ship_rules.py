"""What the tracker's news does to a ship: the table of `streams.ship.rules`, cell by cell."""

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from schemas.events import Epic, Version
from sinks.store.rows import EpicRow, Ship
from streams.ship.rules import JIRA, Policy, Step, Widen, Withdraw, after_tracker
from tests.unit.tell_rows import ISSUE, NOW, SETTLED, SHIPPED, ship

POLICY = Policy(hold=timedelta(minutes=15))
LATER = NOW + timedelta(days=30)


def version(id_: str = "1", *, released: bool = True) -> Version:
    """A version of the project."""
    day = date(2026, 3, 3) if released else None
    return Version(id=id_, project_id="1", name=f"v{id_}", released=released, released_on=day)


def issue(*versions: Version, **changes: Any) -> EpicRow:
    """The issue: done, in a version that is out, where nothing else is said."""
    said: dict[str, Any] = {
        "id": str(ISSUE),
        "key": "PROD-42",
        "summary": "Single sign-on",
        "resolution": "Done",
        "status": "Done",
        "status_category": "done",
    }
    return EpicRow(
        issue_id=ISSUE,
        updated_at=SHIPPED,
        epic=Epic(**said | changes),
        versions=versions or (version(),),
    )


def bare(**changes: Any) -> EpicRow:
    """The same without any version."""
    return msgspec.structs.replace(issue(**changes), versions=())


OUT = issue()
REOPENED = issue(resolution=None, status="To Do", status_category="new")
MOVED_BACK = issue(status="In Progress", status_category="indeterminate")
UNRELEASED = issue(version(released=False))
ADDED = issue(version(), version("2", released=False))
TIDIED = bare()
DUPLICATE = issue(resolution="Duplicate")
RENAMED = issue(resolution="Erledigt")
DELETED = issue(deleted=True, resolution=None)

ON_HOLD = ship(settled_at=None)
SETTLED_SHIP = ship()
TAKEN_BACK = ship(withdrawn_at=NOW, withdrawn_why="re-opened")


def follow(after: EpicRow, latest: Ship | None, before: EpicRow | None = OUT, **more: Any) -> Step:
    """What the news comes to."""
    return after_tracker(after, latest, POLICY, LATER, before=before, **more)


@pytest.mark.parametrize("before", [None, REOPENED, UNRELEASED, ADDED, OUT])
def test_what_is_shipped_opens_the_first_generation(before: EpicRow | None) -> None:
    """Also where it was so before and nobody had looked."""
    step = follow(OUT, None, before)
    assert isinstance(step, Ship)
    assert (step.generation, step.signal, step.accounts) == (1, JIRA, None)
    assert step.settles_at == LATER + POLICY.hold


@pytest.mark.parametrize(
    "after", [REOPENED, MOVED_BACK, UNRELEASED, ADDED, TIDIED, DUPLICATE, RENAMED, DELETED]
)
def test_what_is_not_shipped_opens_nothing(after: EpicRow) -> None:
    """Shipped is not done."""
    assert follow(after, None) is None


@pytest.mark.parametrize(
    "after", [REOPENED, MOVED_BACK, UNRELEASED, ADDED, TIDIED, DUPLICATE, RENAMED, DELETED]
)
def test_on_hold_whatever_is_not_shipped_takes_it_back(after: EpicRow) -> None:
    """Nobody has been told."""
    assert isinstance(follow(after, ON_HOLD), Withdraw)


@pytest.mark.parametrize(
    ("after", "why"),
    [
        (REOPENED, "it was re-opened"),
        (MOVED_BACK, "its status is 'In Progress' again"),
        (UNRELEASED, "not released any more: v1"),
    ],
)
def test_once_people_were_told_what_is_not_there_any_more_is_taken_back(
    after: EpicRow, why: str
) -> None:
    """With a reason that stands in the correction."""
    assert follow(after, SETTLED_SHIP) == Withdraw(ISSUE, 1, why)


@pytest.mark.parametrize("after", [ADDED, TIDIED, DUPLICATE, RENAMED, DELETED, OUT])
def test_once_people_were_told_tidying_up_takes_nothing_back(after: EpicRow) -> None:
    """The customers have it still."""
    assert follow(after, SETTLED_SHIP) is None


def test_a_version_that_was_added_unreleased_is_not_one_that_was_taken_back() -> None:
    """It was not out when the issue was looked at last, either."""
    assert follow(ADDED, SETTLED_SHIP, ADDED) is None
    gone = issue(version(released=False), version("2", released=False))
    assert isinstance(follow(gone, SETTLED_SHIP, ADDED), Withdraw)


@pytest.mark.parametrize("signal", ["ci", "person"])
@pytest.mark.parametrize("after", [REOPENED, MOVED_BACK, UNRELEASED])
@pytest.mark.parametrize("settled_at", [None, SETTLED])
def test_what_ci_or_a_person_shipped_the_tracker_does_not_take_back(
    signal: str, after: EpicRow, settled_at: Any
) -> None:
    """They know of something that the tracker does not."""
    assert follow(after, ship(signal=signal, settled_at=settled_at)) is None


def test_what_was_taken_back_stays_so_while_the_issue_is_as_it_was() -> None:
    """A label, a summary: no word on whether customers have it."""
    assert follow(issue(labels=("x",)), TAKEN_BACK) is None


@pytest.mark.parametrize("before", [REOPENED, MOVED_BACK, UNRELEASED, ADDED, TIDIED, None])
def test_what_was_taken_back_opens_once_the_issue_ships_anew(before: EpicRow | None) -> None:
    """As the next generation."""
    step = follow(OUT, TAKEN_BACK, before)
    assert isinstance(step, Ship)
    assert step.generation == 2


def test_a_re_open_and_its_end_in_one_batch_count_as_anew() -> None:
    """Both were heard at once; the store shows only the last."""
    assert isinstance(follow(OUT, TAKEN_BACK, OUT, undone_meanwhile=True), Ship)
    assert follow(OUT, SETTLED_SHIP, OUT, undone_meanwhile=True) is None


def test_what_some_accounts_have_becomes_everyones_once_the_issue_ships() -> None:
    """The same generation, so that nobody is told twice; it holds once more."""
    step = follow(OUT, ship(signal="ci", accounts=("acme",)), UNRELEASED)
    assert isinstance(step, Widen)
    assert (step.generation, step.accounts) == (1, None)
    assert step.anew is not None
    assert (step.anew.signal, step.anew.settles_at) == (JIRA, LATER + POLICY.hold)


def test_what_some_accounts_have_stays_theirs_while_the_issue_is_as_it_was() -> None:
    """A person took it back from all and released it to some: that word stands."""
    assert follow(issue(labels=("x",)), ship(signal="person", accounts=("acme",))) is None


def test_a_ship_for_everyone_is_not_opened_twice() -> None:
    """CI was first."""
    assert follow(OUT, ship(signal="ci"), UNRELEASED) is None
