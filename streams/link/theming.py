"""Sorts the remarks that nothing is near into themes, as work that falls due."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec
import numpy as np

from sinks.store.contract import Store, Transaction
from sinks.store.rows import Words
from sinks.store.themes import Loose, Member, Theme
from streams.link.likeness.encoder import Encoder
from streams.link.likeness.table import packaged
from streams.link.passages import whole
from streams.link.themes import Rows, rows_of, sort

UNSURE = 0.25
"""A remark whose best guess is less likely than this is near nothing."""

AT_ONCE = 500
"""Remarks that are looked at in one round."""

MOST_THEMES = 5_000
"""Themes that a remark may join: those that were joined last, so that a round is bounded."""

AGAIN = timedelta(minutes=10)
"""After so long all that waits is looked through anew, for what a person has let go."""


class Themes:
    """The work of one worker; of several the one that holds the lock does it.

    Args:
        store: where remarks and themes are.
        encoder: makes the word vectors; called when there is something to sort.
    """

    def __init__(self, store: Store, encoder: Callable[[], Encoder] = packaged) -> None:
        self._store = store
        self._encoder = encoder
        self._after = 0
        self._began: datetime | None = None

    def sort_new(self, now: datetime) -> int:
        """Sort the next remarks that wait; how many were looked at, 0 when none are left.

        Effects: themes and members, in one transaction. Repeating it sorts nothing twice.
        """
        if self._began is None or now - self._began >= AGAIN:
            self._began, self._after = now, 0
        with self._store.transaction() as tx:
            if not tx.themes.alone():
                return 0
            found = tx.themes.loose(self._after, AT_ONCE)
            self._sort(tx, [one for one in found if is_near_nothing(one)], now)
        self._after = found[-1].remark.id if found else self._after
        return len(found)

    def _sort(self, tx: Transaction, loose: Sequence[Loose], now: datetime) -> None:
        if not loose:
            return
        rows = rows_of(self._encoder(), [text_of(one.words) for one in loose])
        known = np.flatnonzero(rows.any(axis=1))
        loose = [loose[at] for at in known.tolist()]
        rows = rows[known]
        themes = _comparable(tx.themes.growing(MOST_THEMES), rows)
        places = sort(_leaders(themes, rows), rows)
        for row, place in zip(rows, places, strict=True):
            if place.at == len(themes):
                themes.append(Theme(id=0, vector=row.tobytes(), at=now, joined_at=now))
        themes = _numbered(tx, themes)
        members = [
            Member(
                remark_id=one.remark.id,
                theme_id=themes[place.at].id,
                version_at=one.remark.version_at,
                likeness=place.likeness,
            )
            for one, place in zip(loose, places, strict=True)
        ]
        joined = [themes[at] for at in sorted({place.at for place in places})]
        tx.themes.put([msgspec.structs.replace(one, joined_at=now) for one in joined], members)


def is_near_nothing(one: Loose) -> bool:
    """Whether no issue is likely enough to be what the remark is about."""
    unsure = one.confidence is None or one.confidence < UNSURE
    return one.remark.outcome == "unmatched" or unsure


def text_of(words: Words) -> str:
    """Title and words, as one text."""
    return whole(words.title, words.words)


def _comparable(themes: Sequence[Theme], rows: Rows) -> list[Theme]:
    """Those whose vector is as long as ours: another release may have made others."""
    size = rows.shape[1] * rows.itemsize
    return [theme for theme in themes if len(theme.vector) == size]


def _leaders(themes: Sequence[Theme], rows: Rows) -> Rows:
    held = b"".join(theme.vector for theme in themes)
    return np.frombuffer(held, np.int16).reshape(len(themes), rows.shape[1])


def _numbered(tx: Transaction, themes: Sequence[Theme]) -> list[Theme]:
    """The same, new ones with ids of their own."""
    ids = iter(tx.themes.new_ids(sum(not theme.id for theme in themes)))
    return [theme if theme.id else msgspec.structs.replace(theme, id=next(ids)) for theme in themes]
