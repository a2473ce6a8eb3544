"""What trust rests on, again: what was ever an audit, who is a sender, and what was shown."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

LETTERS, LINES, PAGE = 800, 12, 5_000
"""How much of a remark is shown, as this release has it; and lessons that are looked at at once."""


_NEXT = sa.text(f"""
    SELECT remark_id, issue_id, text FROM lesson
    WHERE (remark_id, issue_id) > (:remark, :issue) ORDER BY remark_id, issue_id LIMIT {PAGE}
""")  # noqa: S608 - the number is ours
_CUT = sa.text("""
    UPDATE lesson SET text = :text, mark = nextval('lesson_mark')
    WHERE remark_id = :remark AND issue_id = :issue
""")


def upgrade() -> None:
    """Add it. Of what was drawn before, those are known whose guesses are there.

    Who belongs to no account is one sender with all others like it, also of what was said before.
    What the last certificates were made of may count no more: the workers make new ones as soon as
    they start, for they do not say among how many issues they were made.

    What was learned of long remarks is cut to what is shown of them, as if it had been shown so to
    whoever decided: the same follows from the decisions from now on. Workers learn of it, for each
    such lesson has a new mark.
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
    op.execute("LOCK TABLE lesson IN SHARE ROW EXCLUSIVE MODE")  # marks come in order
    _cut_lessons(op.get_bind())


def _cut_lessons(connection: sa.Connection) -> None:
    remark = issue = 0
    while page := connection.execute(_NEXT, {"remark": remark, "issue": issue}).all():
        cut = [
            {"remark": one.remark_id, "issue": one.issue_id, "text": shown}
            for one in page
            if (shown := _shown(one.text)) != one.text
        ]
        if cut:
            connection.execute(_CUT, cut)
        remark, issue = page[-1].remark_id, page[-1].issue_id


def _shown(text: str) -> str:
    return "".join(text.splitlines(keepends=True)[:LINES])[:LETTERS]


def downgrade() -> None:
    """Take it away; who counted as a sender before is not known any more."""
    op.drop_table("audit")
