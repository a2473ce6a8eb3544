"""The tables. What each must hold is in its docstring and, where SQL can say it, in a constraint.

Alembic's migrations are held against these definitions by ``tests/integration/test_migrations.py``.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    REAL,
    BigInteger,
    DateTime,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Sequence,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

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


REMARK_ID = Sequence("remark_id", metadata=Base.metadata)
DECISION_ID = Sequence("decision_id", metadata=Base.metadata)
EPIC_MARK = Sequence("epic_mark", metadata=Base.metadata)


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
    __table_args__ = (
        Index("ix_remark_thread", "thread", postgresql_where=text("thread IS NOT NULL")),
        Index("ix_remark_homeless", "domain", postgresql_where=text("account_id IS NULL")),
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
