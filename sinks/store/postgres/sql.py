"""Small pieces of SQL that more than one shelf needs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute


def among(column: InstrumentedAttribute[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """``column = ANY(values)``: one parameter however many values, none is false."""
    return column == any_(literal(list(values), ARRAY(column.type)))


def new_ids(connection: Connection, sequence: str, count: int) -> Sequence[int]:
    """The next `count` values of a sequence, ascending; one row, which costs the driver less."""
    drawn = select(func.nextval(sequence).label("id")).select_from(func.generate_series(1, count))
    return sorted(connection.scalar(select(func.array_agg(drawn.subquery().c.id))) or ())
