"""What all peers share: our rules one event at a time, rows as dicts, and our sink for batches.

The peers are given every benefit: issues and accounts are looked up once and then held in memory,
ids come from a counter in place of the sequence, nothing is looked up per event or per batch,
offsets are left to Kafka (so a crash doubles rows), and nothing is announced on a topic.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from schemas.codec import STRUCTURED_HEADERS, Headers, decode, validate
from schemas.events import FeedbackReceived
from sinks.store.contract import Transaction
from sinks.store.postgres.store import PostgresStore
from sinks.store.rows import Decision, Link, Remark, Words, remark_key
from streams.link.answers import Answer
from streams.link.building import Decided, decision_rows, remark_row
from streams.link.rules import Known, decide, read
from streams.link.stage import LinkStage
from tests.bench.load import CUSTOMERS, EPICS, ORIGIN
from tests.bench.work import First, Work

_EVENTS = (FeedbackReceived,)
Row = dict[str, Any]
Rows = tuple[Remark, Words, Decision, Link]


class Rules:
    """Value of a record -> its rows, by the product's own rules."""

    def __init__(self, work: Work) -> None:
        store = opened(work)
        with store.transaction() as tx:
            self._known = _known(tx)
            domains = {f"customer{i}.example" for i in range(CUSTOMERS)}
            self._owners: Mapping[str, str] = tx.crm.accounts_by_domain(domains)
        store.close()
        self._ids = itertools.count(1)
        self._first = First()

    def rows(self, value: bytes) -> Iterator[Rows]:
        """One quadruple of rows for each issue that the remark is linked to."""
        self._first()
        now = datetime.now(UTC)
        event = decode(value, STRUCTURED_HEADERS, _EVENTS)
        validate(event, value, now)
        item = read(event)
        owner = self._owners.get(item.domain) if item.domain else None
        number = next(self._ids)
        decided = Decided(number, item, owner, *decide(item, self._known))
        remark, words = remark_row(decided)
        decisions, links = decision_rows([decided], [number], now)
        for decision, link in zip(decisions, links, strict=True):
            yield remark, words, decision, link


def dicts(rows: Rows) -> tuple[Row, Row, Row, Row]:
    """The rows of remark, words, decision and link as column -> value."""
    remark, words, decision, link = (msgspec.structs.asdict(row) for row in rows)
    remark["key"] = remark_key(rows[0].origin, rows[0].record)
    return remark, words, decision, link


def by_table(rules: Rules, values: Iterable[bytes]) -> list[list[Row]]:
    """The rows of many events: those of remark, of words, of decision, of link."""
    quadruples = [dicts(rows) for value in values for rows in rules.rows(value)]
    return [list(rows) for rows in zip(*quadruples, strict=True)]


def _known(tx: Transaction) -> Known:
    keys = {f"APP-{i}" for i in range(1, EPICS + 1)}
    return Known(tx.epics.ids_of_keys(keys), tx.epics.projects(), {}, {})


def opened(work: Work) -> PostgresStore:
    """Our store on the run's database."""
    store = PostgresStore(work.database_url)
    store.open()
    return store


class _Given(msgspec.Struct, frozen=True):
    value: bytes
    headers: Headers


class _NoLikeness:
    version = "none"

    def ask(self, tx: Transaction, texts: Sequence[str]) -> list[list[Answer]]:  # noqa: ARG002
        """Nothing is like anything."""
        return [[Answer([])] for _ in texts]


def our_sink(work: Work) -> Callable[[Sequence[bytes]], None]:
    """Our stage's own two functions on a batch of values: rules, look-ups, COPY, one commit."""
    store, first = opened(work), First()
    stage = LinkStage(_NoLikeness(), frozenset({ORIGIN}), 300.0).stage()

    def write(values: Sequence[bytes]) -> None:
        first()
        now = datetime.now(UTC)
        given: list[Any] = [_Given(value, STRUCTURED_HEADERS) for value in values]
        items = [stage.read(record, now) for record in given]
        with store.transaction() as tx:
            stage.write(tx, items, now)

    return write
