"""Themes: what customers say that no issue is about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger()
SHARE: sa.REAL[float] = sa.REAL()
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.execute(sa.schema.CreateSequence(sa.Sequence("theme_id")))
    op.create_table(
        "theme",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("joined_at", INSTANT, nullable=False),
        sa.Column("issue_id", NUMBER),
    )
    op.create_index(
        "ix_theme_joined_at",
        "theme",
        ["joined_at", "id"],
        postgresql_where=sa.text("issue_id IS NULL"),
    )
    op.create_table(
        "theme_member",
        sa.Column("remark_id", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("theme_id", NUMBER, nullable=False),
        sa.Column("version_at", INSTANT, nullable=False),
        sa.Column("likeness", SHARE, nullable=False),
    )
    op.create_index("ix_theme_member_theme_id", "theme_member", ["theme_id"])


def downgrade() -> None:
    """Drop the tables."""
    for table in ("theme_member", "theme"):
        op.drop_table(table)
    op.execute(sa.schema.DropSequence(sa.Sequence("theme_id")))
