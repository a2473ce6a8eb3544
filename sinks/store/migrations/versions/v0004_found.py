"""Indexes for what is looked for often: homeless remarks by stated account, projects."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them."""
    op.create_index(
        "ix_remark_stated_account",
        "remark",
        ["stated_account"],
        postgresql_where=sa.text("account_id IS NULL"),
    )
    op.create_index("ix_epic_key_project", "epic_key", [sa.text("split_part(key, '-', 1)")])


def downgrade() -> None:
    """Take them away."""
    op.drop_index("ix_epic_key_project", "epic_key")
    op.drop_index("ix_remark_stated_account", "remark")
