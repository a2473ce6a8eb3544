"""What people's decisions have taught, and how sure that makes the linker."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import REAL, Identity, Index, PrimaryKeyConstraint, Sequence, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from sinks.store.tables.base import Base

LESSON_MARK = Sequence("lesson_mark", metadata=Base.metadata)


class GuessTable(Base):
    """One row a passage and tier that was asked: the best answer, and how it came to it."""

    __tablename__ = "guess"
    remark_id: Mapped[int]
    passage: Mapped[int]
    issue_id: Mapped[int | None]
    features: Mapped[list[float]] = mapped_column(ARRAY(REAL()))
    confidence: Mapped[float]
    tier: Mapped[str]
    basis: Mapped[str]
    epics: Mapped[int]
    audit: Mapped[bool]
    sure: Mapped[bool]
    at: Mapped[datetime]
    said: Mapped[int | None]
    sender: Mapped[int | None]
    __table_args__ = (
        PrimaryKeyConstraint("remark_id", "passage", "tier"),
        Index("ix_guess_audit", "at", postgresql_where=text("audit")),
        Index("ix_guess_issue_id", "issue_id"),
    )


class AuditTable(Base):
    """One row a remark that chance ever chose: it stays, whatever becomes of its guesses."""

    __tablename__ = "audit"
    remark_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class LessonTable(Base):
    """One row an accepted (remark, issue): its words as they were learned, or taken back."""

    __tablename__ = "lesson"
    remark_id: Mapped[int]
    issue_id: Mapped[int]
    text: Mapped[str]
    learned: Mapped[bool]
    mark: Mapped[int] = mapped_column(index=True)
    __table_args__ = (PrimaryKeyConstraint("remark_id", "issue_id"),)


class CertificateTable(Base):
    """Append only: each calibration with the threshold that its audits carry, None for none."""

    __tablename__ = "certificate"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    tier: Mapped[str] = mapped_column(index=True)
    basis: Mapped[str]
    at: Mapped[datetime]
    labels: Mapped[int]
    audits: Mapped[int]
    calibration: Mapped[dict[str, Any]]
    least: Mapped[float | None]
    passed: Mapped[int]
    wrong: Mapped[int]
    p: Mapped[float]
    delta: Mapped[float]
    why: Mapped[str]
    epics: Mapped[int | None]


class SecretTable(Base):
    """One row a secret that the store has made for itself, once."""

    __tablename__ = "secret"
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[bytes]


class KeptTable(Base):
    """What can be computed anew and takes long: an index's vectors, an adapted table, by name."""

    __tablename__ = "kept"
    name: Mapped[str] = mapped_column(primary_key=True)
    body: Mapped[bytes]
    at: Mapped[datetime]
