"""Indexes of what people decided last: of a remark, and each of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BY_PERSON = sa.text("rule = 'person'")


def upgrade() -> None:
    """Add them."""
    remark = ("ix_decision_person_remark", ["remark_id", "issue_key"])
    by = ("ix_decision_person_by", ["by", "at"])
    for name, columns in (remark, by):
        op.create_index(name, "decision", columns, postgresql_where=BY_PERSON)


def downgrade() -> None:
    """Take them away."""
    for name in ("ix_decision_person_by", "ix_decision_person_remark"):
        op.drop_index(name, "decision")
