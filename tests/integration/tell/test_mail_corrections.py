"""What is taken back: exactly those who were told are corrected."""

from datetime import datetime, timedelta

import msgspec
import pytest

from schemas.errors import SinkBusy, SinkRefused, SinkUnreachable
from streams.tell import post
from tests.integration.tell.world import HOUR, LATER, World, links_of
from tests.unit.tell_rows import ISSUE, NOW


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
