"""Between rows of a table and the Structs of `sinks.store.rows`, whose fields are its columns."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from sqlalchemy import Result
from sqlalchemy.orm import InstrumentedAttribute

from sinks.store.rows import Row
from sinks.store.tables import Base

_RowT = TypeVar("_RowT", bound=Row)


def columns_of(table: type[Base], row: type[Row]) -> list[InstrumentedAttribute[Any]]:
    """The columns of a table that a Struct is made from."""
    return [getattr(table, name) for name in row.__struct_fields__]


def rows_of(result: Result[Any], row: type[_RowT]) -> list[_RowT]:
    """What a statement yielded, each as a Struct, in the order in which it came."""
    return [msgspec.convert(dict(each), row) for each in result.mappings()]
