"""Reads single keys from a terminal, and leaves it as it was, however the reading ends."""

from __future__ import annotations

import os
import select
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager

ESCAPE = "\x1b"
_REST_S = 0.02
"""The rest of what an arrow or function key sends comes within this."""
_OPENS, _ENDS = b"[O", range(0x40, 0x7F)
"""A sequence opens with one of these behind Escape, and ends with one of those (ECMA-48, 5.4)."""


class Keys:
    """Single keys of the terminal behind a file descriptor, which does not echo them."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def read(self, timeout_s: float | None = None) -> str:
        """The next key; empty where none comes in time. Arrows and the like are no keys.

        Raises:
            EOFError: the terminal is gone.
        """
        while select.select([self._fd], [], [], timeout_s)[0]:
            byte = os.read(self._fd, 1)
            if not byte:
                raise EOFError
            key = byte.decode("ascii", "ignore")
            if key == ESCAPE:
                self._drop_rest()
            elif key:
                return key
        return ""

    def _drop_rest(self) -> None:
        byte = self._soon()
        if byte and byte in _OPENS:
            while (byte := self._soon()) and byte[0] not in _ENDS:
                continue

    def _soon(self) -> bytes:
        return os.read(self._fd, 1) if select.select([self._fd], [], [], _REST_S)[0] else b""


@contextmanager
def keys_of(fd: int) -> Iterator[Keys]:
    """The keys, until the ``with`` ends; Ctrl-C interrupts as ever."""
    before = termios.tcgetattr(fd)
    try:
        tty.setcbreak(fd)
        yield Keys(fd)
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)
