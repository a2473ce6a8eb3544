"""A start that has to wait for a part says at once for which, and then every few seconds why."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from schemas.errors import SinkUnreachable

log = structlog.get_logger()

PATIENCE_S = 60.0
"""How long a part that is away has to come back."""
SAY_EVERY_S = 5.0
PAUSE_S = 1.0


def wait_for(
    part: str,
    look: Callable[[], object],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> None:
    """Look until it answers.

    Args:
        part: its name and where it should be, for the log.
        look: raises `SinkUnreachable` while it does not answer.
        clock: seconds that only grow.
        sleep: waits so many seconds.

    Raises:
        SinkUnreachable: it did not come back within `PATIENCE_S`.
    """
    began = say_at = clock()
    log.info("connecting", to=part)
    while True:
        try:
            look()
        except SinkUnreachable as error:
            now = clock()
            if now - began >= PATIENCE_S:
                raise
            if now >= say_at:
                log.warning("waiting", to=part, for_s=round(now - began), why=str(error))
                say_at = now + SAY_EVERY_S
            sleep(PAUSE_S)
        else:
            return
