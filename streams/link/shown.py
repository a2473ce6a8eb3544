"""How much of a remark every view shows, and so the most that it can teach. Pure.

Whoever accepts a remark has looked at what was shown of it. What stands behind that may be anything
that its sender wanted to be learned: it is there for who asks for it, and teaches nothing.
"""

from __future__ import annotations

MOST_LETTERS = 800
MOST_LINES = 12
"""Lines as they were written, empty ones among them."""


def shown(text: str) -> str:
    """The beginning of a remark, or of the passage of it that an issue is suggested for."""
    return "".join(text.splitlines(keepends=True)[:MOST_LINES])[:MOST_LETTERS]
