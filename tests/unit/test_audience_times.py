"""When and where a ship is told: to accounts that can use it, once it settled, and how urgently."""

from datetime import date, timedelta
from typing import Any

import pytest

from streams.tell.customers import is_urgent
from tests.unit.audience_world import customers, decide, skipped, told
from tests.unit.tell_rows import (
    SETTLED,
    SHIPPED,
    account,
    deal,
    linked,
    ship,
)


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
