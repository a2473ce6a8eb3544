"""Who is told of a ship, who is not, and why: those who passed it on, and whom they may be."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tests.unit.audience_world import customers, decide, ownerless, skipped, told
from tests.unit.tell_rows import (
    NOW,
    SAID,
    deal,
    linked,
    ship,
)


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


def test_reasons_name_nobody() -> None:
    """They are labels of a metric."""
    tells = decide(linked(reporter_id="z-77"), known=ownerless(owners_then={"acme": "olga"}))
    assert not [one for one in tells if "Olga" in one.reason or "Acme" in one.reason]
    assert msgspec.json.encode(tells)
