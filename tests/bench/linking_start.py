"""How long a worker's linker takes from nothing to its first answer, over many issues."""

from __future__ import annotations

import time

from sinks.store.fake import FakeStore
from streams.link.likeness import table
from streams.link.linker import Linker
from tests.bench.linking_engines import NOW, made_up, planned


def starts(epics: int) -> tuple[float, float]:
    """Seconds of processor time without an index that was kept, and with it."""
    store = planned(made_up(epics))
    first, without = _start(store)
    index = first.keepable()
    if index is None:
        raise RuntimeError("an index that was computed is to be kept")
    with store.transaction() as tx:
        tx.learned.keep(*index, NOW)
    later, with_it = _start(store)
    if later.keepable() is not None:
        raise RuntimeError("the kept index was not used")
    return without, with_it


def _start(store: FakeStore) -> tuple[Linker, float]:
    """A linker's first answer, the table of word vectors read anew."""
    table.packaged.cache_clear()
    linker = Linker()
    with store.transaction() as tx:
        began = time.process_time()
        linker.ask(tx, ["the export is not sorted"])
        return linker, time.process_time() - began
