"""Our worker, whole: every stage and everything that falls due, as ``closeloop worker`` runs it."""

from __future__ import annotations

from collections.abc import Sequence

from sinks.contracts import Outgoing
from streams.app import Parts
from streams.batches import Batch, BatchReader
from streams.commands.run import run_app, wait_for_parts
from streams.logs import log_as
from streams.settings import Settings
from streams.wiring import parts_of
from tests.bench.work import First, Work


def worker(work: Work) -> None:
    """The worker as it is."""
    _mark_first_batch()
    run_app(_parts(work))


def silent_worker(work: Work) -> None:
    """The same with ``feedback.linked`` thrown away: what announcing costs, which no peer does."""
    _mark_first_batch()
    parts = _parts(work)
    parts.publisher.publish = _nothing  # type: ignore[assignment, method-assign]
    run_app(parts)


def _parts(work: Work) -> Parts:
    settings = Settings(
        bootstrap_servers=work.bootstrap_servers,
        database_url=work.database_url,
        home=work.home,
        reply_secret="0123456789abcdef",
    )
    log_as(json=False)
    parts = parts_of(settings)
    wait_for_parts(parts)
    return parts


async def _nothing(_records: Sequence[Outgoing]) -> None:
    return None


def _mark_first_batch() -> None:
    """Say when the first batch has been read: the only thing that differs from production."""
    first, gather = First(), BatchReader._gather

    async def gather_and_mark(self: BatchReader) -> Batch:
        made = await gather(self)
        if made.records:
            first()
        return made

    BatchReader._gather = gather_and_mark  # type: ignore[method-assign]
