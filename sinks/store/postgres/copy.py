"""Binary COPY: the fastest way in, measured in ``docs/decisions/0002-writing.md``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
_PG_NAMES = {"TIMESTAMP WITH TIME ZONE": "timestamptz", "BOOLEAN": "bool", "REAL": "float4"}


def copy_rows(
    connection: Connection, table: Table, columns: tuple[str, ...], rows: Iterable[Sequence[Any]]
) -> None:
    """Append rows, each in the order of `columns`, as part of the connection's transaction.

    Raises:
        psycopg.errors.UniqueViolation: a key is there already; transaction or savepoint are lost.
    """
    cursor = connection.connection.cursor()
    with cursor.copy(_statement(table, columns)) as copy:
        copy.set_types(_pg_types(table, columns))
        write = copy.write_row
        for row in rows:
            write(row)


@cache
def _statement(table: Table, columns: tuple[str, ...]) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    return f'COPY "{table.name}" ({names}) FROM STDIN (FORMAT BINARY)'


@cache
def _pg_types(table: Table, columns: tuple[str, ...]) -> list[str]:
    return [_pg_type(table, name) for name in columns]


def _pg_type(table: Table, column: str) -> str:
    name = table.c[column].type.compile(dialect=_DIALECT)
    return _PG_NAMES.get(name, name.lower())
