"""Small pieces of SQL that more than one shelf needs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, any_, bindparam, literal, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute

_DRAW = text("""
    SELECT array_agg(nextval(CAST(:sequence AS regclass))) FROM generate_series(1, :count)
""")


def among(column: InstrumentedAttribute[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """``column = ANY(values)``: one parameter however many values, none is false."""
    return column == any_(literal(list(values), ARRAY(column.type)))


def among_given(column: InstrumentedAttribute[Any], name: str) -> ColumnElement[bool]:
    """The same with the parameter `name`, a list, for a statement that is made once.

    Statements of every batch are: making one takes longer than the server takes to answer it, and
    leaves circles behind for the collector.
    """
    return column == any_(bindparam(name, type_=ARRAY(column.type)))


def new_ids(connection: Connection, sequence: str, count: int) -> Sequence[int]:
    """The next `count` values of a sequence, ascending; one row, which costs the driver less."""
    return sorted(connection.scalar(_DRAW, {"sequence": sequence, "count": count}) or ())
