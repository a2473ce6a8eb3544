"""What trust rests on, again: which remarks were ever audits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it. Of what was drawn before, those are known whose guesses are there."""
    op.create_table(
        "audit",
        sa.Column("remark_id", sa.BigInteger(), primary_key=True, autoincrement=False),
    )
    op.execute("INSERT INTO audit SELECT DISTINCT remark_id FROM guess WHERE audit")


def downgrade() -> None:
    """Take it away."""
    op.drop_table("audit")
