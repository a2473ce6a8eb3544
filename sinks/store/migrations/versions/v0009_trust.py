"""Whether who decided had looked: what nobody looked at teaches nothing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it. What was decided before taught, and goes on doing so: it counts as looked at."""
    op.add_column(
        "decision",
        sa.Column("unseen", sa.Boolean(), nullable=False, server_default=sa.text("false")),
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_column("decision", "unseen")
