"""The tracker's news through the stage that follows it: what ships, and what takes it back."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from schemas.events import (
    Epic,
    EpicChanged,
    FeatureShipped,
    FixVersion,
    Shipment,
    Version,
    VersionChanged,
)
from sinks.store.contract import Store
from sinks.store.rows import EpicRow, Ship
from streams.ship.person import carry_out, release, withdraw
from streams.ship.rules import Policy
from streams.ship.stage import Said, ShipStage
from tests.integration.tell.world import World
from tests.unit.tell_rows import ISSUE, SHIPPED

POLICY = Policy(hold=timedelta(minutes=15))
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class Tracker:
    """One issue and its versions, as the tracker's webhooks tell of them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.stage = ShipStage(POLICY, evidence_after_s=1.0)
        self.versions = {"1": True}
        self.epic: dict[str, Any] = {"resolution": "Done", "status_category": "done"}

    def seen(self, at: datetime, **changes: Any) -> EpicChanged:
        """The issue as it is from now on."""
        self.epic |= changes
        named = tuple(
            FixVersion(id=id_, name=f"v{id_}", released=out) for id_, out in self.versions.items()
        )
        said = {"id": str(ISSUE), "key": f"PROD-{ISSUE}", "summary": "Single sign-on"}
        data = Epic(**said, fix_versions=named, **self.epic)
        return EpicChanged(
            id=f"e{at.isoformat()}", source="/jira", specversion="1.0", time=at, data=data
        )

    def version(self, at: datetime, id_: str, *, released: bool, **more: Any) -> VersionChanged:
        """A version as it is from now on."""
        data = Version(id=id_, project_id="1", name=f"v{id_}", released=released, **more)
        return VersionChanged(
            id=f"v{at.isoformat()}", source="/jira", specversion="1.0", time=at, data=data
        )

    def hear(self, now: datetime, *events: Said) -> Ship | None:
        """One batch; where the latest generation stands after it."""
        with self.world.store.transaction() as tx:
            self.stage.write(tx, events, now)
            return tx.ships.latest({ISSUE}).get(ISSUE)

    def row(self) -> EpicRow:
        """The issue as the store has it."""
        with self.world.store.transaction() as tx:
            return tx.epics.get({ISSUE})[ISSUE]

    def take_back(self, now: datetime) -> None:
        """A person does."""
        with self.world.store.transaction() as tx:
            carry_out(tx, withdraw(tx, self.row_in(tx), "it loses data"), now)

    def release_to(self, now: datetime, *accounts: str) -> None:
        """A person does, for some."""
        with self.world.store.transaction() as tx:
            row = self.row_in(tx)
            step = release(tx, row, accounts, docs_url=None, policy=POLICY, now=now)
            carry_out(tx, step, now)

    def row_in(self, tx: Any) -> EpicRow:
        """The issue, in a transaction that is under way."""
        row: EpicRow = tx.epics.get({ISSUE})[ISSUE]
        return row


@pytest.fixture
def world(store: Store) -> World:
    """Acme and Globex, which Nils and Olga own, spoke; nothing has shipped yet."""
    made = World(store)
    made.people()
    made.account()
    made.account("globex", owner_id="olga")
    made.remark(1, reporter_id="rita")
    made.remark(2, account_id="globex", domain="globex.example")
    return made


@pytest.fixture
def tracker(world: World) -> Tracker:
    """It has shipped, and people were told."""
    made = Tracker(world)
    made.hear(SHIPPED, made.seen(SHIPPED))
    return made


def _told(tracker: Tracker, at: datetime) -> list[str]:
    return sorted(mail.to_email.partition("@")[0] for mail in tracker.world.tell_all(at))


def test_tidying_versions_up_months_later_corrects_nobody(tracker: Tracker) -> None:
    """Deleted, merged, another one added: the customers have it still."""
    assert _told(tracker, SHIPPED + HOUR) == ["nils", "olga", "rita"]
    later = SHIPPED + 90 * DAY
    gone = tracker.version(later, "1", released=True, deleted=True)
    assert not _is_back(tracker.hear(later, gone))
    tracker.versions = {"2": False}
    assert not _is_back(tracker.hear(later + HOUR, tracker.seen(later + HOUR)))
    assert _told(tracker, later + 2 * HOUR) == []


def test_a_version_that_is_unreleased_is_corrected(tracker: Tracker) -> None:
    """The one webhook names no issue."""
    assert len(_told(tracker, SHIPPED + HOUR)) == 3
    later = SHIPPED + DAY
    assert _is_back(tracker.hear(later, tracker.version(later, "1", released=False)))
    assert _told(tracker, later) == ["nils", "olga", "rita"]


def test_what_a_person_took_back_is_not_opened_by_the_next_event(tracker: Tracker) -> None:
    """Only once it was not shipped and is again; also where both are heard in one batch."""
    assert len(_told(tracker, SHIPPED + HOUR)) == 3
    later = SHIPPED + DAY
    tracker.take_back(later)
    label = tracker.seen(later + HOUR, labels=("urgent",))
    assert _is_back(tracker.hear(later + HOUR, label))
    back = tracker.seen(later + 2 * HOUR, resolution=None, status_category="new")
    again = tracker.seen(later + 3 * HOUR, resolution="Done", status_category="done")
    ship = tracker.hear(later + 3 * HOUR, back, again)
    assert ship is not None
    assert (ship.generation, ship.withdrawn_at) == (2, None)


def test_what_a_person_released_to_some_stays_theirs(tracker: Tracker) -> None:
    """Though the tracker has had it as released all along."""
    later = SHIPPED + DAY
    tracker.take_back(later)
    tracker.release_to(later, "acme")
    ship = tracker.hear(later + HOUR, tracker.seen(later + HOUR, labels=("urgent",)))
    assert ship is not None
    assert (ship.generation, ship.accounts) == (2, ("acme",))


def test_what_some_could_use_is_told_to_the_others_once_it_is_everyones(world: World) -> None:
    """After a hold of its own; nobody hears of it twice."""
    tracker = Tracker(world)
    tracker.versions = {"1": False}
    tracker.hear(SHIPPED, tracker.seen(SHIPPED))
    ci = FeatureShipped(
        id="ci",
        source="/ci",
        specversion="1.0",
        time=SHIPPED,
        data=Shipment(issue_id=str(ISSUE), accounts=("acme",), what="Sign in with Okta."),
    )
    tracker.hear(SHIPPED, ci)
    assert _told(tracker, SHIPPED + HOUR) == ["nils", "rita"]
    later = SHIPPED + 30 * DAY
    ship = tracker.hear(later, tracker.version(later, "1", released=True))
    assert ship is not None
    assert (ship.generation, ship.accounts, ship.signal) == (1, None, "jira")
    world.work.work_out_audiences(later + POLICY.hold / 2)
    assert {one.person_id for one in world.tells() if one.verdict == "tell"} == {"nils", "rita"}
    mails = world.tell_all(later + POLICY.hold)
    assert [mail.to_email for mail in mails] == ["olga@us.example"]
    assert "Shipped on 2 April 2026" in mails[0].text


def test_a_late_link_is_told_also_of_a_voice_that_spoke_much_before(world: World) -> None:
    """Linked after it became everyone's: available already, however much was linked meanwhile."""
    tracker = Tracker(world)
    tracker.versions = {"1": False}
    tracker.hear(SHIPPED, tracker.seen(SHIPPED))
    said = Shipment(issue_id=str(ISSUE), accounts=("acme",))
    event = FeatureShipped(id="ci", source="/ci", specversion="1.0", time=SHIPPED, data=said)
    tracker.hear(SHIPPED, event)
    world.tell_all(SHIPPED + HOUR)
    later = SHIPPED + 30 * DAY
    for number in range(9):
        meanwhile = later - DAY + number * timedelta(minutes=1)
        world.remark(10 + number, account_id="globex", domain="globex.example", linked_at=meanwhile)
    tracker.hear(later, tracker.version(later, "1", released=True))
    assert _told(tracker, later + POLICY.hold) == ["olga"]
    last = later + DAY
    world.remark(99, account_id="globex", domain="globex.example", linked_at=last, said_at=last)
    world.wake(last)
    (mail,) = world.tell_all(last)
    assert mail.subject.startswith("Already available: ")


def test_what_is_re_opened_while_it_becomes_everyones_tells_nobody_new(world: World) -> None:
    """Those who had it are corrected: the tracker's word counts from then on."""
    tracker = Tracker(world)
    tracker.versions = {"1": False}
    tracker.hear(SHIPPED, tracker.seen(SHIPPED))
    said = Shipment(issue_id=str(ISSUE), accounts=("acme",))
    event = FeatureShipped(id="ci", source="/ci", specversion="1.0", time=SHIPPED, data=said)
    tracker.hear(SHIPPED, event)
    assert _told(tracker, SHIPPED + HOUR) == ["nils", "rita"]
    later = SHIPPED + DAY
    tracker.hear(later, tracker.version(later, "1", released=True))
    minute = later + timedelta(minutes=1)
    back = tracker.seen(minute, resolution=None, status_category="new")
    assert _is_back(tracker.hear(minute, back))
    assert _told(tracker, minute) == ["nils", "rita"]


def _is_back(ship: Ship | None) -> bool:
    assert ship is not None
    return ship.withdrawn_at is not None
