"""What the store keeps of themes, as values."""

from __future__ import annotations

from datetime import datetime

from sinks.store.rows import Remark, Row, Words


class Theme(Row, frozen=True, kw_only=True):
    """Remarks that are like one another and like no issue.

    Attributes:
        vector: of the first one's words; never changes, and cannot be read back into words.
        joined_at: when the last remark joined.
        issue_id: the epic that was made for it; nothing joins it any more.
    """

    id: int
    vector: bytes
    at: datetime
    joined_at: datetime
    issue_id: int | None = None


class Member(Row, frozen=True, kw_only=True):
    """A remark in its theme; of a newer version of the remark another is written.

    Attributes:
        version_at: of the remark that was looked at.
        likeness: to the theme's first remark, 0..1.
    """

    remark_id: int
    theme_id: int
    version_at: datetime
    likeness: float


class Loose(Row, frozen=True, kw_only=True):
    """A remark that waits for a person and is in no theme.

    Attributes:
        confidence: 0..1, of its best guess; None where nothing is near.
    """

    remark: Remark
    words: Words
    confidence: float | None
