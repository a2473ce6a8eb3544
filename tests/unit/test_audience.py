"""Who is told of a ship, who is not, and why: every rule of the audience as one sentence."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from sinks.store.rows import Linked, Ship, Tell
from streams.tell.audience import decide_audience
from streams.tell.customers import Customers, is_urgent
from streams.tell.staff import House
from tests.unit.tell_rows import (
    NOW,
    SAID,
    SETTLED,
    SHIPPED,
    account,
    deal,
    linked,
    message,
    rep,
    ship,
    tell,
)

PEOPLE = {
    one.id: one
    for one in (
        rep("rita", manager_id="mona"),
        rep("nils", manager_id="mona", team="north"),
        rep("olga", manager_id="mona", team="north"),
        rep("mona"),
        rep("tom", team="north"),
    )
}


def customers(**changes: Any) -> Customers:
    """Acme, which Nils owns, and our people."""
    said: dict[str, Any] = {
        "accounts": {"acme": account()},
        "survivors": {"acme": "acme"},
        "reps": PEOPLE,
        "by_email": {str(one.email): one for one in PEOPLE.values()},
        "messages": {"m1": message()},
    }
    return Customers(**said | changes)


def decide(
    *items: Linked,
    known: Customers | None = None,
    of: Ship | None = None,
    already: Sequence[Tell] = (),
    unowned_email: str = "queue@us.example",
    now: Any = NOW,
) -> list[Tell]:
    """The audience of a ship that has settled."""
    ours = House(
        staff_domains=frozenset({"us.example", "support.example"}), unowned_email=unowned_email
    )
    return decide_audience(of or ship(), items, known or customers(), already, now=now, house=ours)


def told(tells: list[Tell]) -> list[str]:
    """Who is told."""
    return [one.person_id for one in tells if one.verdict == "tell"]


def skipped(tells: list[Tell]) -> dict[str, str]:
    """Who is not, and why."""
    return {one.person_id: one.reason for one in tells if one.verdict == "skip"}


def with_reps(*changed: Any) -> dict[str, Any]:
    """Our people, some of them changed."""
    return PEOPLE | {one.id: one for one in changed}


def ownerless(**changes: Any) -> Customers:
    """Acme without an owner, which Olga owned before."""
    accounts = {"acme": account(owner_id=None)}
    return customers(accounts=accounts, **{"previous_owners": {"acme": ("olga",)}} | changes)


def test_reporter_deal_owner_and_account_owner_are_told() -> None:
    """Each with the role that made them be considered."""
    deals = {"d1": deal("d1", owner_id="tom")}
    tells = decide(
        linked(reporter_id="rita", opportunity_id="d1"), known=customers(named_deals=deals)
    )
    roles = {one.person_id: one.role for one in tells}
    assert roles == {
        "nils": "you own Acme",
        "rita": "you passed it on",
        "tom": "you own the deal Deal d1",
    }
    assert all(one.verdict == "tell" for one in tells)


def test_a_person_with_several_roles_is_told_once_with_all_of_them() -> None:
    """The reporter who owns the account gets one tell that answers every remark."""
    (only,) = decide(linked(1, reporter_id="nils"), linked(2))
    assert only.role == "you passed it on; you own Acme"
    assert only.remark_ids == (1, 2)


def test_a_reporter_known_by_mail_address_alone_is_the_rep_who_has_it() -> None:
    """Case does not matter in addresses."""
    assert told(decide(linked(reporter_email="Nils@US.example"))) == ["nils"]


def test_a_reporter_whom_the_crm_does_not_know_is_told_at_the_address() -> None:
    """Support or engineering passed it on: they are no reps, and see what became of it."""
    tells = decide(linked(reporter_email="Sam@support.example"))
    assert told(tells) == ["nils", "sam@support.example"]


@pytest.mark.parametrize(
    "address",
    [
        "mallory@evil.example",
        "mallory@us.example.evil.example",
        "mallory@sub.us.example",
        "mallory@evil-us.example",
        "mallory@us.example.",
        "nils@evil.example",
        "mallory@gmail.com",
    ],
)
def test_an_address_that_anybody_could_have_typed_into_a_form_is_not_told(address: str) -> None:
    """A mail shows a customer's words and revenue: it goes to our own people alone."""
    tells = decide(linked(reporter_email=address))
    assert told(tells) == ["nils"]
    (reason,) = skipped(tells).values()
    assert reason in {
        "not known to the CRM, and its domain is not one of staff_domains",
        "not known to the CRM, and no plain mail address",
    }


@pytest.mark.parametrize(
    "address",
    ["a@evil.example,x@us.example", "x@evil.example>\u00a0@us.example", "ü@us.example"],
)
def test_an_address_that_a_mailer_might_read_otherwise_is_not_told(address: str) -> None:
    """What we take for one of ours must be what the provider writes to."""
    tells = decide(linked(reporter_email=address))
    assert set(skipped(tells).values()) == {"not known to the CRM, and no plain mail address"}


def test_a_remark_that_a_stranger_passed_on_still_reaches_whoever_owns_the_customer() -> None:
    """Where nobody does, the queue."""
    strange = linked(reporter_email="mallory@evil.example", account_id=None)
    assert told(decide(strange, known=customers(accounts={}))) == ["queue@us.example"]


def test_a_rep_at_a_plus_address_is_that_rep() -> None:
    """And is written to at the rep's own address, whatever stood in the form."""
    (one,) = decide(linked(reporter_email="Nils+form@US.example"))
    assert (one.person_id, one.email) == ("nils", "nils@us.example")


def test_one_of_ours_is_told_once_under_two_plus_addresses() -> None:
    """One mailbox, one mail, at the address as it was given first."""
    tells = decide(
        linked(1, reporter_email="sam+a@support.example"),
        linked(2, reporter_email="sam+b@support.example"),
    )
    (sam,) = [one for one in tells if one.person_id == "sam@support.example"]
    assert (sam.email, sam.remark_ids) == ("sam+a@support.example", (1, 2))


def test_a_reporter_without_any_address_is_skipped_with_the_reason() -> None:
    """An id of the source alone reaches nobody."""
    assert skipped(decide(linked(reporter_id="z-77"))) == {"z-77": "no mail address is known"}


@pytest.mark.parametrize("gone", [{"active": False}, {"deleted": True}])
def test_for_one_who_has_left_the_manager_is_told(gone: dict[str, Any]) -> None:
    """And both verdicts are there to be seen."""
    reps = with_reps(rep("rita", manager_id="mona", **gone))
    tells = decide(linked(reporter_id="rita"), known=customers(reps=reps))
    assert told(tells) == ["mona", "nils"]
    assert skipped(tells) == {"rita": "has left: the manager is told"}
    assert tells[0].role == "you manage Rita, who passed it on and has left"


def test_a_circle_of_managers_who_have_left_ends() -> None:
    """Nobody stands in; the account's owner is told all the same."""
    reps = with_reps(
        rep("rita", manager_id="olga", active=False), rep("olga", manager_id="rita", active=False)
    )
    tells = decide(linked(reporter_id="rita"), known=customers(reps=reps))
    assert told(tells) == ["nils"]
    assert skipped(tells)["rita"] == "has left, and no manager is known"


def test_nobody_stands_in_for_themselves() -> None:
    """Olga, who owned it before, is her own manager: that makes her no owner again."""
    reps = with_reps(rep("olga", manager_id="olga"))
    assert told(decide(linked(), known=ownerless(reps=reps))) == ["queue@us.example"]


def test_a_line_of_managers_is_not_followed_for_ever() -> None:
    """Five of them, and then somebody counts as having none."""
    gone = [rep(f"m{n}", manager_id=f"m{n + 1}", active=False) for n in range(6)]
    reps = with_reps(*gone, rep("m6"))
    tells = decide(linked(reporter_id="m0"), known=customers(reps=reps))
    assert told(tells) == ["nils"]
    assert "m5" in told(
        decide(linked(reporter_id="m1"), known=customers(reps=with_reps(*gone[:5], rep("m5"))))
    )


def test_a_new_owner_gets_a_hand_over_line_and_the_old_one_is_skipped() -> None:
    """The owner now is told; who owned it when it was said is considered, and seen to be."""
    tells = decide(linked(), known=customers(owners_then={"acme": "olga"}))
    assert told(tells) == ["nils"]
    assert skipped(tells) == {"olga": "no longer owns the account"}
    assert "hand-over: Olga owned it when this was said" in tells[0].role


def test_an_owner_who_owned_it_then_gets_no_hand_over_line() -> None:
    """Nothing was handed over."""
    (only,) = decide(linked(), known=customers(owners_then={"acme": "nils"}))
    assert only.role == "you own Acme"


def test_without_an_owner_the_previous_owners_manager_is_told() -> None:
    """No owner is not no message; team and queue are covered by that."""
    tells = decide(linked(), known=ownerless())
    assert told(tells) == ["mona"]
    assert skipped(tells) == {
        "olga": "no longer owns the account",
        "nils": "somebody nearer is told",
        "queue@us.example": "somebody nearer is told",
    }


def test_without_owner_and_manager_somebody_of_the_team_is_told() -> None:
    """The first by id that we know of."""
    reps = with_reps(rep("olga", team="north", active=False))
    assert told(decide(linked(), known=ownerless(reps=reps))) == ["nils"]


def test_without_owner_manager_and_team_the_queue_is_told() -> None:
    """A person reads it."""
    known = ownerless(previous_owners={})
    assert told(decide(linked(), known=known)) == ["queue@us.example"]


def test_without_a_queue_the_skip_says_what_to_set() -> None:
    """A verdict all the same: nothing is lost silently."""
    known = ownerless(previous_owners={})
    tells = decide(linked(), known=known, unowned_email="")
    assert skipped(tells) == {"unowned": "nobody to tell: set unowned_email"}


def test_the_queue_is_not_told_where_the_reporter_is() -> None:
    """Somebody acts already."""
    tells = decide(linked(reporter_id="rita"), known=ownerless(previous_owners={}))
    assert told(tells) == ["rita"]
    assert skipped(tells) == {"queue@us.example": "somebody nearer is told"}


def test_an_owner_nobody_knows_of_counts_as_none() -> None:
    """The rep's record may come later than the account's."""
    known = customers(accounts={"acme": account(owner_id="ghost")})
    tells = decide(linked(), known=known)
    assert told(tells) == ["queue@us.example"]
    assert skipped(tells) == {"ghost": "no mail address is known"}


def test_where_no_deal_is_named_the_one_that_closes_first_counts() -> None:
    """The owners of the others see why they are not told."""
    deals = [
        deal("a", owner_id="tom", closes_on=date(2026, 9, 1)),
        deal("b", owner_id="olga", closes_on=date(2026, 4, 1)),
        deal("c", owner_id="rita", is_open=False),
    ]
    tells = decide(linked(), known=customers(deals={"acme": deals}))
    assert told(tells) == ["nils", "olga"]
    assert skipped(tells) == {"tom": "another deal of the account closes first"}


def test_an_account_that_cannot_use_it_yet_is_not_told() -> None:
    """Acme is told when Acme can use it."""
    tells = decide(linked(reporter_id="rita"), of=ship(accounts=("globex",)))
    assert set(skipped(tells).values()) == {"not available to this account yet"}
    assert told(tells) == []


def test_an_account_that_can_use_it_by_then_is_told() -> None:
    """A skip is only what was decided so far."""
    before = decide(linked(), of=ship(accounts=("globex",)))
    after = decide(linked(), of=ship(accounts=("globex", "acme")), already=before)
    assert told(after) == ["nils"]


def test_availability_follows_merges() -> None:
    """The ship names the account as it was called before it was merged."""
    known = customers(survivors={"acme-old": "acme", "acme": "acme"})
    tells = decide(linked(account_id="acme-old"), known=known, of=ship(accounts=("acme-old",)))
    assert [(one.person_id, one.account_id) for one in tells] == [("nils", "acme")]


def test_availability_by_a_former_id_reaches_remarks_made_since() -> None:
    """The other way round: the remark came after the merge."""
    known = customers(survivors={"acme-old": "acme", "acme": "acme"})
    assert told(decide(linked(), known=known, of=ship(accounts=("acme-old",)))) == ["nils"]


def test_a_deleted_account_is_not_told() -> None:
    """There is no customer any more."""
    known = customers(accounts={"acme": account(deleted=True)}, survivors={})
    assert set(skipped(decide(linked(), known=known)).values()) == {"the account is deleted"}


def test_nobody_is_told_before_the_ship_settles() -> None:
    """A re-open within the hold tells nobody."""
    early = SETTLED - timedelta(seconds=1)
    assert decide(linked(), of=ship(settled_at=None), now=early) == []


def test_a_ship_withdrawn_before_it_settled_tells_nobody() -> None:
    """Nobody was told, so there is nothing to correct."""
    of = ship(settled_at=None, withdrawn_at=SHIPPED + timedelta(minutes=5))
    assert decide(linked(), of=of) == []


def test_a_link_made_after_the_ship_settled_is_told_as_available() -> None:
    """And one made before as shipped."""
    late = SETTLED + timedelta(days=20)
    tells = decide(linked(1), linked(2, linked_at=late, account_id="globex"), now=late)
    kinds = {one.account_id: one.kind for one in tells if one.verdict == "tell"}
    assert kinds == {"acme": "shipped", "globex": "available"}


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


@pytest.mark.parametrize(
    ("changes", "account_id"),
    [
        ({"domain": "globex.example"}, "domain:globex.example"),
        ({"domain": None}, "remark:zendesk:1"),
    ],
)
def test_a_remark_of_an_unknown_account_has_a_stand_in(
    changes: dict[str, Any], account_id: str
) -> None:
    """So that the unique key still says once."""
    tells = decide(linked(reporter_id="rita", account_id=None, **changes))
    assert {one.account_id for one in tells} == {account_id}


def test_the_id_of_a_tell_is_the_same_however_often_it_is_decided() -> None:
    """And another for each part of what it is unique by."""
    (one,) = decide(linked())
    (later,) = decide(linked(said_at=SAID - timedelta(days=1)), now=NOW + timedelta(days=1))
    (other,) = decide(linked(), of=ship(generation=2))
    assert one.id == later.id
    assert one.id != other.id


@pytest.mark.parametrize(
    ("facts", "deals", "urgent"),
    [
        (account(renews_on=date(2026, 3, 30)), [], True),
        (account(renews_on=date(2026, 4, 30)), [], False),
        (account(renews_on=date(2026, 3, 1)), [], False),
        (account(), [deal("d", closes_on=date(2026, 4, 2))], True),
        (account(), [deal("d", closes_on=date(2026, 4, 3))], False),
        (account(), [deal("d", closes_on=date(2026, 2, 1))], True),
        (account(), [deal("d", closes_on=date(2026, 3, 9), is_open=False)], False),
        (None, [], False),
    ],
)
def test_a_deal_or_renewal_within_thirty_days_is_urgent(
    facts: Any, deals: list[Any], urgent: Any
) -> None:
    """An open deal that is overdue is urgent too; a renewal that has passed is not."""
    assert is_urgent(facts, deals, date(2026, 3, 3)) is urgent


def test_reasons_name_nobody() -> None:
    """They are labels of a metric."""
    tells = decide(linked(reporter_id="z-77"), known=ownerless(owners_then={"acme": "olga"}))
    assert not [one for one in tells if "Olga" in one.reason or "Acme" in one.reason]
    assert msgspec.json.encode(tells)
