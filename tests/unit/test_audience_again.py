"""A ship that is looked at again: nobody is told twice, and who was told wrongly is corrected."""

from tests.unit.audience_world import customers, decide, skipped, told, with_reps
from tests.unit.tell_rows import (
    NOW,
    linked,
    rep,
    ship,
    tell,
)


def test_after_a_withdrawal_exactly_those_who_were_told_are_corrected() -> None:
    """Whoever was skipped is not; who owns the account now does not matter."""
    already = [
        tell("t1"),
        tell("t2", person_id="tom", verdict="skip", reason="already told"),
        tell("t3", person_id="olga", email="olga@us.example", account_id="globex"),
    ]
    of = ship(withdrawn_at=NOW)
    tells = decide(linked(), of=of, already=already, known=customers(customer_told={"globex"}))
    assert [(one.person_id, one.kind, one.verdict) for one in tells] == [
        ("olga", "correction", "tell"),
        ("rita", "correction", "tell"),
    ]


def test_those_whose_customer_knows_are_corrected_first() -> None:
    """They have the most to take back."""
    already = [tell("t1", account_id="acme"), tell("t2", account_id="zeta")]
    known = customers(customer_told=frozenset({"zeta"}))
    tells = decide(of=ship(withdrawn_at=NOW), already=already, known=known)
    assert [one.account_id for one in tells] == ["zeta", "acme"]


def test_a_correction_is_given_once_and_at_the_present_address() -> None:
    """One for two tells of one account; a second look adds none."""
    already = [tell("t1", email="old@us.example"), tell("t2", kind="available", remark_ids=(2,))]
    of = ship(withdrawn_at=NOW)
    first = decide(of=of, already=already)
    assert [(one.email, one.remark_ids) for one in first] == [("rita@us.example", (1, 2))]
    assert told(decide(of=of, already=already + first)) == []


def test_a_second_look_tells_nobody_again() -> None:
    """What was told stands in `already`."""
    first = decide(linked(reporter_id="rita"))
    again = decide(linked(reporter_id="rita"), already=first)
    assert told(again) == []
    assert set(skipped(again).values()) == {"already told"}


def test_a_tell_is_given_once_also_where_it_would_answer_more_by_now() -> None:
    """A second remark turned out to be of the same account: that key is taken."""
    first = decide(linked(1))
    assert skipped(decide(linked(1), linked(2), already=first)) == {"nils": "already told"}


def test_a_skip_is_about_all_the_remarks_that_it_concerns() -> None:
    """In whatever order they come."""
    reps = with_reps(rep("rita", active=False))
    items = [linked(n, reporter_id="rita") for n in (2, 1, 3)]
    (rita,) = [one for one in decide(*items, known=customers(reps=reps)) if one.reason]
    assert rita.remark_ids == (1, 2, 3)


def test_who_was_told_under_the_domain_is_not_told_again_once_the_account_is_known() -> None:
    """The account came later than the ship; its owner is told, the reporter has it already."""
    first = decide(linked(reporter_id="rita", account_id=None), known=customers(accounts={}))
    assert {one.account_id for one in first} == {"domain:acme.example"}
    again = decide(linked(reporter_id="rita"), already=first)
    assert told(again) == ["nils"]
    assert skipped(again)["rita"] == "already told"


def test_who_was_told_at_an_address_is_not_told_again_as_a_rep() -> None:
    """One person: the CRM heard of Sam after Sam was told."""
    item = linked(reporter_email="sam@us.example", account_id=None)
    first = decide(item, known=customers(accounts={}))
    sam = rep("sam")
    later = customers(reps=with_reps(sam), by_email={"sam@us.example": sam})
    again = decide(linked(reporter_email="sam@us.example"), known=later, already=first)
    assert told(again) == ["nils"]


def test_two_reps_with_one_address_are_told_once() -> None:
    """One person under two ids of the CRM."""
    reps = with_reps(rep("rita", email="Nils@us.example"))
    tells = decide(linked(reporter_id="rita"), known=customers(reps=reps))
    assert told(tells) == ["nils"]
    assert skipped(tells) == {"rita": "told already at this mail address"}
