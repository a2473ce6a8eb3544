"""Who the customers are, and who of us owns them: accounts, opportunities, reps."""

from __future__ import annotations

from datetime import date

from msgspec import UNSET, UnsetType

from schemas.events.base import Cents, Currency, Data, Domain, Email, Event, Id, Name, Probability


class Account(Data, frozen=True, kw_only=True):
    """A customer company; an absent field is unchanged, a null clears it.

    Attributes:
        domains: mail domains by which remarks find the account.
        revenue_cents: annual recurring revenue, in hundredths of `currency`.
        merged_into: the id of the account that took this one over.
    """

    id: Id
    name: Name | UnsetType = UNSET
    domains: tuple[Domain, ...] | UnsetType = UNSET
    revenue_cents: Cents | UnsetType | None = UNSET
    currency: Currency | UnsetType = UNSET
    segment: Name | UnsetType | None = UNSET
    region: Name | UnsetType | None = UNSET
    owner_id: Id | UnsetType | None = UNSET
    renews_on: date | UnsetType | None = UNSET
    merged_into: Id | UnsetType | None = UNSET
    deleted: bool | UnsetType = UNSET


class Opportunity(Data, frozen=True, kw_only=True):
    """A deal; an absent field is unchanged, a null clears it."""

    id: Id
    account_id: Id | UnsetType | None = UNSET
    name: Name | UnsetType = UNSET
    stage: Name | UnsetType | None = UNSET
    amount_cents: Cents | UnsetType | None = UNSET
    currency: Currency | UnsetType = UNSET
    probability: Probability | UnsetType | None = UNSET
    closes_on: date | UnsetType | None = UNSET
    owner_id: Id | UnsetType | None = UNSET
    is_open: bool | UnsetType = UNSET
    merged_into: Id | UnsetType | None = UNSET
    deleted: bool | UnsetType = UNSET


class Rep(Data, frozen=True, kw_only=True):
    """One of our own people; an absent field is unchanged, a null clears it.

    Attributes:
        time_zone: IANA name; mails wait for this person's working hours.
        active: False once the person has left.
    """

    id: Id
    email: Email | UnsetType | None = UNSET
    name: Name | UnsetType = UNSET
    manager_id: Id | UnsetType | None = UNSET
    team: Name | UnsetType | None = UNSET
    time_zone: Name | UnsetType | None = UNSET
    active: bool | UnsetType = UNSET
    deleted: bool | UnsetType = UNSET


class AccountChanged(Event, frozen=True, kw_only=True, tag="closeloop.crm.account.changed.v1"):
    """An account is now as `data` says, since `time`."""

    data: Account


class OpportunityChanged(
    Event, frozen=True, kw_only=True, tag="closeloop.crm.opportunity.changed.v1"
):
    """An opportunity is now as `data` says, since `time`."""

    data: Opportunity


class RepChanged(Event, frozen=True, kw_only=True, tag="closeloop.crm.rep.changed.v1"):
    """A rep is now as `data` says, since `time`."""

    data: Rep
