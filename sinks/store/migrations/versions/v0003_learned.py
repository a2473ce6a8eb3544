"""What decisions taught: guesses, lessons, certificates, and what was kept to start quickly."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXT = sa.Text()
NUMBER = sa.BigInteger()
SHARE: sa.REAL[float] = sa.REAL()
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.execute(sa.schema.CreateSequence(sa.Sequence("lesson_mark")))
    _guesses()
    _lessons()
    _certificates()
    op.create_table(
        "kept",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
    )


def downgrade() -> None:
    """Drop the tables."""
    for table in ("kept", "certificate", "lesson", "guess"):
        op.drop_table(table)
    op.execute(sa.schema.DropSequence(sa.Sequence("lesson_mark")))


def _guesses() -> None:
    op.create_table(
        "guess",
        sa.Column("remark_id", NUMBER, nullable=False),
        sa.Column("passage", NUMBER, nullable=False),
        sa.Column("issue_id", NUMBER),
        sa.Column("features", ARRAY(SHARE), nullable=False),
        sa.Column("confidence", SHARE, nullable=False),
        sa.Column("tier", TEXT, nullable=False),
        sa.Column("basis", TEXT, nullable=False),
        sa.Column("epics", NUMBER, nullable=False),
        sa.Column("audit", sa.Boolean(), nullable=False),
        sa.Column("sure", sa.Boolean(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("remark_id", "passage", "tier", name="pk_guess"),
    )
    op.create_index("ix_guess_audit", "guess", ["at"], postgresql_where=sa.text("audit"))
    op.create_index("ix_guess_issue_id", "guess", ["issue_id"])


def _lessons() -> None:
    op.create_table(
        "lesson",
        sa.Column("remark_id", NUMBER, nullable=False),
        sa.Column("issue_id", NUMBER, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("learned", sa.Boolean(), nullable=False),
        sa.Column("mark", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("remark_id", "issue_id", name="pk_lesson"),
    )
    op.create_index("ix_lesson_mark", "lesson", ["mark"])


def _certificates() -> None:
    op.create_table(
        "certificate",
        sa.Column("id", NUMBER, sa.Identity(always=True), primary_key=True),
        sa.Column("tier", TEXT, nullable=False),
        sa.Column("basis", TEXT, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("labels", NUMBER, nullable=False),
        sa.Column("audits", NUMBER, nullable=False),
        sa.Column("calibration", JSONB(), nullable=False),
        sa.Column("least", SHARE),
        sa.Column("passed", NUMBER, nullable=False),
        sa.Column("wrong", NUMBER, nullable=False),
        sa.Column("p", SHARE, nullable=False),
        sa.Column("delta", SHARE, nullable=False),
        sa.Column("why", TEXT, nullable=False),
    )
    op.create_index("ix_certificate_tier", "certificate", ["tier"])
