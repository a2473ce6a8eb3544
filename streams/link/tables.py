"""Which table of word vectors the linker uses: the packaged one, or the one that the store names.

A table is kept under its own digest, beside a small row that says which is in use: workers look at
that row with every question, and read a table once. Both are committed together.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

import structlog

from sinks.store.contract import Transaction
from streams.link.likeness.table import BadTable, Table, parse

log = structlog.get_logger()

FOLLOWERS = frozenset({"fast"})
"""The tiers that use it. The quality tier would hardly gain by it, and would lose its certificate
and its index, which takes long to compute (docs/decisions/0007): it keeps the packaged one."""

IN_USE = "table"
"""The name of the row that says which. Those of the tables themselves begin with it."""


def named(tx: Transaction, tier: str = "fast") -> str:
    """The digest of the table that a tier uses; empty: the packaged one."""
    held = tx.learned.kept(IN_USE) if tier in FOLLOWERS else None
    return held[0].decode("ascii", "replace") if held else ""


def load(tx: Transaction, digest: str) -> Table | None:
    """The table of that digest, looked over; None for the packaged one.

    One that is not there, or is not what its digest says, or does not fit this release, is said and
    left alone: the packaged one is used.
    """
    if not digest:
        return None
    try:
        return Table(parse(_body(tx, digest)))
    except BadTable as wrong:
        log.warning("table_left_alone", digest=digest, why=str(wrong))
        return None


def install(tx: Transaction, body: bytes, now: datetime) -> str:
    """Have every worker use this table from its next question on; its digest.

    Effects: rows of the store; the table before is dropped, and the indexes kept of it. Repeating
    it does no harm.
    """
    _forget_indexes(tx)
    digest = hashlib.sha256(body).hexdigest()
    tx.learned.forget(f"{IN_USE}:")
    tx.learned.keep(f"{IN_USE}:{digest}", body, now)
    tx.learned.keep(IN_USE, digest.encode(), now)
    return digest


def reset(tx: Transaction) -> str:
    """Have every worker use the packaged table again; the digest of the one before, if any.

    Effects: rows of the store, as of `install`.
    """
    before = named(tx)
    if before:
        _forget_indexes(tx)
        tx.learned.forget(IN_USE)
    return before


def _forget_indexes(tx: Transaction) -> None:
    for tier in FOLLOWERS:
        tx.learned.forget(f"index:{tier}:")


def _body(tx: Transaction, digest: str) -> bytes:
    held = tx.learned.kept(f"{IN_USE}:{digest}")
    if held is None:
        raise BadTable("it is not there")
    if hashlib.sha256(held[0]).hexdigest() != digest:
        raise BadTable("its digest is another")
    return held[0]
