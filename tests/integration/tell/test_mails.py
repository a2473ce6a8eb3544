"""Sending: everybody's mail once, and the loop is told when the mail went out."""

from datetime import timedelta
from itertools import count

import pytest

from schemas.errors import SinkBusy, SinkRefused, SinkUnreachable
from sinks.absent import NoMailer
from streams.tell import post
from streams.tell.work import TellWork
from streams.verify.rules import is_told
from tests.integration.tell.world import HOUR, LATER, SETTINGS, World, addressees, links_of
from tests.unit.tell_rows import NOW


def test_mails_are_sent_when_they_are_due_and_the_loop_is_told(world: World) -> None:
    """Not before; and one announcement for the loop, though two people were told."""
    world.work.work_out_audiences(NOW)
    assert world.work.send_due(NOW) == 0
    assert world.loop() is None
    assert world.work.send_due(LATER) == 2
    assert world.work.send_due(LATER) == 0
    assert addressees(world) == ["nils@us.example", "rita@us.example"]
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
    assert addressees(world) == ["nils@us.example", "rita@us.example"]


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
    assert addressees(world) == ["nils@us.example", "rita@us.example"]


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
    assert addressees(world) == ["rita@us.example"]
    monkeypatch.undo()
    world.work.send_due(LATER + HOUR)
    assert addressees(world) == ["nils@us.example", "rita@us.example"]


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


def test_without_a_provider_mails_stay_open_and_go_as_soon_as_there_is_one(world: World) -> None:
    """Nothing is claimed, so nothing waits for a report that never comes."""
    world.work.work_out_audiences(NOW)
    bare = TellWork(world.store, NoMailer(), SETTINGS)
    assert bare.send_due(LATER) == 0
    rita = world.message_of("rita")
    assert (rita.state, rita.attempts) == ("open", 0)
    assert world.work.send_due(LATER) == 2
