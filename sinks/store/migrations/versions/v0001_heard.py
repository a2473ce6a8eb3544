"""What is heard: remarks and links, customers, issues, and how far each reader is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "consumer_offset",
    "remark",
    "remark_words",
    "decision",
    "link",
    "account_version",
    "opportunity_version",
    "rep_version",
    "epic",
    "epic_key",
    "fix_version",
)
TEXT = sa.Text()
TEXTS = ARRAY(sa.Text())
NUMBER = sa.BigInteger()
NUMBERS = ARRAY(sa.BigInteger())
JSON = JSONB()
INSTANT = sa.DateTime(timezone=True)
BYTES = sa.LargeBinary()
FLAG = sa.Boolean()
DAY = sa.Date()
SHARE: sa.REAL[float] = sa.REAL()


def upgrade() -> None:
    """Make the sequences and the tables."""
    op.execute(sa.schema.CreateSequence(sa.Sequence("remark_id")))
    op.execute(sa.schema.CreateSequence(sa.Sequence("decision_id")))
    op.execute(sa.schema.CreateSequence(sa.Sequence("epic_mark")))
    _remarks()
    _customers()
    _issues()


def downgrade() -> None:
    """Drop them, with all that they hold."""
    for table in TABLES:
        op.drop_table(table)
    op.execute(sa.schema.DropSequence(sa.Sequence("remark_id")))
    op.execute(sa.schema.DropSequence(sa.Sequence("decision_id")))
    op.execute(sa.schema.DropSequence(sa.Sequence("epic_mark")))


def _remarks() -> None:
    """Where readers stand, what customers said, what was decided about it."""
    op.create_table(
        "consumer_offset",
        sa.Column("group_id", TEXT, nullable=False),
        sa.Column("topic", TEXT, nullable=False),
        sa.Column("partition", NUMBER, nullable=False, autoincrement=False),
        sa.Column("next_offset", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("group_id", "topic", "partition", name="pk_consumer_offset"),
    )
    op.create_table(
        "remark",
        sa.Column("id", NUMBER, nullable=False, autoincrement=False),
        sa.Column("key", BYTES, nullable=False),
        sa.Column("origin", TEXT, nullable=False),
        sa.Column("record", TEXT, nullable=False),
        sa.Column("version_at", INSTANT, nullable=False),
        sa.Column("said_at", INSTANT, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("account_id", TEXT, nullable=True),
        sa.Column("stated_account", TEXT, nullable=True),
        sa.Column("domain", TEXT, nullable=True),
        sa.Column("opportunity_id", TEXT, nullable=True),
        sa.Column("reporter_id", TEXT, nullable=True),
        sa.Column("reporter_email", TEXT, nullable=True),
        sa.Column("thread", TEXT, nullable=True),
        sa.Column("url", TEXT, nullable=True),
        sa.Column("withdrawn", FLAG, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_remark"),
        sa.UniqueConstraint("key", name="uq_remark_key"),
    )
    op.create_index(
        "ix_remark_homeless", "remark", ["domain"], postgresql_where=sa.text("account_id IS NULL")
    )
    op.create_index(
        "ix_remark_thread", "remark", ["thread"], postgresql_where=sa.text("thread IS NOT NULL")
    )
    op.create_index(
        "ix_remark_undecided", "remark", ["id"], postgresql_where=sa.text("outcome <> 'linked'")
    )
    op.create_table(
        "remark_words",
        sa.Column("remark_id", NUMBER, nullable=False, autoincrement=False),
        sa.Column("words", TEXT, nullable=False),
        sa.Column("title", TEXT, nullable=True),
        sa.Column("customer_name", TEXT, nullable=True),
        sa.Column("customer_email", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("remark_id", name="pk_remark_words"),
    )
    op.create_table(
        "decision",
        sa.Column("id", NUMBER, nullable=False, autoincrement=False),
        sa.Column("remark_id", NUMBER, nullable=False),
        sa.Column("issue_key", TEXT, nullable=False),
        sa.Column("issue_id", NUMBER, nullable=True),
        sa.Column("verdict", TEXT, nullable=False),
        sa.Column("rule", TEXT, nullable=False),
        sa.Column("score", SHARE, nullable=False),
        sa.Column("model", TEXT, nullable=False),
        sa.Column("by", TEXT, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("quote", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_decision"),
    )
    op.create_table(
        "link",
        sa.Column("remark_id", NUMBER, nullable=False, autoincrement=False),
        sa.Column("issue_key", TEXT, nullable=False),
        sa.Column("issue_id", NUMBER, nullable=True),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("decision_id", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("remark_id", "issue_key", name="pk_link"),
    )
    op.create_index("ix_link_issue_id", "link", ["issue_id"])
    op.create_index(
        "ix_link_orphan", "link", ["issue_key"], postgresql_where=sa.text("issue_id IS NULL")
    )


def _customers() -> None:
    """Accounts, opportunities and reps, each from one statement to the next."""
    op.create_table(
        "account_version",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("domains", TEXTS, nullable=False),
        sa.Column("merged_into", TEXT, nullable=True),
        sa.Column("valid_from", INSTANT, nullable=False),
        sa.Column("event_id", TEXT, nullable=False),
        sa.Column("valid_to", INSTANT, nullable=True),
        sa.Column("stated", JSON, nullable=False),
        sa.Column("facts", JSON, nullable=False),
        sa.Column("deleted", FLAG, nullable=False),
        sa.PrimaryKeyConstraint("id", "valid_from", "event_id", name="pk_account_version"),
    )
    op.create_index(
        "ix_account_version_domains",
        "account_version",
        ["domains"],
        postgresql_using="gin",
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.create_table(
        "opportunity_version",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("account_id", TEXT, nullable=True),
        sa.Column("valid_from", INSTANT, nullable=False),
        sa.Column("event_id", TEXT, nullable=False),
        sa.Column("valid_to", INSTANT, nullable=True),
        sa.Column("stated", JSON, nullable=False),
        sa.Column("facts", JSON, nullable=False),
        sa.Column("deleted", FLAG, nullable=False),
        sa.PrimaryKeyConstraint("id", "valid_from", "event_id", name="pk_opportunity_version"),
    )
    op.create_index("ix_opportunity_version_account_id", "opportunity_version", ["account_id"])
    op.create_table(
        "rep_version",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("email", TEXT, nullable=True),
        sa.Column("valid_from", INSTANT, nullable=False),
        sa.Column("event_id", TEXT, nullable=False),
        sa.Column("valid_to", INSTANT, nullable=True),
        sa.Column("stated", JSON, nullable=False),
        sa.Column("facts", JSON, nullable=False),
        sa.Column("deleted", FLAG, nullable=False),
        sa.PrimaryKeyConstraint("id", "valid_from", "event_id", name="pk_rep_version"),
    )
    op.create_index("ix_rep_version_email", "rep_version", ["email"])


def _issues() -> None:
    """What the tracker shows."""
    op.create_table(
        "epic",
        sa.Column("issue_id", NUMBER, nullable=False, autoincrement=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("issue", JSON, nullable=False),
        sa.Column("version_ids", NUMBERS, nullable=False),
        sa.Column("mark", NUMBER, nullable=False),
        sa.Column("evidence_due_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("issue_id", name="pk_epic"),
    )
    op.create_index(
        "ix_epic_evidence_due_at",
        "epic",
        ["evidence_due_at"],
        postgresql_where=sa.text("evidence_due_at IS NOT NULL"),
    )
    op.create_index("ix_epic_key", "epic", ["key"])
    op.create_index("ix_epic_mark", "epic", ["mark"])
    op.create_index("ix_epic_version_ids", "epic", ["version_ids"], postgresql_using="gin")
    op.create_table(
        "epic_key",
        sa.Column("key", TEXT, nullable=False),
        sa.Column("issue_id", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_epic_key"),
    )
    op.create_index("ix_epic_key_issue_id", "epic_key", ["issue_id"])
    op.create_table(
        "fix_version",
        sa.Column("id", NUMBER, nullable=False, autoincrement=False),
        sa.Column("project_id", NUMBER, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("released", FLAG, nullable=False),
        sa.Column("released_on", DAY, nullable=True),
        sa.Column("deleted", FLAG, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_fix_version"),
    )
