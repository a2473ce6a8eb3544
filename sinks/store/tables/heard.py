"""The tables of what was heard: offsets, remarks, links, the history of customers, issues."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, PrimaryKeyConstraint, Sequence, text
from sqlalchemy.orm import Mapped, mapped_column

from sinks.store.rows import PERSON
from sinks.store.tables.base import Base

REMARK_ID = Sequence("remark_id", metadata=Base.metadata)
DECISION_ID = Sequence("decision_id", metadata=Base.metadata)
EPIC_MARK = Sequence("epic_mark", metadata=Base.metadata)
_BY_PERSON = text(f"rule = '{PERSON}'")


class ConsumerOffset(Base):
    """Where a group reads on: moves only in the batch's transaction, only from where expected."""

    __tablename__ = "consumer_offset"
    group_id: Mapped[str] = mapped_column(primary_key=True)
    topic: Mapped[str] = mapped_column(primary_key=True)
    partition: Mapped[int] = mapped_column(primary_key=True)
    next_offset: Mapped[int]


class RemarkTable(Base):
    """One row a (source, record), newest by the source's clock; no words, no customer's name."""

    __tablename__ = "remark"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[bytes] = mapped_column(unique=True)
    origin: Mapped[str]
    record: Mapped[str]
    version_at: Mapped[datetime]
    said_at: Mapped[datetime]
    outcome: Mapped[str]
    account_id: Mapped[str | None]
    stated_account: Mapped[str | None]
    domain: Mapped[str | None]
    opportunity_id: Mapped[str | None]
    reporter_id: Mapped[str | None]
    reporter_email: Mapped[str | None]
    thread: Mapped[str | None]
    url: Mapped[str | None]
    withdrawn: Mapped[bool]
    replayed_at: Mapped[datetime | None]
    __table_args__ = (
        Index("ix_remark_thread", "thread", postgresql_where=text("thread IS NOT NULL")),
        Index("ix_remark_homeless", "domain", postgresql_where=text("account_id IS NULL")),
        Index(
            "ix_remark_stated_account",
            "stated_account",
            postgresql_where=text("account_id IS NULL"),
        ),
        Index("ix_remark_undecided", "id", postgresql_where=text("outcome <> 'linked'")),
    )


class WordsTable(Base):
    """The words and the person, apart, so that erasing them leaves the rest."""

    __tablename__ = "remark_words"
    remark_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    words: Mapped[str]
    title: Mapped[str | None]
    customer_name: Mapped[str | None]
    customer_email: Mapped[str | None]


class DecisionTable(Base):
    """Append only: every link has the decision behind it, and an undo is a decision."""

    __tablename__ = "decision"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    remark_id: Mapped[int]
    issue_key: Mapped[str]
    issue_id: Mapped[int | None]
    verdict: Mapped[str]
    rule: Mapped[str]
    score: Mapped[float]
    model: Mapped[str]
    by: Mapped[str]
    at: Mapped[datetime]
    quote: Mapped[str | None]
    unseen: Mapped[bool] = mapped_column(server_default=text("false"))
    claimed_by: Mapped[str | None]
    claimed_score: Mapped[float | None]
    __table_args__ = (
        Index(
            "ix_decision_person_remark",
            "remark_id",
            "issue_key",
            postgresql_where=_BY_PERSON,
        ),
        Index("ix_decision_person_by", "by", "at", postgresql_where=_BY_PERSON),
    )


class LinkTable(Base):
    """Where a remark and an issue stand now. By key alone until the issue itself is known."""

    __tablename__ = "link"
    remark_id: Mapped[int]
    issue_key: Mapped[str]
    issue_id: Mapped[int | None]
    state: Mapped[str]
    decision_id: Mapped[int]
    __table_args__ = (
        PrimaryKeyConstraint("remark_id", "issue_key"),
        Index("ix_link_issue_id", "issue_id"),
        Index("ix_link_orphan", "issue_key", postgresql_where=text("issue_id IS NULL")),
    )


class CrmColumns:
    """The columns of valid-time history that all three CRM tables have."""

    valid_from: Mapped[datetime] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(primary_key=True)
    valid_to: Mapped[datetime | None]
    stated: Mapped[dict[str, Any]]
    facts: Mapped[dict[str, Any]]
    deleted: Mapped[bool]


class AccountVersion(CrmColumns, Base):
    """An account from one statement to the next: as of any instant, one row."""

    __tablename__ = "account_version"
    id: Mapped[str] = mapped_column(primary_key=True)
    domains: Mapped[list[str]]
    merged_into: Mapped[str | None]
    __table_args__ = (
        Index(
            "ix_account_version_domains",
            "domains",
            postgresql_using="gin",
            postgresql_where=text("valid_to IS NULL"),
        ),
    )


class OpportunityVersion(CrmColumns, Base):
    """An opportunity from one statement to the next: as of any instant, one row."""

    __tablename__ = "opportunity_version"
    id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str | None]
    __table_args__ = (Index("ix_opportunity_version_account_id", "account_id"),)


class RepVersion(CrmColumns, Base):
    """A rep from one statement to the next: as of any instant, one row."""

    __tablename__ = "rep_version"
    id: Mapped[str] = mapped_column(primary_key=True)
    email: Mapped[str | None]
    __table_args__ = (Index("ix_rep_version_email", "email"),)


class EpicTable(Base):
    """One row a Jira issue id; key, project and parent may change. `mark` grows with each write."""

    __tablename__ = "epic"
    issue_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(index=True)
    updated_at: Mapped[datetime]
    issue: Mapped[dict[str, Any]]
    version_ids: Mapped[list[int]]
    mark: Mapped[int] = mapped_column(index=True)
    evidence_due_at: Mapped[datetime | None]
    __table_args__ = (
        Index("ix_epic_version_ids", "version_ids", postgresql_using="gin"),
        Index(
            "ix_epic_evidence_due_at",
            "evidence_due_at",
            postgresql_where=text("evidence_due_at IS NOT NULL"),
        ),
    )


class EpicKey(Base):
    """Every key that an issue has or had."""

    __tablename__ = "epic_key"
    key: Mapped[str] = mapped_column(primary_key=True)
    issue_id: Mapped[int] = mapped_column(index=True)
    __table_args__ = (Index("ix_epic_key_project", text("split_part(key, '-', 1)")),)


class FixVersionTable(Base):
    """One row a Jira version: newest word of whether it is released, from whoever said it."""

    __tablename__ = "fix_version"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    project_id: Mapped[int]
    name: Mapped[str]
    released: Mapped[bool]
    released_on: Mapped[date | None]
    deleted: Mapped[bool]
    updated_at: Mapped[datetime]
