"""Remarks and their words: read by key, written by COPY, revised one by one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from psycopg.errors import UniqueViolation
from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Table,
    bindparam,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from sinks.store.contract.heard import PAGE
from sinks.store.postgres.copy import copy_rows
from sinks.store.postgres.sql import among, new_ids
from sinks.store.rows import NEVER, PERSON, Known, Outcome, Remark, Words, remark_key
from sinks.store.tables import (
    REMARK_ID,
    DecisionTable,
    GuessTable,
    LinkTable,
    RemarkTable,
    WordsTable,
)

_REMARKS: Table = RemarkTable.__table__  # type: ignore[assignment]
_WORDS: Table = WordsTable.__table__  # type: ignore[assignment]
_KNOWN = text("""
    SELECT key, id, version_at, replayed_at FROM remark WHERE key IN (
        SELECT substring(CAST(:keys AS bytea) FROM i * 16 + 1 FOR 16)
        FROM generate_series(0, :last) AS i
    )
""")
"""One parameter for all keys: an array of them costs the driver more than the rest of the read."""
UNDECIDED = (
    text("remark.outcome <> 'linked'"),  # as the partial index has it
    text("remark.outcome <> 'dismissed'"),
    ~RemarkTable.withdrawn,
)
_NEVER = literal(NEVER, RemarkTable.version_at.type)
_REMARK_FIELDS = Remark.__struct_fields__
_WORDS_FIELDS = Words.__struct_fields__


class PostgresRemarks:
    """`sinks.store.contract.Remarks`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def known(self, keys: Sequence[bytes]) -> dict[bytes, Known]:
        """Of these keys, those that are in the store."""
        rows = self._connection.execute(_KNOWN, {"keys": b"".join(keys), "last": len(keys) - 1})
        return {
            bytes(key): Known(id=id_, version_at=at, replayed_at=replayed_at)
            for key, id_, at, replayed_at in rows
        }

    def new_ids(self, count: int) -> Sequence[int]:
        """Fresh ids, ascending, never given out before."""
        return new_ids(self._connection, REMARK_ID.name, count)

    def add(self, rows: Sequence[tuple[Remark, Words]]) -> set[int]:
        """COPY them in; where a key is there all the same, one by one those that are not."""
        try:
            with self._connection.begin_nested():
                self._copy(rows)
        except UniqueViolation:
            return {remark.id for remark, words in rows if not self._insert(remark, words)}
        return set()

    def revise(self, rows: Sequence[tuple[Remark, Words]]) -> None:
        """Overwrite remarks by their id, where the version in the store is older."""
        for remark, words in rows:
            values = msgspec.structs.asdict(remark)
            account = func.coalesce(remark.account_id, RemarkTable.account_id)
            changed = self._connection.execute(
                update(RemarkTable)
                .where(RemarkTable.id == remark.id, _is_older_than(remark))
                .values({**values, "account_id": account})
            )
            if changed.rowcount:
                self._set_words(words, only_standing=remark.replayed_at is not None)

    def set_outcome(self, outcomes: Mapping[int, Outcome]) -> None:
        """Remark id -> what linking came to."""
        if outcomes:
            self._connection.execute(
                update(_REMARKS)
                .where(_REMARKS.c.id == bindparam("remark"))
                .values(outcome=bindparam("new")),
                [{"remark": remark, "new": outcome} for remark, outcome in outcomes.items()],
            )

    def thread_issues(
        self, threads: Collection[tuple[str, str]], besides: Collection[int] = ()
    ) -> dict[tuple[str, str], set[int]]:
        """(origin, thread) -> the issues that its remarks are linked to."""
        linked = (
            select(RemarkTable.origin, RemarkTable.thread, LinkTable.issue_id)
            .join(LinkTable, LinkTable.remark_id == RemarkTable.id)
            .where(
                tuple_(RemarkTable.origin, RemarkTable.thread).in_(list(threads)),
                LinkTable.state == "linked",
                LinkTable.issue_id.is_not(None),
            )
        )
        if besides:
            linked = linked.join(DecisionTable, DecisionTable.id == LinkTable.decision_id).where(
                or_(~among(RemarkTable.id, besides), DecisionTable.rule == PERSON)
            )
        rows = self._connection.execute(linked)
        found: dict[tuple[str, str], set[int]] = {}
        for origin, thread, issue in rows:
            if thread is not None and issue is not None:
                found.setdefault((origin, thread), set()).add(issue)
        return found

    def claim_for_accounts(self, owners: Mapping[str, str], stated: Mapping[str, str]) -> set[int]:
        """Give remarks without an account to one, and say which issues those are linked to."""
        claimed: list[int] = []
        homeless = RemarkTable.account_id.is_(None)
        for domain, account in owners.items():
            mine = (homeless, RemarkTable.domain == domain, RemarkTable.stated_account.is_(None))
            claimed += self._give(account, *mine)
        for said, account in stated.items():
            claimed += self._give(account, homeless, RemarkTable.stated_account == said)
        return self._issues_of(claimed)

    def homeless(self, limit: int, after: str = "") -> tuple[set[str], set[str]]:
        """Mail domains and stated account ids of remarks without an account, behind `after`."""
        domains = self._homeless(RemarkTable.domain, after, limit)
        return domains, self._homeless(RemarkTable.stated_account, after, limit)

    def find(self, feedback_id: str) -> tuple[Remark, Words | None] | None:
        """One remark by its identity."""
        found = self._read(RemarkTable.key == remark_key(*_parts(feedback_id)))
        return found[0] if found else None

    def undecided(self, limit: int) -> list[tuple[Remark, Words | None]]:
        """Remarks that wait for a person, oldest first."""
        return self._read(*UNDECIDED, limit=limit)

    def waiting(self, limit: int) -> list[tuple[Remark, Words | None]]:
        """The same: those with a guess that chance chose first, then the newest."""
        chosen = (
            select(GuessTable.passage)
            .where(GuessTable.remark_id == RemarkTable.id, GuessTable.audit)
            .exists()
        )
        newest = _REMARKS.c.id.desc()
        audits = self._read(*UNDECIDED, chosen, order=newest, limit=limit)
        more = limit - len(audits)
        return [*audits, *self._read(*UNDECIDED, ~chosen, order=newest, limit=more)]

    def said(self, after: int, limit: int = PAGE) -> list[Words]:
        """The words of all remarks that are not withdrawn, in order, from behind `after`."""
        rows = self._connection.execute(
            select(*(_WORDS.c[name] for name in _WORDS_FIELDS))
            .join(_REMARKS, _REMARKS.c.id == _WORDS.c.remark_id)
            .where(_WORDS.c.remark_id > after, ~_REMARKS.c.withdrawn)
            .order_by(_WORDS.c.remark_id)
            .limit(limit)
        )
        return [Words(**row) for row in rows.mappings()]

    def get(self, ids: Collection[int]) -> dict[int, tuple[Remark, Words | None]]:
        """Remark id -> the remark, of those that are known."""
        return {one[0].id: one for one in self._read(among(RemarkTable.id, ids))}

    def hold(self, feedback_ids: Collection[str]) -> dict[str, tuple[Remark, Words | None]]:
        """Lock them in order of their ids, so that two who hold several never wait in a circle."""
        keys = {remark_key(*_parts(one)) for one in feedback_ids}
        these = among(RemarkTable.key, keys)
        self._connection.execute(
            select(RemarkTable.id).where(these).order_by(RemarkTable.id).with_for_update()
        )
        return {one[0].feedback_id: one for one in self._read(these)}

    def _copy(self, rows: Sequence[tuple[Remark, Words]]) -> None:
        as_tuple = msgspec.structs.astuple
        remarks = ((_key(remark), *as_tuple(remark)) for remark, _ in rows)
        copy_rows(self._connection, _REMARKS, ("key", *_REMARK_FIELDS), remarks)
        copy_rows(self._connection, _WORDS, _WORDS_FIELDS, (as_tuple(words) for _, words in rows))

    def _insert(self, remark: Remark, words: Words) -> bool:
        """The slow way, for keys that another worker wrote since they were looked up."""
        values = {"key": _key(remark), **msgspec.structs.asdict(remark)}
        free = insert(RemarkTable).values(values).on_conflict_do_nothing(index_elements=["key"])
        written = self._connection.scalar(free.returning(RemarkTable.id))
        if written is not None:
            self._set_words(words)
        return written is not None

    def _set_words(self, words: Words, *, only_standing: bool = False) -> None:
        """A replay brings back no words that were erased: it is no news from the customer."""
        values = msgspec.structs.asdict(words)
        if only_standing:
            self._connection.execute(
                update(WordsTable).where(WordsTable.remark_id == words.remark_id).values(values)
            )
            return
        statement = insert(WordsTable).values(values)
        self._connection.execute(
            statement.on_conflict_do_update(index_elements=[WordsTable.remark_id], set_=values)
        )

    def _homeless(self, column: Any, after: str, limit: int) -> set[str]:
        found = select(column).where(RemarkTable.account_id.is_(None), column > after).distinct()
        return set(self._connection.scalars(found.order_by(column).limit(limit)))

    def _give(self, account: str, *where: Any) -> list[int]:
        given = update(RemarkTable).where(*where).values(account_id=account)
        return list(self._connection.scalars(given.returning(RemarkTable.id)))

    def _issues_of(self, remarks: Sequence[int]) -> set[int]:
        rows = self._connection.scalars(
            select(LinkTable.issue_id).where(
                among(LinkTable.remark_id, remarks),
                LinkTable.issue_id.is_not(None),
                LinkTable.state == "linked",
            )
        )
        return {issue for issue in rows if issue is not None}

    def _read(
        self, *where: Any, limit: int | None = None, order: Any = _REMARKS.c.id
    ) -> list[tuple[Remark, Words | None]]:
        rows = self._connection.execute(
            select(_REMARKS, *words_columns())
            .outerjoin(_WORDS, _WORDS.c.remark_id == _REMARKS.c.id)
            .where(*where)
            .order_by(order)
            .limit(limit)
        )
        return [remark_of(row) for row in rows.mappings()]


def _parts(feedback_id: str) -> tuple[str, str]:
    origin, _, record = feedback_id.partition(":")
    return origin, record


def _is_older_than(remark: Remark) -> ColumnElement[bool]:
    stored = tuple_(RemarkTable.version_at, func.coalesce(RemarkTable.replayed_at, _NEVER))
    given = literal(remark.replayed_at or NEVER, RemarkTable.version_at.type)
    return stored < tuple_(literal(remark.version_at, RemarkTable.version_at.type), given)


def _key(remark: Remark) -> bytes:
    return remark_key(remark.origin, remark.record)


def words_columns() -> list[Any]:
    """The columns of a remark's words, labelled so that they can stand beside the remark's."""
    return [_WORDS.c[name].label(f"words_{name}") for name in _WORDS_FIELDS]


def remark_of(row: RowMapping) -> tuple[Remark, Words | None]:
    """A remark and its words, None once they are erased, from a joined row."""
    remark = Remark(**{name: row[name] for name in _REMARK_FIELDS})
    if row["words_remark_id"] is None:
        return remark, None
    return remark, Words(**{name: row[f"words_{name}"] for name in _WORDS_FIELDS})
