"""What trust rests on, again: which remarks were ever audits, and who is a sender."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it. Of what was drawn before, those are known whose guesses are there.

    Who belongs to no account is one sender with all others like it, also of what was said before.
    What the last certificates were made of may count no more: the workers make new ones as soon as
    they start, for they do not say among how many issues they were made.
    """
    op.create_table(
        "audit",
        sa.Column("remark_id", sa.BigInteger(), primary_key=True, autoincrement=False),
    )
    op.execute("INSERT INTO audit SELECT DISTINCT remark_id FROM guess WHERE audit")
    op.execute(
        "UPDATE guess SET sender = 0 FROM remark"
        " WHERE remark.id = guess.remark_id AND remark.account_id IS NULL"
    )
    op.execute(
        "UPDATE certificate SET epics = NULL"
        " WHERE id IN (SELECT max(id) FROM certificate GROUP BY tier)"
    )


def downgrade() -> None:
    """Take it away; who counted as a sender before is not known any more."""
    op.drop_table("audit")
