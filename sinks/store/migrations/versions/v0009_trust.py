"""What trust rests on: whether who decided had looked, and among how many issues was certified."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it. What was decided before taught, and goes on doing so: it counts as looked at.

    Among how many issues a certificate was made is not known of those that are there: the workers
    make new ones as soon as they start.
    """
    op.add_column(
        "decision",
        sa.Column("unseen", sa.Boolean(), nullable=False, server_default=sa.text("false")),
    )
    op.add_column("certificate", sa.Column("epics", sa.BigInteger()))
    for name in ("said", "sender"):
        op.add_column("guess", sa.Column(name, sa.BigInteger()))
    op.create_table(
        "secret",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("value", sa.LargeBinary(), nullable=False),
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table("secret")
    for name in ("sender", "said"):
        op.drop_column("guess", name)
    op.drop_column("certificate", "epics")
    op.drop_column("decision", "unseen")
