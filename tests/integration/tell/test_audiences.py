"""Working out who is told: what is looked up, what is written, and that repeating it is safe."""

from datetime import date, datetime, timedelta

import pytest

from schemas.errors import SinkUnreachable
from schemas.events import Rep
from sinks.store.contract import Store
from sinks.store.rows import Stated
from streams.enrich.stage import Change, EnrichStage
from streams.tell import work as tell_work
from streams.tell.gather import MOST_QUOTED
from tests.integration.tell.world import LATER, World
from tests.unit.tell_rows import ISSUE, NOW, SAID, SETTLED, SHIPPED, account, deal, rep


def test_a_ship_that_settles_is_told_to_reporter_and_owner(world: World) -> None:
    """Each has an open mail, and each tell is announced once."""
    assert world.work.work_out_audiences(NOW) == 1
    assert world.told() == {"rita": "tell", "nils": "tell"}
    assert {world.message_of(one).state for one in ("rita", "nils")} == {"open"}
    announced = world.announced("notification.requested")
    assert {one["person_id"] for one in announced} == {"rita", "nils"}
    assert len(announced) == 2


def test_a_voice_that_spoke_very_often_is_answered_by_its_first_remarks(world: World) -> None:
    """However many follow: the tell stays small, and later ones are no reason for another."""
    for id_ in range(100, 100 + 8 * tell_work.MOST_OF_VOICE):
        world.remark(id_, reporter_id="rita", said_at=SAID - timedelta(days=1, seconds=-id_))
    world.work.work_out_audiences(NOW)
    (hers,) = [one for one in world.tells() if one.person_id == "rita" and one.verdict == "tell"]
    assert {*range(100, 100 + tell_work.MOST_OF_VOICE)} <= {*hers.remark_ids}
    assert len(hers.remark_ids) <= 2 * tell_work.MOST_OF_VOICE
    for id_ in range(200, 205):
        world.remark(id_, reporter_id="rita", said_at=SAID - timedelta(days=2, seconds=-id_))
    world.wake()
    assert world.work.work_out_audiences(NOW) == 1
    assert len([o for o in world.tells() if o.person_id == "rita" and o.verdict == "tell"]) == 1


def test_a_mail_quotes_only_so_much(world: World) -> None:
    """Of an account with many voices the remarks said first."""
    for id_ in range(100, 140):
        world.remark(id_, reporter_email=f"rep{id_}@us.example", words=f"Words number {id_}.")
    mails = world.tell_all()
    (his,) = [mail for mail in mails if mail.to_email == "nils@us.example"]
    assert 0 < his.text.count("Words number") <= MOST_QUOTED


def test_nobody_is_told_before_it_settles(world: World) -> None:
    """Not a second earlier."""
    assert world.work.work_out_audiences(SETTLED - timedelta(seconds=1)) == 0
    assert world.told() == {}


def test_a_ship_withdrawn_before_it_settled_tells_nobody(world: World) -> None:
    """Neither then nor later."""
    world.withdraw(SHIPPED + timedelta(minutes=5))
    assert world.tell_all() == []
    assert world.told() == {}


def test_working_it_out_again_changes_nothing(world: World) -> None:
    """No tell, no mail, no announcement more."""
    for _ in range(3):
        world.work.work_out_audiences(NOW)
        world.wake()
    assert len(world.announced("notification.requested")) == 2
    assert len(world.tell_all()) == 2


def test_two_workers_tell_everybody_once(world: World) -> None:
    """Whoever looks first takes the ship."""
    other = World(world.store)
    assert world.work.work_out_audiences(NOW) + other.work.work_out_audiences(NOW) == 1
    assert len(world.tell_all() + other.tell_all()) == 2


def test_one_mail_gathers_the_tells_of_a_window(world: World) -> None:
    """Rita hears of two epics and two accounts in one mail."""
    world.account("globex", owner_id="rita")
    world.remark(2, account_id="globex", domain="globex.example")
    world.remark(3, issue_id=20002, reporter_id="rita", account_id="globex")
    world.ship(issue_id=20002)
    mails = world.tell_all()
    (hers,) = [mail for mail in mails if mail.to_email == "rita@us.example"]
    assert "PROD-10001" in hers.text
    assert "PROD-20002" in hers.text
    assert "Globex" in hers.text


def test_a_late_link_is_told_as_available_since(world: World) -> None:
    """The same reporter, another remark, after the ship was told."""
    world.tell_all()
    world.remark(2, reporter_id="rita", linked_at=LATER, words="Do you have SSO?")
    world.wake(LATER)
    mails = world.tell_all(LATER)
    assert {mail.to_email for mail in mails} == {"rita@us.example", "nils@us.example"}
    assert all("Already available since 3 March 2026" in mail.text for mail in mails)
    assert all("Do you have SSO?" in mail.text for mail in mails)
    assert all("We need single sign-on." not in mail.text for mail in mails)


def test_what_is_urgent_does_not_wait_for_the_digest(world: World) -> None:
    """A deal that closes within a month: the mail is due now."""
    world.crm("opportunity", (SAID, deal("d1", owner_id="olga", closes_on=date(2026, 3, 20))))
    world.work.work_out_audiences(NOW)
    assert world.message_of("olga").due_at == NOW


def test_what_is_not_urgent_waits_for_the_digest(world: World) -> None:
    """An hour, by the settings of this test."""
    world.work.work_out_audiences(NOW)
    assert world.message_of("rita").due_at == NOW + timedelta(hours=1)


def test_an_owner_who_took_over_gets_a_hand_over_line(world: World) -> None:
    """Olga owned it when it was said; the history knows."""
    world.crm(
        "account",
        (SAID - timedelta(days=9), account(owner_id="olga")),
        (SAID + timedelta(days=9), account(owner_id="nils")),
    )
    world.work.work_out_audiences(NOW)
    assert world.told()["olga"] == "no longer owns the account"
    (nils,) = [one for one in world.tells() if one.person_id == "nils"]
    assert "hand-over: Olga owned it" in nils.role


def test_without_an_owner_the_previous_owners_manager_is_told(world: World) -> None:
    """Also where nobody owned it any more when it was said."""
    world.crm(
        "account",
        (SAID - timedelta(days=90), account(owner_id="olga")),
        (SAID - timedelta(days=9), account(owner_id=None)),
    )
    world.work.work_out_audiences(NOW)
    assert world.told()["mona"] == "tell"


def test_a_remark_of_a_merged_account_is_told_to_the_owner_of_the_one_it_is_now(
    world: World,
) -> None:
    """The tell carries the account's id as it goes by now."""
    world.crm("account", (SAID, account("old", merged_into="acme", deleted=True)))
    world.remark(2, account_id="old")
    world.work.work_out_audiences(NOW)
    assert {one.account_id for one in world.tells()} == {"acme"}


def test_deals_of_a_merged_account_count_for_the_one_it_is_now(world: World) -> None:
    """CRMs leave them where they were."""
    world.crm("account", (SAID, account("old", merged_into="acme", deleted=True)))
    world.remark(2, account_id="old")
    world.crm("opportunity", (SAID, deal("d1", account_id="old", owner_id="olga")))
    world.work.work_out_audiences(NOW)
    assert world.told()["olga"] == "tell"


def test_an_account_that_becomes_known_later_tells_its_owner_and_nobody_twice(
    store: Store,
) -> None:
    """Remark before account: the reporter is told under the mail domain."""
    world = World(store)
    world.people()
    world.remark(1, reporter_id="rita", account_id=None)
    world.ship()
    assert len(world.tell_all()) == 1
    world.account(domains=("acme.example",))
    with store.transaction() as tx:
        tx.remarks.claim_for_accounts({"acme.example": "acme"}, {"acme": "acme"})
    world.wake(LATER)
    mails = world.tell_all(LATER)
    assert [mail.to_email for mail in mails] == ["nils@us.example"]


def test_a_reporter_known_by_address_only_is_told_there(world: World) -> None:
    """Support passes things on as well."""
    world.remark(2, reporter_email="sam@support.example")
    world.work.work_out_audiences(NOW)
    assert world.told()["sam@support.example"] == "tell"


def _hears(world: World, *reps: Rep, at: datetime = LATER) -> None:
    """The CRM says something of people."""
    stage = EnrichStage(1.0)
    with world.store.transaction() as tx:
        changes = [
            Change("rep", one.id, Stated(at=SAID, event_id=f"{one.id} {at}", facts=one))
            for one in reps
        ]
        stage.write(tx, changes, at)


def test_a_reporter_who_becomes_known_late_is_told_then(world: World) -> None:
    """Nobody else is told again, and that they were unknown is forgotten."""
    world.remark(2, reporter_email="Lena@us.example")
    assert len(world.tell_all()) == 2
    why = "not known to the CRM, and its domain is not one of staff_domains"
    assert world.told()["lena@us.example"] == why
    _hears(world, rep("lena"))
    assert [mail.to_email for mail in world.tell_all(LATER)] == ["lena@us.example"]
    assert world.told() == {"rita": "tell", "nils": "tell", "lena": "tell"}


def test_an_owner_who_gets_a_mail_address_late_is_told_then(world: World) -> None:
    """Known by id alone, then as a rep, then with an address."""
    world.account("globex", owner_id="otto")
    world.remark(2, account_id="globex", domain="globex.example")
    world.tell_all()
    assert world.told()["otto"] == "no mail address is known"
    _hears(world, rep("otto", email=None))
    assert world.tell_all(LATER) == []
    _hears(world, rep("otto"), at=LATER + timedelta(hours=3))
    mails = world.tell_all(LATER + timedelta(hours=3))
    assert [mail.to_email for mail in mails] == ["otto@us.example"]


def test_a_rep_who_becomes_known_at_the_same_moment_is_told_a_minute_later(world: World) -> None:
    """Neither transaction saw the other; the ship is looked at once more, and then no more."""
    world.remark(2, reporter_email="lena@us.example")
    world.work.work_out_audiences(NOW)
    world.crm("rep", (SAID, rep("lena")))
    minute = NOW + timedelta(minutes=1)
    assert world.work.work_out_audiences(minute) == 1
    assert world.told()["lena"] == "tell"
    assert world.work.work_out_audiences(minute + timedelta(hours=1)) == 0


def test_people_who_change_wake_no_ship_that_did_not_miss_them(world: World) -> None:
    """Neither of those who were told, nor of what is long ago."""
    world.remark(2, reporter_email="lena@us.example")
    world.tell_all()
    assert world.work.work_out_audiences(LATER) == 1  # once more, should the CRM be a moment late
    _hears(world, rep("rita"), rep("olga"), rep("new"))
    assert world.work.work_out_audiences(LATER) == 0
    _hears(world, rep("lena"), at=LATER + timedelta(days=91))
    assert world.work.work_out_audiences(LATER + timedelta(days=91)) == 0


def test_accounts_are_told_when_they_can_use_it(store: Store) -> None:
    """Widened later, and told then."""
    world = World(store)
    world.people()
    world.account()
    world.remark(1, reporter_id="rita")
    world.ship(accounts=("globex",))
    world.work.work_out_audiences(NOW)
    assert set(world.told().values()) >= {"not available to this account yet"}
    with store.transaction() as tx:
        tx.ships.widen(ISSUE, 1, ("acme",))
    world.work.work_out_audiences(LATER)
    assert world.told() == {"rita": "tell", "nils": "tell"}


def test_a_preview_shows_everybody_and_writes_nothing(world: World) -> None:
    """Also before the ship settles."""
    with world.store.transaction() as tx:
        ship = tx.ships.latest({ISSUE})[ISSUE]
    shown = world.work.preview(ship, SHIPPED)
    assert {one.person_id: one.verdict for one in shown} == {"rita": "tell", "nils": "tell"}
    assert world.tells() == []


def test_a_fault_of_ours_with_one_ship_blocks_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again later, and loses nobody."""
    world.remark(2, issue_id=20002, reporter_id="rita")
    world.ship(issue_id=20002)
    decide = tell_work.decide_audience

    def broken(ship, *args, **named):  # type: ignore[no-untyped-def] # noqa: ANN001,ANN002,ANN003,ANN202
        if ship.issue_id == ISSUE:
            raise ZeroDivisionError
        return decide(ship, *args, **named)

    monkeypatch.setattr(tell_work, "decide_audience", broken)
    world.work.work_out_audiences(NOW)
    assert {one.issue_id for one in world.tells()} == {20002}
    monkeypatch.undo()
    world.work.work_out_audiences(NOW + timedelta(minutes=6))
    assert {one.issue_id for one in world.tells()} == {ISSUE, 20002}


def test_a_store_that_goes_away_half_way_leaves_the_ship_due(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was written, so the next call does it all."""

    def away(*_: object) -> None:
        raise SinkUnreachable("store: gone")

    monkeypatch.setattr(tell_work, "requested", away)
    with pytest.raises(SinkUnreachable):
        world.work.work_out_audiences(NOW)
    assert world.tells() == []
    monkeypatch.undo()
    assert len(world.tell_all()) == 2


def test_managers_are_looked_up_the_whole_line(world: World) -> None:
    """Rita has left, and so has her manager."""
    world.crm("rep", (SAID, rep("rita", manager_id="mona", active=False)))
    world.crm("rep", (SAID, rep("mona", manager_id="vera", active=False)))
    world.crm("rep", (SAID, rep("vera")))
    world.work.work_out_audiences(NOW)
    assert world.told() == {
        "vera": "tell",
        "nils": "tell",
        "rita": "has left: the manager is told",
    }
