"""What comes back: the provider's reports, the rep's word, the customer's answer."""

from datetime import UTC, datetime, timedelta

import pytest

from schemas.errors import InvalidEvent, SinkBusy
from streams.verify.reply import Reply, outgoing
from streams.verify.rules import is_told
from streams.verify.stage import ReplyStage
from streams.verify.tokens import Expired, Tampered
from tests.integration.tell.world import LATER, SECRET, Given, World, links_of
from tests.unit.tell_rows import ISSUE, NOW

MINUTE = timedelta(minutes=1)


def _links(world: World) -> list[str]:
    """Of Rita's mail: solved, not solved, customer told, seen."""
    mails = {mail.to_email: mail for mail in world.tell_all()}
    return links_of(mails["rita@us.example"])


def _state(world: World) -> str:
    loop = world.loop()
    assert loop is not None
    return loop.state


def test_the_loop_closes_step_by_step(world: World) -> None:
    """Seen, customer told, not solved, solved: each announced, each with its time."""
    solved, not_solved, customer_told, seen = _links(world)
    for minutes, url in enumerate((seen, customer_told, not_solved, solved)):
        world.press(url, LATER + minutes * MINUTE)
    loop = world.loop()
    assert loop is not None
    assert (loop.state, loop.by) == ("solved", "customer")
    assert loop.customer_told_at == LATER + MINUTE
    first, *others = world.announced("loop.changed")
    assert first["state"] == "told"  # of two mails that are due at once either may go first
    assert [(one["state"], one["by"]) for one in others] == [
        ("acknowledged", "rita"),
        ("customer_told", "rita"),
        ("not_solved", "customer"),
        ("solved", "customer"),
    ]


def test_a_link_has_one_effect(world: World) -> None:
    """Solved, not solved, and then solved once more by the same link: that one is used up."""
    solved, not_solved, *_ = _links(world)
    world.press(solved, LATER)
    world.press(solved, LATER + MINUTE)
    world.press(not_solved, LATER + 2 * MINUTE)
    world.press(solved, LATER + 3 * MINUTE)
    assert _state(world) == "not_solved"
    assert len(world.announced("loop.changed")) == 3


def test_an_answer_may_come_before_anything_else(world: World) -> None:
    """The mail was forwarded at once, and our own row came last."""
    world.work.work_out_audiences(NOW)
    mails = {mail.to_email: mail for mail in world.tell_all()}
    world.press(links_of(mails["nils@us.example"])[0])
    world.press(links_of(mails["rita@us.example"])[2], LATER + MINUTE)
    assert _state(world) == "solved"


def _record(token: str, at: object = LATER) -> Given:
    reply = outgoing("t", Reply(token=token, at=at))  # type: ignore[arg-type]
    return Given("source.reply", reply.value)


def test_the_token_is_checked_again(world: World) -> None:
    """Whoever can write to the topic still cannot forge an answer."""
    url = _links(world)[0]
    good = url.rpartition("/")[2]
    stage = ReplyStage(SECRET).stage()
    with pytest.raises(Tampered):
        stage.read(_record(good + "A"), LATER)
    with pytest.raises(Tampered):
        ReplyStage("another secret entirely").stage().read(_record(good), LATER)


def test_a_link_must_have_been_good_when_it_was_used_not_when_it_is_read(world: World) -> None:
    """A worker that was away for a week loses no answer."""
    good = _links(world)[0].rpartition("/")[2]
    stage = ReplyStage(SECRET).stage()
    last = LATER + timedelta(days=90) - MINUTE
    assert stage.read(_record(good, last), last + timedelta(days=7)).at == last
    with pytest.raises(Expired):
        stage.read(_record(good, last + MINUTE), last + timedelta(days=7))


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"nonsense",
        b"\xff",
        b"{}",
        b'{"token": "x", "at": "yesterday"}',
        b'{"token": "x", "at": "0001-01-01T00:00:00Z"}',
        b'{"token": "x", "at": "9999-01-01T00:00:00Z"}',
        b'{"token": 1, "at": "2026-03-03T00:00:00Z"}',
    ],
)
def test_what_our_page_does_not_write_is_dead_lettered(value: bytes | None) -> None:
    """By name, and nothing else is raised."""
    with pytest.raises(InvalidEvent):
        ReplyStage(SECRET).stage().read(Given("source.reply", value), LATER)


def test_an_answer_from_before_our_time_is_no_answer(world: World) -> None:
    """The link is good, the clock is not."""
    good = _links(world)[0].rpartition("/")[2]
    stage = ReplyStage(SECRET).stage()
    with pytest.raises(InvalidEvent, match="no clock of ours"):
        stage.read(_record(good, datetime(1, 1, 1, tzinfo=UTC)), LATER)


def test_a_loop_that_stays_where_it_is_announces_nothing(world: World) -> None:
    """The second person is told an hour after the first: that changes a time, and no state."""
    world.mailer.fail_next(SinkBusy("mail", 3600))
    world.tell_all()
    world.work.send_due(LATER + timedelta(hours=1))
    loop = world.loop()
    assert loop is not None
    assert loop.told_at == LATER + timedelta(hours=1)
    assert len(world.announced("loop.changed")) == 1


@pytest.mark.parametrize("outcome", ["bounced", "dropped"])
def test_a_mail_that_comes_back_did_not_tell(world: World, outcome: str) -> None:
    """Both mails: then nobody was told."""
    world.tell_all()
    world.report(world.message_of("rita").id, outcome)
    loop = world.loop()
    assert loop is not None
    assert loop.told_at == LATER
    world.report(world.message_of("nils").id, outcome)
    loop = world.loop()
    assert loop is not None
    assert loop.told_at is None
    assert world.message_of("rita").state == outcome


def test_a_report_that_is_repeated_changes_nothing(world: World) -> None:
    """The provider repeats itself for a day."""
    world.tell_all()
    for _ in range(3):
        world.report(world.message_of("rita").id, "delivered")
    assert world.message_of("rita").state == "delivered"
    assert len(world.announced("loop.changed")) == 1


def test_a_report_on_a_mail_that_is_not_ours_is_kept_and_does_nothing(world: World) -> None:
    """Others may send from the same account."""
    world.tell_all()
    world.report("somebody-elses", "bounced")
    assert _state(world) == "told"


def test_a_bounce_that_is_here_before_our_own_row_tells_nobody(world: World) -> None:
    """The provider was faster than our transaction."""
    world.work.work_out_audiences(NOW)
    rita, nils = world.message_of("rita").id, world.message_of("nils").id
    take = world.mailer.send

    def send(mail):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
        taken = take(mail)
        world.report(mail.message_id, "bounced")
        return taken

    world.mailer.send = send  # type: ignore[method-assign]
    world.work.send_due(LATER)
    assert {world.message_of(who).state for who in ("rita", "nils")} == {"bounced"}
    assert rita != nils
    loop = world.loop()
    assert loop is not None
    assert not is_told(loop)
    assert world.announced("loop.changed") == []


def test_what_a_customer_writes_is_kept_with_the_loop_and_told_with_the_next_ship(
    world: World,
) -> None:
    """Once, by whom and when; no topic carries it."""
    solved, not_solved, *_ = _links(world)
    world.press(not_solved, LATER, "The <b>totals</b> are missing.\nAnd dates.")
    world.press(not_solved, LATER + MINUTE, "Somebody pressed again.")
    world.press(solved, LATER + 2 * MINUTE)
    with world.store.transaction() as tx:
        (answer,) = tx.loops.answers("acme", ISSUE)
        assert all(b"totals" not in row.value for row in tx.outbox.take(10_000))
    assert (answer.said, answer.by, answer.at) == ("not_solved", "customer", LATER)
    world.withdraw(LATER + MINUTE)
    world.tell_all(LATER + 3 * MINUTE)
    again = LATER + timedelta(days=1)
    world.ship(generation=2, shipped_at=again, settles_at=again)
    mails = world.tell_all(again)
    assert len(mails) == 2
    for mail in mails:
        assert "What the customer answered on 3 March 2026 (not solved):" in mail.text
        assert "  > The <b>totals</b> are missing.\n  > And dates." in mail.text
        assert "The &lt;b&gt;totals&lt;/b&gt; are missing.<br>" in mail.html
