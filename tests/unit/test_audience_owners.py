"""Who is told for an account: its owner now, and who stands in where there is none."""

from datetime import date
from typing import Any

import pytest

from tests.unit.audience_world import customers, decide, ownerless, skipped, told, with_reps
from tests.unit.tell_rows import (
    account,
    deal,
    linked,
    rep,
)


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
