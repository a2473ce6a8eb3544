"""What falls due of learning: new certificates, and the index kept for the next start."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from sinks.store.contract import Store, Transaction
from streams.link.cascade import Earlier, divided, linking
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
        """Write the certificates that there are new labels for; always 0, for it is done then.

        Those of all tiers at once: what a later tier is asked hangs on what those before link.
        """
        with self._store.transaction() as tx:
            if tx.learned.alone():
                earlier: list[Earlier] = []
                for linker in self._linkers.tiers:
                    earlier.append(self._certified(tx, linker, earlier, now))
        return 0

    def keep(self, now: datetime) -> int:
        """Keep each index that has changed enough, and what was encoded; always 0."""
        for linker in self._linkers.tiers:
            for name, body in linker.keepable().items():
                with self._store.transaction() as tx:
                    tx.learned.keep(name, body, now)
        return 0

    def _certified(
        self, tx: Transaction, linker: Linker, earlier: Sequence[Earlier], now: datetime
    ) -> Earlier:
        """The tier's certificate, made anew if that is due."""
        last = tx.learned.certificate(linker.tier)
        labelled = tx.learned.labelled(linker.tier, WINDOW, now, OVERDUE)
        if not labelled:
            return Earlier([], None, "", 0)
        basis, epics = linker.refresh(tx)
        p, delta = self._promise
        today = Today(
            tier=linker.tier,
            basis=basis,
            epics=epics,
            now=now,
            p=p,
            delta=delta,
            after=linking(earlier),
        )
        of = divided(labelled, earlier)
        if is_due(last, of.open, today, of.linked):
            last = certify(last, of.open, today, of.linked)
            tx.learned.certify(last)
            log.info("certified", tier=linker.tier, labels=last.labels, says=guarantee(last))
        return Earlier(labelled, last, basis, epics)
