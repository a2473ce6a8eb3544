"""Guesses that chance chose to be asked, for what is certified by them."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from sinks.store.learned import Guess
from streams.link.likeness.features import NAMES

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)

_AUDIT = Guess(
    remark_id=0,
    passage=0,
    issue_id=1,
    features=(1.0,) * len(NAMES),
    confidence=0.9,
    tier="fast",
    basis="table",
    epics=5,
    audit=True,
    sure=True,
    at=NOW,
)


def audit(remark_id: int, **facts: Any) -> Guess:
    """One that would have been linked, of a remark of one passage, but for these facts."""
    return msgspec.structs.replace(_AUDIT, remark_id=remark_id, **facts)
