"""The tables of themes: what customers say that no issue is about."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, Sequence, text
from sqlalchemy.orm import Mapped, mapped_column

from sinks.store.tables.base import Base

THEME_ID = Sequence("theme_id", metadata=Base.metadata)


class ThemeTable(Base):
    """One row a theme; its vector never changes, so that no remark is ever sorted anew."""

    __tablename__ = "theme"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    vector: Mapped[bytes]
    at: Mapped[datetime]
    joined_at: Mapped[datetime]
    issue_id: Mapped[int | None]
    __table_args__ = (
        Index("ix_theme_joined_at", "joined_at", "id", postgresql_where=text("issue_id IS NULL")),
    )


class ThemeMemberTable(Base):
    """One row a remark: the theme that its words were sorted into."""

    __tablename__ = "theme_member"
    remark_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    theme_id: Mapped[int] = mapped_column(index=True)
    version_at: Mapped[datetime]
    likeness: Mapped[float]
