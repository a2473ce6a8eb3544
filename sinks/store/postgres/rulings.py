"""What people decided: the last word on each remark and issue, and what one person did last."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, literal_column, select
from sqlalchemy.orm import aliased

from sinks.store.postgres.demand import linked_rows
from sinks.store.postgres.remarks import words_columns
from sinks.store.postgres.values import columns_of, rows_of
from sinks.store.rows import PERSON, Decision, Linked
from sinks.store.tables import DecisionTable, LinkTable, RemarkTable, WordsTable

_REMARKS: Table = RemarkTable.__table__  # type: ignore[assignment]
_BY_PERSON: ColumnElement[str] = literal_column(f"'{PERSON}'")
"""In the statement itself, so that the indexes of people's decisions are seen to serve it."""


def ruled(connection: Connection, remark_id: int) -> list[Decision]:
    """The last decision of a person on each issue of a remark, in order."""
    theirs = _last_words().where(DecisionTable.remark_id == remark_id)
    return _read(connection, theirs.order_by(DecisionTable.id))


def last_by(connection: Connection, by: str) -> list[Decision]:
    """What a person decided last, in one go, and nobody decided anew since; in order."""
    theirs = _last_words().where(DecisionTable.by == by, DecisionTable.verdict != "undo")
    newest = theirs.order_by(DecisionTable.at.desc(), DecisionTable.id.desc()).limit(1)
    found = _read(connection, newest)
    if not found:
        return []
    with_it = theirs.where(DecisionTable.at == found[0].at)
    return _read(connection, with_it.order_by(DecisionTable.id))


def accepted_for(connection: Connection, issue_id: int, most: int) -> list[Linked]:
    """Remarks that people looked at and linked to it, with words, the last linked first."""
    return linked_rows(
        connection,
        select(_REMARKS, *words_columns(), DecisionTable.at.label("linked_at"))
        .join(LinkTable, LinkTable.remark_id == RemarkTable.id)
        .join(DecisionTable, DecisionTable.id == LinkTable.decision_id)
        .join(WordsTable, WordsTable.remark_id == RemarkTable.id)
        .where(LinkTable.issue_id == issue_id, LinkTable.state == "linked")
        .where(DecisionTable.rule == _BY_PERSON, ~DecisionTable.unseen)
        .where(~RemarkTable.withdrawn)
        .order_by(DecisionTable.id.desc())
        .limit(most),
    )


def held_remarks(after: int, limit: int) -> Select[Any]:
    """Ids of the remarks that a person holds as linked to a known issue, in order."""
    return (
        select(LinkTable.remark_id)
        .join(DecisionTable, DecisionTable.id == LinkTable.decision_id)
        .where(LinkTable.remark_id > after, LinkTable.issue_id.is_not(None))
        .where(LinkTable.state == "linked", DecisionTable.rule == _BY_PERSON)
        .distinct()
        .order_by(LinkTable.remark_id)
        .limit(limit)
    )


def _last_words() -> Select[Any]:
    later = aliased(DecisionTable)
    followed: ColumnElement[bool] = (
        select(later.id)
        .where(
            later.remark_id == DecisionTable.remark_id,
            later.issue_key == DecisionTable.issue_key,
            later.rule == _BY_PERSON,
            later.id > DecisionTable.id,
        )
        .exists()
    )
    columns = columns_of(DecisionTable, Decision)
    return select(*columns).where(DecisionTable.rule == _BY_PERSON, ~followed)


def _read(connection: Connection, decisions: Select[Any]) -> list[Decision]:
    return rows_of(connection.execute(decisions), Decision)
