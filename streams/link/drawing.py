"""Draws the audits of one batch: more than their share while nothing is certified and few wait."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property

from sinks.store.contract import Transaction
from streams.link.alike import AUDITS, Audits
from streams.link.certifying import OVERDUE
from streams.link.likeness.certainty import smallest_sample

LOOKED_AT = 1_000
"""Guesses that are audits, the newest, among which those that wait are counted."""
FEW = 3
"""So many times fewer wait than certify at the least."""


def few(p: float, delta: float) -> int:
    """How many audits may wait while more are drawn, for this promise: 21 for .9."""
    return smallest_sample(p, delta) // FEW


class Drawing:
    """The audits of one batch, drawn one by one.

    More than their share are drawn only while people keep up with them: an audit that is left lying
    counts as wrong in the end. What a remark says has no part in it, only its draw and how many
    audits wait, which is asked once, and only where it decides something.

    Args:
        tx: of the batch.
        audits: the share, and how many may wait.
        now: what is overdue by then is.
    """

    def __init__(self, tx: Transaction, audits: Audits, now: datetime) -> None:
        self._tx = tx
        self._audits = audits
        self._now = now
        self._drawn = 0

    @cached_property
    def secret(self) -> bytes:
        """The store's own, that audits are drawn by."""
        return self._tx.learned.secret(AUDITS)

    def takes(self, feedback_id: str, *, early: bool, was_audit: bool) -> bool:
        """Whether a person is asked about the remark however sure likeness is.

        Args:
            feedback_id: of the remark.
            early: nothing is linked by likeness yet, and the remark is heard for the first time:
                one that its source changes is not drawn more often than others.
            was_audit: an earlier version of it was one: then this is.
        """
        if was_audit:
            return True
        taken = self._audits.takes(feedback_id, self.secret)
        if not taken and early and self._audits.takes(feedback_id, self.secret, early=True):
            taken = self._drawn < self._room
        self._drawn += taken
        return taken

    @cached_property
    def _room(self) -> int:
        """How many more audits may wait; none while one that waits is overdue."""
        waiting, oldest = self._tx.learned.audits_waiting(LOOKED_AT)
        if oldest is not None and oldest < self._now - OVERDUE:
            return 0
        return self._audits.few - waiting
