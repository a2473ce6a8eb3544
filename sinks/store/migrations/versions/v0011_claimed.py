"""What claimed a link before a person decided on it, so that an undo goes back to it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it, and look it up for what people decided before; the table is read once for that.

    What a newer version of the remark took back claimed nothing any more.
    """
    op.add_column("decision", sa.Column("claimed_by", sa.Text()))
    op.add_column("decision", sa.Column("claimed_score", sa.REAL()))
    op.execute(
        """
        UPDATE decision SET claimed_by = last.rule, claimed_score = last.score
        FROM (
            SELECT DISTINCT ON (theirs.id) theirs.id, ours.rule, ours.score, ours.verdict
            FROM decision AS theirs
            JOIN decision AS ours USING (remark_id, issue_key)
            WHERE theirs.rule = 'person' AND ours.rule <> 'person' AND ours.id < theirs.id
            ORDER BY theirs.id, ours.id DESC
        ) AS last
        WHERE decision.id = last.id AND last.verdict <> 'reject'
        """
    )


def downgrade() -> None:
    """Take it away: an undo suggests as surely as a person decides."""
    op.drop_column("decision", "claimed_by")
    op.drop_column("decision", "claimed_score")
