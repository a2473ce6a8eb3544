"""Named points that a batch or a mail passes; the chaos tests kill the worker at them.

``CLOSELOOP_KILL_AT=commit.before:3`` ends the process by SIGKILL when that point is reached for
the third time. Unset, which is always so outside ``tests/chaos``, a point costs one comparison.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from itertools import count
from typing import Literal, TypeAlias

Point: TypeAlias = Literal[
    "produce.before",
    "produce.after",
    "commit.before",
    "commit.after",
    "send.before",
    "send.after",
    "settle.before",
    "settle.after",
]
Probe: TypeAlias = Callable[[Point], None]


def pass_by(_point: Point) -> None:
    """The probe of every process that is not under test."""


def probe_from(setting: str | None) -> Probe:
    """The probe that a setting asks for: ``point`` or ``point:n``, n from 1."""
    if not setting:
        return pass_by
    wanted, _, nth = setting.partition(":")
    passes = count(1)

    def kill_at(point: Point) -> None:
        if point == wanted and next(passes) == int(nth or 1):
            os.kill(os.getpid(), signal.SIGKILL)

    return kill_at
