"""What all tables have in common: how constraints are named, and which type a column has."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import REAL, BigInteger, DateTime, LargeBinary, MetaData, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The root of the tables: text without length, instants with zone, ids of 64 bits."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        int: BigInteger(),
        float: REAL(),
        bytes: LargeBinary(),
        datetime: DateTime(timezone=True),
        list[str]: ARRAY(Text()),
        list[int]: ARRAY(BigInteger()),
        dict[str, Any]: JSONB(),
    }
