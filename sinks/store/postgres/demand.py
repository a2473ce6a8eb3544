"""Who stands behind an issue: an issue may have any number of remarks, so nobody reads them all."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, false, func, null, select

from sinks.store.postgres.remarks import remark_of, words_columns
from sinks.store.rows import Demand, Linked, LinkState, Words
from sinks.store.tables import DecisionTable, LinkTable, RemarkTable, WordsTable

_DECISIONS: Table = DecisionTable.__table__  # type: ignore[assignment]
_LINKS: Table = LinkTable.__table__  # type: ignore[assignment]
_REMARKS: Table = RemarkTable.__table__  # type: ignore[assignment]
_WORDS: Table = WordsTable.__table__  # type: ignore[assignment]
_VOICE = (
    _REMARKS.c.account_id,
    _REMARKS.c.stated_account,
    _REMARKS.c.domain,
    _REMARKS.c.opportunity_id,
    _REMARKS.c.reporter_id,
    _REMARKS.c.reporter_email,
)
_NO_WORDS = [null().label(f"words_{name}") for name in Words.__struct_fields__]


def standing_with(issue_id: int, state: LinkState = "linked") -> Select[Any]:
    """Remarks that stand so with this issue, not withdrawn, with words, oldest said first."""
    return (
        _linked(issue_id, state, *words_columns())
        .outerjoin(_WORDS, _WORDS.c.remark_id == _REMARKS.c.id)
        .order_by(_REMARKS.c.said_at, _REMARKS.c.id)
    )


def voices_of(issue_id: int, since: datetime | None, most: int) -> Select[Any]:
    """Of each voice the `most` remarks said first, without words."""
    late: ColumnElement[bool] = false() if since is None else _DECISIONS.c.at > since
    place = func.row_number().over(
        partition_by=(*_VOICE, late), order_by=(_REMARKS.c.said_at, _REMARKS.c.id)
    )
    ranked = _linked(issue_id, "linked", *_NO_WORDS, place.label("place")).subquery()
    return select(ranked).where(ranked.c.place <= most).order_by(ranked.c.said_at, ranked.c.id)


def demand_of(connection: Connection, issue_id: int) -> Demand:
    """How many remarks and accounts an issue has."""
    accounts = func.array_agg(_REMARKS.c.account_id.distinct()).filter(
        _REMARKS.c.account_id.is_not(None)
    )
    counted = (
        select(func.count().label("remarks"), accounts.label("accounts"))
        .select_from(_REMARKS.join(_LINKS, _LINKS.c.remark_id == _REMARKS.c.id))
        .where(*_standing(issue_id, "linked"))
    )
    row = connection.execute(counted).one()
    return Demand(remarks=row.remarks, accounts=frozenset(row.accounts or ()))


def linked_rows(connection: Connection, statement: Select[Any]) -> list[Linked]:
    """What a statement of this module yields, in its order."""
    found = []
    for row in connection.execute(statement).mappings():
        remark, words = remark_of(row)
        found.append(Linked(remark=remark, words=words, linked_at=row["linked_at"]))
    return found


def _linked(issue_id: int, state: LinkState, *more: ColumnElement[Any]) -> Select[Any]:
    return (
        select(_REMARKS, *more, _DECISIONS.c.at.label("linked_at"))
        .join(_LINKS, _LINKS.c.remark_id == _REMARKS.c.id)
        .join(_DECISIONS, _DECISIONS.c.id == _LINKS.c.decision_id)
        .where(*_standing(issue_id, state))
    )


def _standing(issue_id: int, state: LinkState) -> tuple[ColumnElement[bool], ...]:
    return (_LINKS.c.issue_id == issue_id, _LINKS.c.state == state, ~_REMARKS.c.withdrawn)
