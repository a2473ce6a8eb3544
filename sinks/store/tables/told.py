"""The tables of what shipped, who is told, by which mail, and what came of it."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from sinks.store.tables.base import Base


class ShipTable(Base):
    """One row a generation of an issue. `audience_due_at`: when to work out whom to tell."""

    __tablename__ = "ship"
    issue_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    generation: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    signal: Mapped[str]
    what: Mapped[str]
    docs_url: Mapped[str | None]
    accounts: Mapped[list[str] | None]
    shipped_at: Mapped[datetime]
    settles_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_why: Mapped[str]
    audience_due_at: Mapped[datetime | None]
    __table_args__ = (
        Index(
            "ix_ship_audience_due_at",
            "audience_due_at",
            postgresql_where=text("audience_due_at IS NOT NULL"),
        ),
    )


class TellTable(Base):
    """One row a (person, account, issue, generation, kind): that key is what stops a double mail.

    The second key does the same by mail address, for one person known under two ids.
    """

    __tablename__ = "tell"
    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str]
    person_name: Mapped[str]
    email: Mapped[str | None]
    account_id: Mapped[str]
    issue_id: Mapped[int]
    generation: Mapped[int]
    kind: Mapped[str]
    role: Mapped[str]
    verdict: Mapped[str]
    reason: Mapped[str]
    decided_at: Mapped[datetime]
    remark_ids: Mapped[list[int]]
    message_id: Mapped[str | None] = mapped_column(index=True)
    __table_args__ = (
        UniqueConstraint("person_id", "account_id", "issue_id", "generation", "kind"),
        Index(
            "uq_tell_email",
            "email",
            "account_id",
            "issue_id",
            "generation",
            "kind",
            unique=True,
            postgresql_where=text("verdict = 'tell'"),
        ),
        Index("ix_tell_issue_id_generation", "issue_id", "generation"),
    )


class MessageTable(Base):
    """One mail. Claimed before it is sent; at most one is open a person."""

    __tablename__ = "message"
    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str]
    email: Mapped[str]
    name: Mapped[str]
    state: Mapped[str]
    due_at: Mapped[datetime]
    created_at: Mapped[datetime]
    attempts: Mapped[int]
    doubts: Mapped[int]
    claimed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    provider_id: Mapped[str]
    reason: Mapped[str]
    __table_args__ = (
        Index("uq_message_open", "person_id", unique=True, postgresql_where=text("state = 'open'")),
        Index(
            "ix_message_due_at",
            "due_at",
            postgresql_where=text("state IN ('open', 'sending')"),
        ),
    )


class ReportTable(Base):
    """The provider's reports on mails, each once."""

    __tablename__ = "report"
    id: Mapped[str] = mapped_column(primary_key=True)
    message_id: Mapped[str] = mapped_column(index=True)
    outcome: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime]


class LoopTable(Base):
    """One row an (account, issue): how far the loop has closed, when, and by whom."""

    __tablename__ = "loop"
    account_id: Mapped[str] = mapped_column(primary_key=True)
    issue_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[str]
    changed_at: Mapped[datetime]
    by: Mapped[str]
    told_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    customer_told_at: Mapped[datetime | None]
    solved_at: Mapped[datetime | None]
    not_solved_at: Mapped[datetime | None]


class ReplyTable(Base):
    """Links of mails that have been used: one effect a link."""

    __tablename__ = "reply"
    token_id: Mapped[str] = mapped_column(primary_key=True)
    used_at: Mapped[datetime]


class AnswerTable(Base):
    """What people wrote beside their answers, one row a link."""

    __tablename__ = "answer"
    token_id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str]
    issue_id: Mapped[int]
    said: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[str]
    words: Mapped[str]
    __table_args__ = (Index("ix_answer_account_id_issue_id", "account_id", "issue_id"),)


class PromiseTable(Base):
    """Who promised what to whom by when, and where that was said."""

    __tablename__ = "promise"
    id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str]
    issue_id: Mapped[int | None]
    promised_by: Mapped[str]
    what: Mapped[str]
    due_on: Mapped[date | None]
    source_line: Mapped[str]
    promised_at: Mapped[datetime]


class OutboxTable(Base):
    """Records of committed transactions, relayed in order, deleted once the broker has them."""

    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    topic: Mapped[str]
    key: Mapped[bytes]
    value: Mapped[bytes]
