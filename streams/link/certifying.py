"""What falls due of learning: new certificates, and the index kept for the next start."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from sinks.store.contract import Store, Transaction
from streams.link.certificate import WINDOW, Today, certify, guarantee, is_due
from streams.link.linker import Linker
from streams.link.linkers import Linkers

log = structlog.get_logger()

OVERDUE = timedelta(days=14)
"""An audit that nobody has decided for so long counts as wrong."""


class Certifying:
    """Work for `streams.due`; any number of workers may do it, one at a time does.

    Args:
        linkers: the tiers to certify.
        promise: the share of right links, and the chance of being wrong about it.
    """

    def __init__(self, store: Store, linkers: Linkers, promise: tuple[float, float]) -> None:
        self._store = store
        self._linkers = linkers
        self._promise = promise

    def certify(self, now: datetime) -> int:
        """Write the certificates that there are new labels for; always 0, for it is done then."""
        for linker in self._linkers.tiers:
            with self._store.transaction() as tx:
                if tx.learned.alone():
                    self._certify(tx, linker, now)
        return 0

    def keep(self, now: datetime) -> int:
        """Keep each index that has changed enough, and what was encoded; always 0."""
        for linker in self._linkers.tiers:
            for name, body in linker.keepable().items():
                with self._store.transaction() as tx:
                    tx.learned.keep(name, body, now)
        return 0

    def _certify(self, tx: Transaction, linker: Linker, now: datetime) -> None:
        labelled = tx.learned.labelled(linker.tier, WINDOW, now, OVERDUE)
        if not labelled:
            return
        last = tx.learned.certificate(linker.tier)
        basis, epics = linker.refresh(tx)
        p, delta = self._promise
        today = Today(tier=linker.tier, basis=basis, epics=epics, now=now, p=p, delta=delta)
        if is_due(last, labelled, today):
            made = certify(last, labelled, today)
            tx.learned.certify(made)
            log.info("certified", tier=linker.tier, labels=made.labels, says=guarantee(made))
