"""Whoever holds issues and ships takes them in one order, so that no two wait for each other."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest

from deploy.embedded import EmbeddedPostgres
from schemas.codec import STRUCTURED_HEADERS, encode
from schemas.events import AnyEvent, Customer, Feedback, FeedbackReceived, Version, VersionChanged
from schemas.topics import EPIC_CHANGED, FEEDBACK_RECEIVED
from sinks.store.contract import Transaction
from sinks.store.migrations import migrate
from sinks.store.postgres.store import PostgresStore
from sinks.store.rows import Ship
from streams.collect.rereading import Kept
from streams.link.linker import Linker
from streams.link.linkers import Linkers
from streams.link.stage import LinkStage
from streams.link.triage import accept
from streams.ship.rules import Policy
from streams.ship.stage import ShipStage
from streams.stage import Stage
from tests.integration.commands.world import EARLIER, NOW, attributes, epics, feed

BOTH_HOLD_S = 1.0
"""How long one waits for the other to hold something as well; it cannot, where the order is one."""


@pytest.fixture(scope="session")
def template(postgres: EmbeddedPostgres) -> str:
    """A database with the schema and nothing in it."""
    migrate(postgres.create_database("order_template"))
    return "order_template"


@pytest.fixture
def store(database_url: str) -> Iterator[PostgresStore]:
    """A store with an issue that has shipped, and a remark that a person is to decide."""
    opened = PostgresStore(database_url)
    opened.open()
    feed(opened, ShipStage(Policy(hold=timedelta(0)), 0).stage(), EPIC_CHANGED.name, epics())
    shipped = Ship(
        issue_id=10001,
        generation=1,
        signal="ci",
        what="",
        docs_url=None,
        accounts=None,
        shipped_at=EARLIER,
        settles_at=EARLIER,
    )
    with opened.transaction() as tx:
        tx.ships.open(shipped)
    feed(opened, linking(), FEEDBACK_RECEIVED.name, [remark("1", "Qwxz!")])
    yield opened
    opened.close()


def linking() -> Stage[Any]:
    """The linking stage."""
    return LinkStage(Linkers(Linker()), frozenset({"upstream"}), 0).stage()


def remark(record: str, words: str) -> AnyEvent:
    """Something that a customer said."""
    said = Feedback(
        origin="upstream", record=record, words=words, customer=Customer(email="k@acme.example")
    )
    return FeedbackReceived(**attributes(f"f{record}"), data=said)


def link(tx: Transaction) -> None:
    """A remark names the issue."""
    stage = linking()
    value = encode(remark("2", "APP-1, please."))
    item = stage.read(Kept(FEEDBACK_RECEIVED.name, 0, 0, b"", value, STRUCTURED_HEADERS), NOW)
    stage.write(tx, [item], NOW)


def decide(tx: Transaction) -> None:
    """A person links another remark to it."""
    accept(tx, "upstream:1", ["APP-1"], by="pm", now=NOW)


def meeting(work: Callable[[Transaction], None], barrier: Barrier) -> Callable[[Transaction], None]:
    """The same, but it waits for the other one as soon as it holds its first lock."""

    def with_a_stop(tx: Transaction) -> None:
        for shelf, name in ((tx.epics, "owe_evidence"), (tx.ships, "wake")):
            setattr(shelf, name, _stopping(getattr(shelf, name), barrier))
        work(tx)

    return with_a_stop


def _stopping(call: Callable[..., None], barrier: Barrier) -> Callable[..., None]:
    def stop(*arguments: Any) -> None:
        call(*arguments)
        with suppress(BrokenBarrierError):
            barrier.wait(BOTH_HOLD_S)

    return stop


def test_a_remark_is_linked_while_a_person_decides_another(store: PostgresStore) -> None:
    """Both end well: neither has to be tried again."""
    barrier = Barrier(2)

    def run(work: Callable[[Transaction], None]) -> None:
        with store.transaction() as tx:
            meeting(work, barrier)(tx)

    with ThreadPoolExecutor(2) as pool:
        for each in [pool.submit(run, work) for work in (link, decide)]:
            each.result(timeout=30)
    with store.transaction() as tx:
        assert tx.links.demand(10001).remarks == 2


def test_the_shipping_stage_holds_issues_before_ships(store: PostgresStore) -> None:
    """Also where a version alone brings an orphaned link its issue."""
    order: list[str] = []
    with store.transaction() as tx:
        for shelf, name in (
            (tx.epics, "owe_evidence"),
            (tx.ships, "latest"),
            (tx.ships, "wake"),
        ):
            setattr(shelf, name, _noting(getattr(shelf, name), name, order))
        tx.links.adopt = lambda _keys: {10001}  # type: ignore[method-assign]
        event = VersionChanged(
            **attributes("v1"),
            data=Version(id="7", project_id="1", name="7.0", released=True),
        )
        ShipStage(Policy(hold=timedelta(0)), 0).stage().write(tx, [event], datetime.now(UTC))
    assert order[:3] == ["owe_evidence", "latest", "wake"]


def _noting(call: Callable[..., Any], name: str, order: list[str]) -> Callable[..., Any]:
    def note(*arguments: Any) -> Any:
        order.append(name)
        return call(*arguments)

    return note
