"""Who gets a correction: exactly those whose mail went out, by every state that a mail can have."""

from datetime import timedelta
from typing import Any

import pytest

from sinks.store.rows import Message
from streams.tell.corrections import corrections, unsaid
from streams.tell.customers import Customers
from streams.tell.reach import reached, unreached
from tests.unit.tell_rows import NOW, message, rep, ship, tell

BACK = ship(withdrawn_at=NOW + timedelta(days=1), withdrawn_why="re-opened")
WAITS = [message(state="open"), message(state="sending", attempts=3, doubts=0)]
READ = [message(), message(state="delivered"), message(state="failed", attempts=3, doubts=1)]
GONE = [message(state=state) for state in ("failed", "bounced", "dropped")]
IN_DOUBT = message(state="sending", attempts=1, doubts=1)


def _state(one: Message) -> str:
    return f"{one.state}-{one.doubts}"


def decide(*mails: Message, **changes: Any) -> list[tuple[str, str]]:
    """Verdict and reason of Rita's corrections; one tell a mail."""
    already = [
        tell(f"t{number}", message_id=mail.id, remark_ids=(number,), **changes)
        for number, mail in enumerate(mails)
    ]
    known = Customers(messages={mail.id: mail for mail in mails}, reps={"rita": rep("rita")})
    found = corrections(BACK, already, known, NOW)
    return [(one.verdict, one.reason) for one in found]


@pytest.mark.parametrize("mail", READ, ids=_state)
def test_who_has_read_of_it_is_corrected(mail: Message) -> None:
    """Also where one try is in doubt: a false promise costs more than a mail too many."""
    assert decide(mail) == [("tell", "")]


@pytest.mark.parametrize("mail", GONE, ids=_state)
def test_who_never_got_the_mail_is_not_corrected(mail: Message) -> None:
    """It would be news of something that they have not heard of."""
    assert decide(mail) == [("skip", "its mail did not arrive: there is nothing to correct")]


@pytest.mark.parametrize("mail", WAITS, ids=_state)
def test_a_mail_that_has_not_gone_out_loses_the_tell(mail: Message) -> None:
    """And there is nothing to correct."""
    assert decide(mail) == [("skip", "taken back before its mail went out")]
    assert [one.id for one in unsaid([tell("t1")], {mail.id: mail})] == ["t1"]


def test_who_may_have_read_of_it_waits_until_that_is_known() -> None:
    """Nobody can tell whether a mail that is being sent went out."""
    why = "not known yet whether its mail went out: corrected once it is"
    assert decide(IN_DOUBT) == [("skip", why)]
    assert unsaid([tell("t1")], {"m1": IN_DOUBT}) == []


def test_of_two_mails_the_one_that_was_read_is_corrected() -> None:
    """Of what the other says nothing is corrected."""
    mails = [message("m1", "bounced"), message("m2")]
    already = [tell("t1", remark_ids=(1,)), tell("t2", message_id="m2", remark_ids=(2,))]
    known = Customers(messages={mail.id: mail for mail in mails})
    (only,) = corrections(BACK, already, known, NOW)
    assert (only.verdict, only.remark_ids) == ("tell", (2,))


def test_a_correction_that_was_not_due_may_become_due() -> None:
    """A late report has it that the mail arrived after all."""
    (first,) = corrections(BACK, [tell()], Customers(messages={"m1": GONE[1]}), NOW)
    (again,) = corrections(BACK, [tell(), first], Customers(messages={"m1": message()}), NOW)
    assert (first.verdict, again.verdict, again.id) == ("skip", "tell", first.id)


def test_a_mail_that_nobody_has_is_read_by_nobody() -> None:
    """Nothing of it is in the store."""
    assert reached(None) == "came back"


def test_only_who_got_none_of_several_mails_is_out_of_reach() -> None:
    """By the address that was written to."""
    already = [tell("t1"), tell("t2", message_id="m2"), tell("t3", person_id="olga")]
    assert unreached(already, {"m1": message(state="bounced"), "m2": message("m2")}) == {
        ("olga", "rita@us.example")
    }
    corrected = tell("t1", kind="correction")
    assert unreached([corrected], {"m1": message(state="bounced")}) == frozenset()
