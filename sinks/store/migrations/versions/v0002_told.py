"""What is told: ships, tells, mails, loops, promises, and what waits for the broker."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = (
    "ship",
    "tell",
    "message",
    "report",
    "loop",
    "reply",
    "promise",
    "outbox",
)
TEXT = sa.Text()
TEXTS = ARRAY(sa.Text())
NUMBER = sa.BigInteger()
NUMBERS = ARRAY(sa.BigInteger())
INSTANT = sa.DateTime(timezone=True)
BYTES = sa.LargeBinary()
DAY = sa.Date()


def upgrade() -> None:
    """Make the tables."""
    _ships()
    _mails()
    _loops()
    _outbox()


def downgrade() -> None:
    """Drop them, with all that they hold."""
    for table in TABLES:
        op.drop_table(table)


def _ships() -> None:
    """What shipped, and who is told of it."""
    op.create_table(
        "ship",
        sa.Column("issue_id", NUMBER, nullable=False, autoincrement=False),
        sa.Column("generation", NUMBER, nullable=False, autoincrement=False),
        sa.Column("signal", TEXT, nullable=False),
        sa.Column("what", TEXT, nullable=False),
        sa.Column("docs_url", TEXT, nullable=True),
        sa.Column("accounts", TEXTS, nullable=True),
        sa.Column("shipped_at", INSTANT, nullable=False),
        sa.Column("settles_at", INSTANT, nullable=False),
        sa.Column("settled_at", INSTANT, nullable=True),
        sa.Column("withdrawn_at", INSTANT, nullable=True),
        sa.Column("withdrawn_why", TEXT, nullable=False),
        sa.Column("audience_due_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("issue_id", "generation", name="pk_ship"),
    )
    op.create_index(
        "ix_ship_audience_due_at",
        "ship",
        ["audience_due_at"],
        postgresql_where=sa.text("audience_due_at IS NOT NULL"),
    )
    op.create_table(
        "tell",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("person_name", TEXT, nullable=False),
        sa.Column("email", TEXT, nullable=True),
        sa.Column("account_id", TEXT, nullable=False),
        sa.Column("issue_id", NUMBER, nullable=False),
        sa.Column("generation", NUMBER, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("verdict", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("decided_at", INSTANT, nullable=False),
        sa.Column("remark_ids", NUMBERS, nullable=False),
        sa.Column("message_id", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_tell"),
        sa.UniqueConstraint(
            "person_id",
            "account_id",
            "issue_id",
            "generation",
            "kind",
            name="uq_tell_person_id_account_id_issue_id_generation_kind",
        ),
    )
    op.create_index("ix_tell_issue_id_generation", "tell", ["issue_id", "generation"])
    op.create_index("ix_tell_message_id", "tell", ["message_id"])
    op.create_index(
        "uq_tell_email",
        "tell",
        ["email", "account_id", "issue_id", "generation", "kind"],
        unique=True,
        postgresql_where=sa.text("verdict = 'tell'"),
    )


def _mails() -> None:
    """Mails, and what the provider says of them."""
    op.create_table(
        "message",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("email", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("attempts", NUMBER, nullable=False),
        sa.Column("claimed_at", INSTANT, nullable=True),
        sa.Column("sent_at", INSTANT, nullable=True),
        sa.Column("settled_at", INSTANT, nullable=True),
        sa.Column("provider_id", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
    )
    op.create_index(
        "ix_message_due_at",
        "message",
        ["due_at"],
        postgresql_where=sa.text("state IN ('open', 'sending')"),
    )
    op.create_index(
        "uq_message_open",
        "message",
        ["person_id"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "report",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("message_id", TEXT, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_report"),
    )
    op.create_index("ix_report_message_id", "report", ["message_id"])


def _loops() -> None:
    """How far loops have closed, and what was promised."""
    op.create_table(
        "loop",
        sa.Column("account_id", TEXT, nullable=False),
        sa.Column("issue_id", NUMBER, nullable=False, autoincrement=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("by", TEXT, nullable=False),
        sa.Column("told_at", INSTANT, nullable=True),
        sa.Column("acknowledged_at", INSTANT, nullable=True),
        sa.Column("customer_told_at", INSTANT, nullable=True),
        sa.Column("solved_at", INSTANT, nullable=True),
        sa.Column("not_solved_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("account_id", "issue_id", name="pk_loop"),
    )
    op.create_table(
        "reply",
        sa.Column("token_id", TEXT, nullable=False),
        sa.Column("used_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("token_id", name="pk_reply"),
    )
    op.create_table(
        "promise",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("account_id", TEXT, nullable=False),
        sa.Column("issue_id", NUMBER, nullable=True),
        sa.Column("promised_by", TEXT, nullable=False),
        sa.Column("what", TEXT, nullable=False),
        sa.Column("due_on", DAY, nullable=True),
        sa.Column("source_line", TEXT, nullable=False),
        sa.Column("promised_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_promise"),
    )


def _outbox() -> None:
    """What waits for the broker."""
    op.create_table(
        "outbox",
        sa.Column("id", NUMBER, sa.Identity(always=True), nullable=False),
        sa.Column("topic", TEXT, nullable=False),
        sa.Column("key", BYTES, nullable=False),
        sa.Column("value", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
