"""Likeness for the linking stage: an index that follows the issues in the store."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sinks.store.contract import Transaction
from sinks.store.rows import EpicRow
from streams.link.likeness.index import Index
from streams.link.likeness.table import packaged
from streams.link.rules import Candidate

FLOOR = 0.2
"""Blended scores under this are like nothing: shown to nobody."""
CEILING = 3.0
"""About the highest blend there is; told as a share of it, which is no probability."""
_WORD = re.compile(r"\w{4,}")


class IndexedLikeness:
    """`streams.link.stage.Likeness` over `streams.link.likeness`; one thread at a time."""

    version = "table-1"

    def __init__(self, index: Index | None = None) -> None:
        self._made = index
        self._mark = 0
        self._epics: dict[str, EpicRow] = {}

    @property
    def _index(self) -> Index:
        """Made when it is first needed: a worker that only meets explicit keys loads no table."""
        if self._made is None:
            self._made = Index(packaged())
        return self._made

    def refresh(self, tx: Transaction) -> None:
        """Take in the issues that changed since the last time."""
        changed, self._mark = tx.epics.since(self._mark)
        for row in changed:
            epic = row.epic
            if epic.deleted:
                self._epics.pop(epic.id, None)
                self._index.remove(epic.id)
            else:
                self._epics[epic.id] = row
        self._index.put_all(
            (row.epic.id, row.epic.summary, row.epic.description)
            for row in changed
            if not row.epic.deleted
        )

    def rank(self, texts: Sequence[str], top: int) -> list[list[Candidate]]:
        """For each text the likeliest, best first, at most `top`; none where nothing is near."""
        return [
            [
                self._candidate(text, each.epic_id, each.score)
                for each in found
                if each.score >= FLOOR
            ]
            for text, found in zip(texts, self._index.rank(texts, top), strict=True)
        ]

    def _candidate(self, text: str, epic_id: str, score: float) -> Candidate:
        row = self._epics[epic_id]
        share = min(1.0, score / CEILING)
        return Candidate(row.issue_id, row.epic.key, share, shared_words(text, row.epic.summary))


def shared_words(text: str, title: str) -> str:
    """The words of a title that a text has as well, in the title's order."""
    said = set(_WORD.findall(text.lower()))
    return ", ".join(word for word in _WORD.findall(title.lower()) if word in said)
