"""Sending: everybody's mail once, whatever fails, and the loop is told when the mail went out."""

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from itertools import count

import msgspec
import pytest

from schemas.errors import SinkBusy, SinkRefused, SinkUnreachable
from sinks.absent import NoMailer
from sinks.store.contract import Store, Transaction
from sinks.store.rows import Message
from streams.probe import Point
from streams.tell import post
from streams.tell.work import TellWork
from streams.verify.rules import is_told
from tests.integration.tell.world import LATER, SETTINGS, World, links_of
from tests.unit.tell_rows import ISSUE, NOW

HOUR = timedelta(hours=1)


class Killed(BaseException):
    """Stands for SIGKILL: no handler of ours sees it."""


class Shaky:
    """A store that can be taken away between two transactions."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.away_after: int | None = None

    def open(self) -> None:
        """It is."""

    def close(self) -> None:
        """It stays."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """One more, if there are any left."""
        return self._transaction()

    @contextmanager
    def _transaction(self) -> Iterator[Transaction]:
        if self.away_after is not None:
            self.away_after -= 1
            if self.away_after < 0:
                raise SinkUnreachable("store: away")
        with self._store.transaction() as tx:
            yield tx


def _to(world: World) -> list[str]:
    return sorted(mail.to_email for mail in world.mailer.mails)


def test_mails_are_sent_when_they_are_due_and_the_loop_is_told(world: World) -> None:
    """Not before; and one announcement for the loop, though two people were told."""
    world.work.work_out_audiences(NOW)
    assert world.work.send_due(NOW) == 0
    assert world.loop() is None
    assert world.work.send_due(LATER) == 2
    assert world.work.send_due(LATER) == 0
    assert _to(world) == ["nils@us.example", "rita@us.example"]
    assert world.message_of("rita").state == "sent"
    loop = world.loop()
    assert loop is not None
    assert (loop.state, loop.told_at) == ("told", LATER)
    assert [one["state"] for one in world.announced("loop.changed")] == ["told"]


def test_with_a_slow_provider_each_mail_is_claimed_by_the_time_it_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the time at which a long call began, another worker would find the claim run out."""
    took = count(0.0, 0.6 * post.LONGEST_CALL_S)
    monkeypatch.setattr(post, "monotonic", lambda: next(took))
    world.work.work_out_audiences(NOW)
    assert world.work.send_due(LATER) == 1
    assert world.work.send_due(LATER + HOUR) == 1
    claimed = sorted(world.message_of(one).claimed_at or NOW for one in ("rita", "nils"))
    assert claimed == [LATER, LATER + HOUR]
    assert _to(world) == ["nils@us.example", "rita@us.example"]


def test_the_mail_carries_the_customers_words_and_its_links(world: World) -> None:
    """Looked up when it is sent."""
    world.tell_all()
    for mail in world.mailer.mails:
        assert "We need single sign-on." in mail.text
        assert "Acme" in mail.subject
        assert len(links_of(mail)) == 4


@pytest.mark.parametrize(
    ("error", "after"),
    [
        (SinkUnreachable("reset"), timedelta(seconds=60)),
        (SinkBusy("mail", 7), timedelta(seconds=7)),
    ],
)
def test_a_mail_that_was_not_taken_is_tried_again_later(
    world: World, error: Exception, after: timedelta
) -> None:
    """With backoff, or when the provider said; the other mail goes out."""
    world.work.work_out_audiences(NOW)
    world.mailer.fail_next(error)  # type: ignore[arg-type]
    world.work.send_due(LATER)
    assert len(world.mailer.mails) == 1
    assert world.work.send_due(LATER + after - timedelta(seconds=1)) == 0
    assert world.work.send_due(LATER + after) == 1
    assert _to(world) == ["nils@us.example", "rita@us.example"]


def test_the_wait_grows_with_every_try() -> None:
    """Up to an hour."""
    waits = [post.backoff(attempts).total_seconds() for attempts in (1, 2, 3, 7, 500)]
    assert waits == [60, 120, 240, 3600, 3600]


def test_a_mail_that_will_never_be_taken_fails_with_the_reason(world: World) -> None:
    """And blocks nobody else's; its loop is told by the other mail."""
    world.work.work_out_audiences(NOW)
    world.mailer.fail_next(SinkRefused("no such address"))
    world.work.send_due(LATER)
    failed = [
        world.message_of(who) for who in ("rita", "nils") if world.message_of(who).state == "failed"
    ]
    assert [one.reason for one in failed] == ["no such address"]
    assert len(world.mailer.mails) == 1
    assert world.work.send_due(LATER + 9 * HOUR) == 0


def test_nobody_is_told_where_no_mail_went_out(world: World) -> None:
    """The loop says told when somebody was, not when somebody was to be."""
    world.work.work_out_audiences(NOW)
    world.mailer.fail_next(SinkRefused("no"), SinkRefused("no"))
    world.work.send_due(LATER)
    loop = world.loop()
    assert loop is not None
    assert not is_told(loop)
    assert world.announced("loop.changed") == []


def test_where_a_mail_comes_back_the_manager_is_told_once(world: World) -> None:
    """Of both who were to be told; a second bounce adds nobody."""
    world.tell_all()
    world.report(world.message_of("rita").id, "bounced")
    (mail,) = world.tell_all(LATER)
    assert mail.to_email == "mona@us.example"
    assert "You manage Rita, who passed it on and whose mail came back." in mail.text
    world.report(world.message_of("nils").id, "dropped")
    assert world.tell_all(LATER + HOUR) == []
    loop = world.loop()
    assert loop is not None
    assert loop.told_at == LATER + 2 * HOUR


def test_a_mail_that_the_provider_refuses_goes_to_the_manager_as_well(world: World) -> None:
    """No such address, it says, before it ever left."""
    world.work.work_out_audiences(NOW)
    world.mailer.fail_next(SinkRefused("no such address"), SinkRefused("no such address"))
    world.work.send_due(LATER)
    assert [mail.to_email for mail in world.tell_all(LATER)] == ["mona@us.example"]


def test_a_mail_that_cannot_be_rendered_blocks_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again later: the next release may render it."""
    world.work.work_out_audiences(NOW)
    render = post.render

    def broken(message, *args):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN002, ANN202
        if message.person_id == "nils":
            raise ZeroDivisionError
        return render(message, *args)

    monkeypatch.setattr(post, "render", broken)
    world.work.send_due(LATER)
    assert _to(world) == ["rita@us.example"]
    monkeypatch.undo()
    world.work.send_due(LATER + HOUR)
    assert _to(world) == ["nils@us.example", "rita@us.example"]


def test_a_mailer_that_breaks_may_have_sent_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is sent again only when a provider's report would have come by then."""
    world.work.work_out_audiences(NOW)

    def broken(_mail: object) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(world.mailer, "send", broken)
    world.work.send_due(LATER)
    monkeypatch.undo()
    assert world.work.send_due(LATER + 5 * HOUR) == 0
    assert world.work.send_due(LATER + 6 * HOUR) == 2


@pytest.mark.parametrize("point", ["send.before", "send.after", "settle.before", "settle.after"])
def test_a_worker_killed_at_any_point_costs_no_second_mail_before_its_time(
    store: Store, point: Point
) -> None:
    """At most one mail is in doubt; the rest goes out at once, by another worker."""

    def kill(passed: Point) -> None:
        if passed == point:
            raise Killed

    world = World(store, probe=kill)
    world.people()
    world.account()
    world.remark(1, reporter_id="rita")
    world.ship()
    world.work.work_out_audiences(NOW)
    with pytest.raises(Killed):
        world.work.send_due(LATER)
    other = World(store)
    other.work.send_due(LATER)
    sent = _to(world) + _to(other)
    assert len(sent) == len(set(sent))
    other.work.send_due(LATER + 6 * HOUR)
    doubtful = point in {"send.after", "settle.before"}
    assert len(_to(world) + _to(other)) == (3 if doubtful else 2)
    assert {world.message_of(who).state for who in ("rita", "nils")} == {"sent"}


@pytest.mark.parametrize("outcome", ["accepted", "delivered", "opened"])
def test_the_providers_report_settles_a_mail_that_a_crash_left_in_doubt(
    store: Store, outcome: str
) -> None:
    """It is not sent again, and the loop is told."""

    def kill(passed: Point) -> None:
        if passed == "send.after":
            raise Killed

    world = World(store, probe=kill)
    world.people()
    world.account()
    world.remark(1)
    world.ship()
    world.work.work_out_audiences(NOW)
    with pytest.raises(Killed):
        world.work.send_due(LATER)
    assert world.loop() is None
    world.report(world.message_of("nils").id, outcome)
    other = World(store)
    assert other.work.send_due(LATER + 24 * HOUR) == 0
    loop = world.loop()
    assert loop is not None
    assert loop.state == "told"


@pytest.mark.parametrize("away_after", range(7))
def test_a_store_that_is_away_for_a_while_costs_neither_a_mail_nor_a_second_one(
    world: World, away_after: int
) -> None:
    """What was going on is kept, and then written to the store, before more is sent."""
    world.work.work_out_audiences(NOW)
    shaky = Shaky(world.store)
    other = World(shaky)
    shaky.away_after = away_after
    with contextlib.suppress(SinkUnreachable):
        other.work.send_due(LATER)
    shaky.away_after = None
    other.work.send_due(LATER + timedelta(minutes=1))
    assert _to(other) == ["nils@us.example", "rita@us.example"]
    assert {world.message_of(who).state for who in ("rita", "nils")} == {"sent"}
    assert other.work.send_due(LATER + 24 * HOUR) == 0


def test_a_withdrawal_corrects_exactly_those_who_were_told(world: World) -> None:
    """In a mail that says what to say now."""
    world.tell_all()
    world.remark(2, reporter_id="olga")
    world.withdraw(LATER)
    mails = world.tell_all(LATER)
    assert {mail.to_email for mail in mails} == {"nils@us.example", "rita@us.example"}
    assert all(mail.subject.startswith("Taken back: ") for mail in mails)
    assert all("re-opened" in mail.text for mail in mails)
    assert world.tell_all(LATER + HOUR) == []


def test_a_withdrawal_within_the_digest_sends_nothing_at_all(world: World) -> None:
    """They have not read of it yet, so there is nothing to correct."""
    world.work.work_out_audiences(NOW)
    rita = world.message_of("rita").id
    world.withdraw(NOW + timedelta(minutes=10))
    assert world.tell_all(NOW + timedelta(minutes=10)) == []
    assert world.told() == dict.fromkeys(("rita", "nils"), "taken back before its mail went out")
    assert world.message(rita).reason == post.NOTHING_LEFT
    assert world.loop() is None


def test_a_digest_that_lost_a_tell_says_the_rest_and_owes_no_correction(world: World) -> None:
    """The mail goes out later with another epic: nobody has read of what was taken back."""
    world.remark(2, issue_id=20002, reporter_id="rita")
    world.ship(issue_id=20002)
    world.work.work_out_audiences(NOW)
    world.withdraw(NOW + timedelta(minutes=10))
    mails = world.tell_all(NOW + timedelta(minutes=10))
    assert all("PROD-10001" not in mail.text for mail in mails)
    assert [mail.to_email for mail in mails if "PROD-20002" in mail.text] != []
    with world.store.transaction() as tx:
        tx.ships.correct({(ISSUE, 1)}, LATER)
    assert world.tell_all(LATER) == []


@pytest.mark.parametrize("outcome", ["bounced", "dropped"])
def test_a_withdrawal_corrects_nobody_whose_mail_came_back(world: World, outcome: str) -> None:
    """Nils's arrived."""
    world.tell_all()
    world.report(world.message_of("rita").id, outcome)
    world.withdraw(LATER)
    assert [mail.to_email for mail in world.tell_all(LATER)] == ["nils@us.example"]


def test_a_mail_that_turns_out_to_have_arrived_is_corrected_then(world: World) -> None:
    """The provider's word on it comes after the withdrawal."""
    world.work.work_out_audiences(NOW)
    world.mailer.fail_next(SinkRefused("no"), SinkRefused("no"))
    world.work.send_due(LATER)
    rita = world.message_of("rita").id
    world.withdraw(LATER)
    assert [mail.to_email for mail in world.tell_all(LATER)] == []
    world.report(rita, "delivered", LATER + HOUR)
    assert [mail.to_email for mail in world.tell_all(LATER + HOUR)] == ["rita@us.example"]


def test_a_mail_that_was_surely_not_taken_is_corrected_by_nobody(world: World) -> None:
    """The provider was busy: it said so, so nothing went out, and nothing is in doubt."""
    world.work.work_out_audiences(NOW)
    world.mailer.fail_next(SinkBusy("mail", 60), SinkRefused("key revoked", status=401))
    world.work.send_due(LATER)
    world.withdraw(LATER)
    assert world.tell_all(LATER) == []
    assert world.tell_all(LATER + 3 * HOUR) == []


def test_what_was_taken_back_while_it_was_handed_over_is_corrected_at_once(world: World) -> None:
    """Composed before the withdrawal, taken by the provider after it."""
    world.work.work_out_audiences(NOW)
    take = world.mailer.send

    def send(mail):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
        if len(world.mailer.mails) == 1:
            world.withdraw(LATER)
            world.work.work_out_audiences(LATER)
        return take(mail)

    world.mailer.send = send  # type: ignore[method-assign]
    world.work.send_due(LATER)
    assert len(world.mailer.mails) == 2
    mails = world.tell_all(LATER)
    assert sorted(mail.to_email for mail in mails) == ["nils@us.example", "rita@us.example"]
    assert all(mail.subject.startswith("Taken back") for mail in mails)


def test_a_remark_that_is_linked_again_is_told_though_a_mail_had_to_leave_it_out(
    world: World,
) -> None:
    """It was withdrawn when the mail was to go out; its source brought it back."""
    world.work.work_out_audiences(NOW)
    _withdraw_remark(world, withdrawn=True, at=NOW)
    world.work.send_due(LATER)
    assert set(world.told().values()) == {"no longer true when its mail went out"}
    _withdraw_remark(world, withdrawn=False, at=LATER)
    world.wake(LATER)
    assert len(world.tell_all(LATER)) == 2


def _withdraw_remark(world: World, *, withdrawn: bool, at: datetime) -> None:
    with world.store.transaction() as tx:
        found = tx.remarks.find("zendesk:1")
        assert found is not None
        remark, words = found
        assert words is not None
        tx.remarks.revise(
            [(msgspec.structs.replace(remark, withdrawn=withdrawn, version_at=at), words)]
        )


def test_without_a_provider_mails_stay_open_and_go_as_soon_as_there_is_one(world: World) -> None:
    """Nothing is claimed, so nothing waits for a report that never comes."""
    world.work.work_out_audiences(NOW)
    bare = TellWork(world.store, NoMailer(), SETTINGS)
    assert bare.send_due(LATER) == 0
    rita = world.message_of("rita")
    assert (rita.state, rita.attempts) == ("open", 0)
    assert world.work.send_due(LATER) == 2


@pytest.mark.parametrize("taken", [True, False])
def test_an_outcome_that_cannot_be_written_holds_up_no_other_mail(
    world: World, monkeypatch: pytest.MonkeyPatch, *, taken: bool
) -> None:
    """It is written as far as it can be, with the reason, and the next mail goes out."""
    world.work.work_out_audiences(NOW)
    nils, rita = world.message_of("nils").id, world.message_of("rita").id

    def broken(_tx: object, message: Message, *_: object) -> None:
        if message.id == nils:
            raise ValueError("a \0 in it")
        settle(_tx, message, *_)  # type: ignore[arg-type]

    name = "_settle" if taken else "_refused"
    settle = getattr(post, name)
    monkeypatch.setattr(post, name, broken)
    if not taken:
        world.mailer.fail_next(SinkRefused("no"), SinkRefused("no"))
    world.work.send_due(LATER)
    assert world.message(rita).state == ("sent" if taken else "failed")
    assert world.message(nils).state == ("sent" if taken else "failed")
    if not taken:
        assert world.message(nils).reason.startswith(post.NOT_WRITTEN)
    assert world.work.send_due(LATER + 24 * HOUR) == 0


@pytest.mark.parametrize("why", ["NUL \0 in it", "half a pair \ud800", "long " * 10_000])
def test_a_reason_that_no_database_takes_is_written_all_the_same(world: World, why: str) -> None:
    """The provider's own words."""
    world.work.work_out_audiences(NOW)
    world.mailer.fail_next(SinkRefused(why), SinkUnreachable(why))
    world.work.send_due(LATER)
    states = {who: world.message_of(who) for who in ("nils", "rita")}
    assert {one.state for one in states.values()} == {"failed", "sending"}
    assert all(one.reason[:4] == why[:4] for one in states.values())


def test_a_withdrawal_while_a_mail_is_held_up_takes_it_out_and_corrects(world: World) -> None:
    """It may have gone out, nobody knows: it is not repeated, and the correction is sent."""
    world.work.work_out_audiences(NOW)
    lost = SinkUnreachable("answer lost")
    world.mailer.fail_next(lost, lost, taken=True)
    world.work.send_due(LATER)
    assert len(world.mailer.mails) == 2
    world.withdraw(LATER)
    assert world.tell_all(LATER) == []
    waits = {one.reason for one in world.tells() if one.kind == "correction"}
    assert waits == {"not known yet whether its mail went out: corrected once it is"}
    mails = world.tell_all(LATER + 2 * HOUR)
    assert all(mail.subject.startswith("Taken back") for mail in mails)
    assert len(mails) == 2


def test_who_told_the_customer_is_corrected_first(world: World) -> None:
    """That customer believes what is no longer true."""
    world.account("zeta", owner_id="olga")
    world.remark(2, account_id="zeta", domain="zeta.example")
    mails = {mail.to_email: mail for mail in world.tell_all()}
    world.press(links_of(mails["olga@us.example"])[2])
    world.withdraw(LATER)
    world.work.work_out_audiences(LATER)
    due = {who: world.message_of(who, "correction").due_at for who in ("olga", "nils", "rita")}
    assert due["olga"] == LATER
    assert due["nils"] == due["rita"] == LATER + timedelta(minutes=1)


def test_a_remark_that_was_withdrawn_before_the_mail_went_out_is_not_in_it(world: World) -> None:
    """Nothing is left to say, so nothing is said."""
    world.work.work_out_audiences(NOW)
    rita = world.message_of("rita").id
    _withdraw_remark(world, withdrawn=True, at=NOW)
    world.work.send_due(LATER)
    assert world.mailer.mails == []
    assert world.message(rita).reason == post.NOTHING_LEFT


def test_a_correction_that_the_next_generation_overtook_is_not_sent(world: World) -> None:
    """It has been fixed and shipped again before anybody could read that it was taken back."""
    world.tell_all()
    world.withdraw(LATER)
    world.work.work_out_audiences(LATER)
    world.ship(generation=2, shipped_at=LATER, settles_at=LATER)
    mails = world.tell_all(LATER)
    assert {mail.subject.partition(":")[0] for mail in mails} == {"Shipped"}
    assert not [mail for mail in mails if "taken back" in mail.text]


def test_the_next_generation_is_told_anew(world: World) -> None:
    """After the withdrawal it ships again: a new tell for the same people."""
    world.tell_all()
    world.withdraw(LATER)
    world.tell_all(LATER)
    again = LATER + 24 * HOUR
    world.ship(generation=2, shipped_at=again, settles_at=again)
    mails = world.tell_all(again)
    assert {mail.to_email for mail in mails} == {"nils@us.example", "rita@us.example"}
    assert all(mail.subject.startswith("Shipped") for mail in mails)
