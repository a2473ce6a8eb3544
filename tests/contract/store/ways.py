"""How the tests of the store work on one: alone, beside each other, one after the other."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeAlias

import pytest

from sinks.store.contract import Store, Transaction

Work: TypeAlias = Callable[[Transaction], Any]
Beside: TypeAlias = Callable[[Store, Work], Future[Any]]
"""Does something in a transaction of its own, in another thread."""

Waits: TypeAlias = Callable[[Store, Work, Work], Any]
"""Sees that the second waits until the first one's transaction ends; what the second got."""


class Broken(Exception):
    """What a bug inside a transaction raises."""


def failing(store: Store, work: Work) -> Any:
    """Do something in a transaction that fails afterwards; what it got."""
    got: list[Any] = []

    def work_and_break() -> None:
        with store.transaction() as tx:
            got.append(work(tx))
            raise Broken

    with pytest.raises(Broken):
        work_and_break()
    return got[0]
