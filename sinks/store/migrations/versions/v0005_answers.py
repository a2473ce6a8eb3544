"""What customers write beside their answers, and how many tries of a mail are in doubt."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXT = sa.Text()
NUMBER = sa.BigInteger()


def upgrade() -> None:
    """Make the table; of what was tried before, every try that was not taken is in doubt."""
    op.create_table(
        "answer",
        sa.Column("token_id", TEXT, nullable=False),
        sa.Column("account_id", TEXT, nullable=False),
        sa.Column("issue_id", NUMBER, nullable=False),
        sa.Column("said", TEXT, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", TEXT, nullable=False),
        sa.Column("words", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("token_id", name="pk_answer"),
    )
    op.create_index("ix_answer_account_id_issue_id", "answer", ["account_id", "issue_id"])
    op.add_column("message", sa.Column("doubts", NUMBER, nullable=True))
    op.execute("UPDATE message SET doubts = CASE WHEN state = 'sending' THEN attempts ELSE 0 END")
    op.alter_column("message", "doubts", nullable=False)


def downgrade() -> None:
    """Take both away."""
    op.drop_column("message", "doubts")
    op.drop_table("answer")
