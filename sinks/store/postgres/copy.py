"""Binary COPY: the fastest way in, measured in ``docs/decisions/0002-writing.md``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
_PG_NAMES = {"TIMESTAMP WITH TIME ZONE": "timestamptz", "BOOLEAN": "bool", "REAL": "float4"}


def copy_rows(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Append rows, each in the order of `columns`, as part of the connection's transaction.

    Raises:
        psycopg.errors.UniqueViolation: a key is there already; transaction or savepoint are lost.
    """
    names = ", ".join(f'"{name}"' for name in columns)
    types = [_pg_type(table, name) for name in columns]
    cursor = connection.connection.cursor()
    statement = f'COPY "{table.name}" ({names}) FROM STDIN (FORMAT BINARY)'
    with cursor.copy(statement) as copy:
        copy.set_types(types)
        write = copy.write_row
        for row in rows:
            write(row)


def _pg_type(table: Table, column: str) -> str:
    name = table.c[column].type.compile(dialect=_DIALECT)
    return _PG_NAMES.get(name, name.lower())
