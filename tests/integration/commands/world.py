"""A small world in the store, made by the stages themselves out of events."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.codec import STRUCTURED_HEADERS, encode
from schemas.events import (
    Account,
    AccountChanged,
    AnyEvent,
    Customer,
    Epic,
    EpicChanged,
    Feedback,
    FeedbackReceived,
    Opportunity,
    OpportunityChanged,
    Rep,
    RepChanged,
)
from schemas.topics import CRM_CHANGED, EPIC_CHANGED, FEEDBACK_RECEIVED
from sinks.mail.fake import FakeMailer
from sinks.store.learned import Guess
from sinks.store.postgres.store import PostgresStore
from streams.collect.rereading import Kept
from streams.enrich.stage import EnrichStage
from streams.link.linker import Linker
from streams.link.linkers import Linkers
from streams.link.stage import LinkStage
from streams.settings import Settings
from streams.ship.rules import Policy
from streams.ship.stage import ShipStage
from streams.stage import Stage
from streams.tell.work import TellWork

NOW = datetime.now(UTC)
EARLIER = NOW - timedelta(days=30)
SECRET = "sixteen characters at least"
WORDS = "Our exported ledger is never sorted.\x1b[2J"


def attributes(name: str, at: datetime = EARLIER) -> dict[str, Any]:
    """The attributes of an event."""
    return {"id": name, "source": "/test", "time": at, "specversion": "1.0"}


def feed(store: PostgresStore, stage: Stage[Any], topic: str, events: Sequence[AnyEvent]) -> None:
    """Let a stage take these events, as the worker would."""
    items = [
        stage.read(Kept(topic, 0, n, b"", encode(event), STRUCTURED_HEADERS), NOW)
        for n, event in enumerate(events)
    ]
    with store.transaction() as tx:
        stage.write(tx, items, NOW)


def crm() -> list[AnyEvent]:
    """Acme, owned by Dana then by Lee, with a deal."""
    acme = Account(
        id="A-1", name="Acme", domains=("acme.example",), revenue_cents=12_000_00, owner_id="R-1"
    )
    deal = Opportunity(
        id="O-1", account_id="A-1", name="Renewal", amount_cents=5_000_00, is_open=True
    )
    dana = Rep(id="R-1", name="Dana", email="dana@us.example")
    lee = Rep(id="R-2", name="Lee", email="lee@us.example")
    later = NOW - timedelta(days=1)
    return [
        AccountChanged(**attributes("a"), data=acme),
        AccountChanged(**attributes("b", later), data=Account(id="A-1", owner_id="R-2")),
        OpportunityChanged(**attributes("o"), data=deal),
        RepChanged(**attributes("r1"), data=dana),
        RepChanged(**attributes("r2"), data=lee),
    ]


def epics() -> list[AnyEvent]:
    """Two epics, neither done."""
    sort = Epic(id="10001", key="APP-1", summary="Sort the exported ledger")
    dark = Epic(id="10002", key="APP-2", summary="Dark colours")
    return [
        EpicChanged(**attributes("e1"), data=sort),
        EpicChanged(**attributes("e2"), data=dark),
    ]


def remarks() -> list[AnyEvent]:
    """One that names its issue, one that is like one, one that is like none."""
    kim = Customer(email="kim@acme.example", name="Kim")
    said = {"APP-1 please, sorted.": "1", WORDS: "2", "Qwxz!": "3"}
    return [
        FeedbackReceived(
            **attributes(f"f{record}"),
            data=Feedback(origin="upstream", record=record, words=words, customer=kim),
        )
        for words, record in said.items()
    ]


def fill(store: PostgresStore) -> None:
    """Everything above."""
    feed(store, EnrichStage(0).stage(), CRM_CHANGED.name, crm())
    feed(store, ShipStage(Policy(hold=timedelta(0)), 0).stage(), EPIC_CHANGED.name, epics())
    link = LinkStage(Linkers(Linker()), frozenset({"upstream"}), 0).stage()
    feed(store, link, FEEDBACK_RECEIVED.name, remarks())


def hear(store: PostgresStore, record: str, words: str) -> None:
    """A remark comes in, or a newer version of one that is there."""
    event = FeedbackReceived(
        **attributes(f"f{record}:again", NOW),
        data=Feedback(origin="upstream", record=record, words=words, customer=Customer()),
    )
    link = LinkStage(Linkers(Linker()), frozenset({"upstream"}), 0).stage()
    feed(store, link, FEEDBACK_RECEIVED.name, [event])


def guess(store: PostgresStore, record: str, issue_id: int) -> None:
    """Likeness finds this issue the likeliest."""
    with store.transaction() as tx:
        found = tx.remarks.find(f"upstream:{record}")
        assert found is not None
        made = Guess(
            remark_id=found[0].id,
            passage=0,
            issue_id=issue_id,
            features=(1.0,),
            confidence=0.5,
            tier="fast",
            basis="table",
            epics=2,
            audit=False,
            sure=False,
            at=NOW,
        )
        tx.learned.guess({found[0].id}, [made])


def tell(store: PostgresStore, **settings: Any) -> FakeMailer:
    """Work out the audiences that are due, and send what is due; the mailer that has the mails."""
    mailer = FakeMailer()
    mailer.open()
    work = TellWork(store, mailer, Settings(reply_secret=SECRET, **settings))
    work.work_out_audiences(datetime.now(UTC))
    work.send_due(datetime.now(UTC))
    return mailer


def outbox(store: PostgresStore) -> list[str]:
    """The topics of what waits to be published."""
    with store.transaction() as tx:
        return [row.topic for row in tx.outbox.take(100)]
