"""Asks likeness about what nothing firmer decides, for all remarks of a batch at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Protocol

import msgspec

from sinks.store.contract import Transaction
from streams.link.alike import asked, guesses, is_certified, judge
from streams.link.answers import Answer
from streams.link.building import Decided
from streams.link.copies import marks
from streams.link.drawing import Drawing
from streams.link.revising import Before, as_before, is_likened


class Likeness(Protocol):
    """Answers what a text is like; from several threads at once."""

    @property
    def version(self) -> str:
        """What decisions carry."""
        ...

    def ask(self, tx: Transaction, texts: Sequence[str]) -> list[list[Answer]]:
        """For each text what each tier that was asked said; the last one counts."""
        ...


class Likening:
    """What likeness comes to.

    Args:
        likeness: what is asked.
    """

    def __init__(self, likeness: Likeness) -> None:
        self._likeness = likeness

    def likened(
        self,
        tx: Transaction,
        decided: Sequence[Decided],
        before: Mapping[int, Before],
        drawing: Drawing,
        now: datetime,
    ) -> list[Decided]:
        """The same, those that nothing firmer decides with what they are like.

        One that says what it said `before` keeps what likeness said to it then. One that says
        something else and ever was an audit stays one: else whoever edits it, even to name an issue
        for a while, could have it linked.
        """
        found = list(decided)
        open_: list[int] = []
        for place, one in enumerate(decided):
            if one.outcome != "unmatched":
                continue
            if one.id in before and is_likened(one, before[one.id]):
                found[place] = as_before(one, before[one.id])
            else:
                open_.append(place)
        asks = [found[place] for place in open_]
        were = _were_audits(tx, [one.id for one in asks if one.id in before])
        for place, one in zip(open_, self._asked(tx, asks, were, drawing, now), strict=True):
            found[place] = one
        return found

    def _asked(
        self,
        tx: Transaction,
        open_: Sequence[Decided],
        were_audits: Mapping[int, bool],
        drawing: Drawing,
        now: datetime,
    ) -> list[Decided]:
        if not open_:
            return []
        parts = [asked(one.remark) for one in open_]
        answers = iter(self._likeness.ask(tx, [part for each in parts for part in each.parts]))
        found = []
        for one, each in zip(open_, parts, strict=True):
            said = list(islice(answers, len(each.parts)))
            audit = drawing.takes(
                one.remark.feedback_id,
                early=one.id not in were_audits and not is_certified(said),
                was_audit=were_audits.get(one.id, False),
            )
            marked = marks(each.parts, one.account_id, drawing.secret)
            judged = judge(each, [tiers[-1] for tiers in said], audit=audit)
            found.append(
                msgspec.structs.replace(
                    one,
                    outcome=judged.outcome,
                    claims=judged.claims,
                    model=self._likeness.version,
                    guesses=guesses(one.id, said, now, marked, audit=audit),
                )
            )
        return found


def _were_audits(tx: Transaction, ids: Collection[int]) -> dict[int, bool]:
    """Of each remark that is in the store whether it ever was an audit."""
    audits = tx.learned.audits(ids) if ids else set()
    return {id_: id_ in audits for id_ in ids}
