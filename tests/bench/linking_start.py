"""How long a linker takes from nothing to its first answer, over many issues and lessons."""

from __future__ import annotations

import time

from sinks.store.fake import FakeStore
from sinks.store.learned import Lesson
from streams.link.likeness import minilm, table
from streams.link.likeness.tiers import TierName
from streams.link.linker import Linker
from tests.bench.linking_engines import BATCH, NOW, made_up, planned, said

TAUGHT = 1_000
"""Issues that lessons are about."""


def starts(epics: int, tier: TierName = "fast", lessons: int = 0) -> tuple[float, float]:
    """Seconds of processor time where nothing was kept, and where the start before kept it.

    Raises:
        NotInstalled: the tier's model is not there.
    """
    store = planned(made_up(epics))
    with store.transaction() as tx:
        tx.learned.teach(taught(lessons, min(TAUGHT, epics)))
    first, without = _start(store, tier)
    kept = first.keepable()
    if not kept:
        raise RuntimeError("an index that was computed is to be kept")
    with store.transaction() as tx:
        for name, body in kept.items():
            tx.learned.keep(name, body, NOW)
    later, with_it = _start(store, tier)
    if later.keepable():
        raise RuntimeError("what was kept was not used")
    return without, with_it


def taught(lessons: int, issues: int) -> list[Lesson]:
    """So many remarks of 25 words, accepted for the first issues in turn."""
    texts = [text for number in range(-(-lessons // BATCH)) for text in said(number)]
    return [
        Lesson(remark_id=number, issue_id=1 + number % issues, text=text)
        for number, text in enumerate(texts[:lessons], 1)
    ]


def _start(store: FakeStore, tier: TierName) -> tuple[Linker, float]:
    """A linker's first answer, table and model read anew."""
    table.packaged.cache_clear()
    minilm.sentences.cache_clear()
    linker = Linker(tier)
    with store.transaction() as tx:
        began = time.process_time()
        linker.ask(tx, ["the export is not sorted"])
        return linker, time.process_time() - began
