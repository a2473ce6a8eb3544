"""Valid-time history of accounts, opportunities and reps: written whole, read as of an instant."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Connection, delete, insert, or_, select, text
from sqlalchemy.orm import aliased

from schemas.events import Account, Opportunity, Rep
from sinks.store.lookup import Standing, owners, still_here_first, survivors
from sinks.store.postgres.locks import Subject, lock
from sinks.store.postgres.sql import among
from sinks.store.rows import CrmKind, CrmVersion, Facts, Stated
from sinks.store.tables import AccountVersion, OpportunityVersion, RepVersion

_TABLES: dict[CrmKind, type[AccountVersion | OpportunityVersion | RepVersion]] = {
    "account": AccountVersion,
    "opportunity": OpportunityVersion,
    "rep": RepVersion,
}
_FACTS: dict[CrmKind, type[Facts]] = {"account": Account, "opportunity": Opportunity, "rep": Rep}
_SUBJECTS: dict[CrmKind, Subject] = {
    "account": Subject.ACCOUNT,
    "opportunity": Subject.OPPORTUNITY,
    "rep": Subject.REP,
}
_OF_DOMAINS = text("""
    SELECT account_version.id, merged_into, deleted, domain
    FROM jsonb_array_elements_text(CAST(:domains AS jsonb)) AS domain
    JOIN account_version ON account_version.domains @> ARRAY[domain]
    WHERE account_version.valid_to IS NULL
""")
"""One look into the index a domain. "Any of these thousands" reads all of them for every row that
it finds: fifteen times as slow (``docs/decisions/0002-writing.md``)."""
_FactsT = TypeVar("_FactsT", Account, Opportunity, Rep)


class PostgresCrm:
    """`sinks.store.contract.Crm`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def stated(self, kind: CrmKind, ids: Collection[str]) -> dict[str, list[Stated]]:
        """All that was ever stated of these, oldest first; locked until the transaction ends."""
        lock(self._connection, _SUBJECTS[kind], ids)
        table, facts = _TABLES[kind], _FACTS[kind]
        rows = self._connection.execute(
            select(table.id, table.valid_from, table.event_id, table.stated)
            .where(among(table.id, ids))
            .order_by(table.id, table.valid_from, table.event_id)
        )
        found: dict[str, list[Stated]] = {}
        for id_, at, event_id, said in rows:
            stated = Stated(at=at, event_id=event_id, facts=msgspec.convert(said, facts))
            found.setdefault(id_, []).append(stated)
        return found

    def rewrite(self, kind: CrmKind, versions: Mapping[str, Sequence[CrmVersion]]) -> None:
        """The whole history of each, oldest first, in place of the one before."""
        lock(self._connection, _SUBJECTS[kind], versions)
        table = _TABLES[kind]
        self._connection.execute(delete(table).where(among(table.id, versions)))
        rows = [_columns(id_, version) for id_, history in versions.items() for version in history]
        if rows:
            self._connection.execute(insert(table), rows)

    def accounts(self, ids: Collection[str], at: datetime) -> dict[str, Account]:
        """As of then, deleted ones too; merges are not followed."""
        found = self._as_of(AccountVersion, Account, at, among(AccountVersion.id, ids))
        return {facts.id: facts for facts in found}

    def opportunities(self, ids: Collection[str], at: datetime) -> dict[str, Opportunity]:
        """As of then, deleted ones too."""
        found = self._as_of(OpportunityVersion, Opportunity, at, among(OpportunityVersion.id, ids))
        return {facts.id: facts for facts in found}

    def opportunities_of(
        self, accounts: Collection[str], at: datetime
    ) -> dict[str, list[Opportunity]]:
        """Account id -> its opportunities as of then, deleted ones left out, by id."""
        theirs = among(OpportunityVersion.account_id, accounts)
        found: dict[str, list[Opportunity]] = {}
        for facts in self._as_of(
            OpportunityVersion, Opportunity, at, theirs, ~OpportunityVersion.deleted
        ):
            found.setdefault(str(facts.account_id), []).append(facts)
        return found

    def reps(self, ids: Collection[str], at: datetime) -> dict[str, Rep]:
        """As of then, deleted ones too."""
        found = self._as_of(RepVersion, Rep, at, among(RepVersion.id, ids))
        return {facts.id: facts for facts in found}

    def reps_by_email(self, emails: Collection[str], at: datetime) -> dict[str, Rep]:
        """Lower-case mail address -> the rep who has it as of then; who is still here first."""
        theirs = among(RepVersion.email, {email.lower() for email in emails})
        found: dict[str, Rep] = {}
        for facts in still_here_first(self._as_of(RepVersion, Rep, at, theirs)):
            found.setdefault(str(facts.email).lower(), facts)
        return found

    def accounts_by_domain(self, domains: Collection[str]) -> dict[str, str]:
        """Mail domain -> the account that has it now, merges followed."""
        wanted = {domain.lower() for domain in domains}
        listed = msgspec.json.encode(list(wanted)).decode()
        found: dict[str, set[str]] = {}
        known: dict[str, Standing] = {}
        for account, into, deleted, domain in self._connection.execute(
            _OF_DOMAINS, {"domains": listed}
        ):
            found.setdefault(account, set()).add(domain)
            known[account] = Standing(into, deleted)
        merged = {one.merged_into for one in known.values() if one.merged_into is not None}
        return owners(wanted, found, known | self._standing(merged))

    def existing(self, ids: Collection[str]) -> dict[str, str]:
        """Account id -> the id it goes by now (merges followed), of those that exist."""
        return survivors(ids, self._standing(ids))

    def _as_of(
        self,
        table: type[AccountVersion | OpportunityVersion | RepVersion],
        facts: type[_FactsT],
        at: datetime,
        *where: ColumnElement[bool],
    ) -> list[_FactsT]:
        """One row an entity, by id."""
        rows = self._connection.scalars(
            select(table.facts)
            .where(*where, table.valid_from <= at)
            .where(or_(table.valid_to.is_(None), table.valid_to > at))
            .order_by(table.id)
        )
        return [msgspec.convert(row, facts) for row in rows]

    def _standing(self, ids: Collection[str]) -> dict[str, Standing]:
        """These accounts and all that they were merged into; ends on circles, which add no row."""
        if not ids:
            return {}
        now = AccountVersion.valid_to.is_(None)
        chain = (
            select(AccountVersion.id, AccountVersion.merged_into, AccountVersion.deleted)
            .where(now, among(AccountVersion.id, ids))
            .cte("chain", recursive=True)
        )
        next_ = aliased(AccountVersion)
        chain = chain.union(
            select(next_.id, next_.merged_into, next_.deleted)
            .join(chain, next_.id == chain.c.merged_into)
            .where(next_.valid_to.is_(None))
        )
        rows = self._connection.execute(select(chain))
        return {row.id: Standing(row.merged_into, row.deleted) for row in rows}


def _columns(id_: str, version: CrmVersion) -> dict[str, Any]:
    facts = version.facts
    columns = {
        "id": id_,
        "valid_from": version.valid_from,
        "valid_to": version.valid_to,
        "event_id": version.event_id,
        "stated": msgspec.to_builtins(version.stated),
        "facts": msgspec.to_builtins(facts),
        "deleted": facts.deleted is True,
    }
    return columns | _found_by(facts)


def _found_by(facts: Facts) -> dict[str, Any]:
    """The columns by which an entity is looked up; mail names in lower case."""
    if isinstance(facts, Account):
        domains = facts.domains or ()
        return {
            "domains": sorted({domain.lower() for domain in domains}),
            "merged_into": facts.merged_into or None,
        }
    if isinstance(facts, Opportunity):
        return {"account_id": facts.account_id or None}
    return {"email": facts.email.lower() if facts.email else None}
