"""Valid-time history of accounts, opportunities and reps."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from schemas.events import Account, Opportunity, Rep
from sinks.store.fake.state import State
from sinks.store.lookup import Standing, owners, still_here_first, survivors
from sinks.store.rows import CrmKind, CrmVersion, Facts, Stated

_FactsT = TypeVar("_FactsT", Account, Opportunity, Rep)


class FakeCrm:
    """`sinks.store.contract.Crm`."""

    def __init__(self, state: State) -> None:
        self._crm = state.crm

    def stated(self, kind: CrmKind, ids: Collection[str]) -> dict[str, list[Stated]]:
        """All that was ever stated of these, oldest first; locked until the transaction ends."""
        return {
            id_: [
                Stated(at=each.valid_from, event_id=each.event_id, facts=each.stated)
                for each in self._crm[kind, id_]
            ]
            for id_ in ids
            if (kind, id_) in self._crm
        }

    def rewrite(self, kind: CrmKind, versions: Mapping[str, Sequence[CrmVersion]]) -> None:
        """The whole history of each, oldest first, in place of the one before."""
        for id_, history in versions.items():
            self._crm.pop((kind, id_), None)
            if history:
                by_age = sorted(history, key=lambda each: (each.valid_from, each.event_id))
                self._crm[kind, id_] = tuple(by_age)

    def accounts(self, ids: Collection[str], at: datetime) -> dict[str, Account]:
        """As of then, deleted ones too; merges are not followed."""
        return {each.id: each for each in self._as_of(Account, at) if each.id in ids}

    def opportunities(self, ids: Collection[str], at: datetime) -> dict[str, Opportunity]:
        """As of then, deleted ones too."""
        return {each.id: each for each in self._as_of(Opportunity, at) if each.id in ids}

    def opportunities_of(
        self, accounts: Collection[str], at: datetime
    ) -> dict[str, list[Opportunity]]:
        """Account id -> its opportunities as of then, deleted ones left out, by id."""
        found: dict[str, list[Opportunity]] = {}
        for each in sorted(self._as_of(Opportunity, at), key=lambda each: each.id):
            if each.account_id in accounts and each.deleted is not True:
                found.setdefault(str(each.account_id), []).append(each)
        return found

    def reps(self, ids: Collection[str], at: datetime) -> dict[str, Rep]:
        """As of then, deleted ones too."""
        return {each.id: each for each in self._as_of(Rep, at) if each.id in ids}

    def reps_by_email(self, emails: Collection[str], at: datetime) -> dict[str, Rep]:
        """Lower-case mail address -> the rep who has it as of then; who is still here first."""
        wanted = {email.lower() for email in emails}
        found: dict[str, Rep] = {}
        for each in still_here_first(self._as_of(Rep, at)):
            if each.email and each.email.lower() in wanted:
                found.setdefault(each.email.lower(), each)
        return found

    def accounts_by_domain(self, domains: Collection[str]) -> dict[str, str]:
        """Mail domain -> the account that has it now, merges followed."""
        theirs = {
            each.id: {domain.lower() for domain in each.domains or ()}
            for each in self._now(Account)
        }
        return owners({domain.lower() for domain in domains}, theirs, self._standing())

    def existing(self, ids: Collection[str]) -> dict[str, str]:
        """Account id -> the id it goes by now (merges followed), of those that exist."""
        return survivors(ids, self._standing())

    def _as_of(self, facts: type[_FactsT], at: datetime) -> list[_FactsT]:
        return self._where(
            facts,
            lambda each: each.valid_from <= at and (each.valid_to is None or at < each.valid_to),
        )

    def _now(self, facts: type[_FactsT]) -> list[_FactsT]:
        return self._where(facts, lambda each: each.valid_to is None)

    def _where(self, facts: type[_FactsT], holds: Callable[[CrmVersion], bool]) -> list[_FactsT]:
        every: list[Facts] = [
            each.facts for history in self._crm.values() for each in history if holds(each)
        ]
        return [each for each in every if isinstance(each, facts)]

    def _standing(self) -> dict[str, Standing]:
        return {
            each.id: Standing(each.merged_into or None, each.deleted is True)
            for each in self._now(Account)
        }
