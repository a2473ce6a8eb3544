"""What waits for a decision, in money: revenue and open deals of the customers who asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from schemas.events import Account, Opportunity
from sinks.store.contract import Transaction
from sinks.store.rows import Remark

LIKELY = 0.5
"""Probability of an open deal that the CRM says none of."""


class Worth(msgspec.Struct, frozen=True):
    """In hundredths of whatever currency the CRM keeps; each account and deal counted once.

    Attributes:
        pipeline_cents: open deals that remarks name, each times its probability.
    """

    accounts: int = 0
    revenue_cents: int = 0
    pipeline_cents: int = 0

    @property
    def cents(self) -> int:
        """Both together, to rank by; nothing known counts as the least there is."""
        return max(1, self.revenue_cents + self.pipeline_cents)


class Customers(msgspec.Struct, frozen=True):
    """Who said some remarks, as of now.

    Attributes:
        survivors: account id -> the id it goes by now.
    """

    survivors: Mapping[str, str]
    accounts: Mapping[str, Account]
    deals: Mapping[str, Opportunity]

    def account_of(self, remark: Remark) -> str | None:
        """The account that a remark belongs to by now, merges followed."""
        return self.survivors.get(remark.account_id) if remark.account_id else None

    def name_of(self, remark: Remark) -> str | None:
        """The account's name, where one is known."""
        account = self.accounts.get(self.account_of(remark) or "")
        return account.name if account is not None and isinstance(account.name, str) else None

    def worth(self, remarks: Iterable[Remark]) -> Worth:
        """Of all these together."""
        said = list(remarks)
        accounts = {found for one in said if (found := self.account_of(one))}
        deals = {one.opportunity_id for one in said if one.opportunity_id}
        return Worth(
            accounts=len(accounts),
            revenue_cents=sum(_revenue(self.accounts.get(id_)) for id_ in accounts),
            pipeline_cents=sum(_pipeline(self.deals.get(id_)) for id_ in deals),
        )


def customers_of(tx: Transaction, remarks: Sequence[Remark], now: datetime) -> Customers:
    """Looks up who said these remarks: three reads, however many there are."""
    survivors = tx.crm.existing({one.account_id for one in remarks if one.account_id})
    deals = {one.opportunity_id for one in remarks if one.opportunity_id}
    return Customers(
        survivors=survivors,
        accounts=tx.crm.accounts(set(survivors.values()), now),
        deals=tx.crm.opportunities(deals, now) if deals else {},
    )


def _revenue(account: Account | None) -> int:
    known = account.revenue_cents if account is not None else None
    return known if isinstance(known, int) else 0


def _pipeline(deal: Opportunity | None) -> int:
    if deal is None or deal.is_open is not True or deal.deleted is True:
        return 0
    amount = deal.amount_cents if isinstance(deal.amount_cents, int) else 0
    likely = deal.probability if isinstance(deal.probability, int | float) else LIKELY
    return round(amount * likely)
