"""A parser is mended: a replay mends what it wrote, once, and nobody is told twice."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from schemas.codec import STRUCTURED_HEADERS, encode
from schemas.events import AnyEvent, Epic, EpicChanged, FeedbackReceived
from schemas.topics import CRM_CHANGED, EPIC_CHANGED, FEEDBACK_RECEIVED
from sinks.contracts import Outgoing
from sinks.store.postgres.store import PostgresStore
from sinks.store.rows import Ship
from streams.collect.intake import record_of
from streams.collect.registry import SOURCES
from streams.collect.rereading import Kept, delivery_of, read_again
from streams.collect.source import Fact, Result
from streams.enrich.stage import EnrichStage
from streams.link.linker import Linker
from streams.link.linkers import Linkers
from streams.link.stage import LinkStage
from streams.link.triage import accept, carry_out, dismissed, plan
from streams.ship.rules import Policy
from streams.ship.stage import ShipStage
from tests.e2e.vendors import zendesk_ticket
from tests.integration.commands.calling import Call, put, records
from tests.integration.commands.world import EARLIER, NOW, crm, epics, feed, tell

SORT, DARK = 10001, 10002
"""APP-1 and APP-2."""


def body(number: str, key: str = "APP-1", words: str = "Sörted, please.") -> bytes:
    """What Zendesk sends of a ticket."""
    return zendesk_ticket(
        number,
        key,
        at=EARLIER,
        customer="kim@acme.example",
        agent="dana@us.example",
        words=words,
    )


@pytest.fixture
def wrong(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A parser that mangles letters, and takes every key for another; undo it to mend it."""
    source = SOURCES["zendesk"]

    def parse(delivery: Any) -> list[Result]:
        return [_mangled(one) for one in source.parse(delivery)]

    monkeypatch.setitem(SOURCES, "zendesk", replace(source, parse=parse))
    yield monkeypatch
    monkeypatch.undo()


def _mangled(one: Result) -> Result:
    if not isinstance(one, Fact) or not isinstance(one.event, FeedbackReceived):
        return one
    said = one.event.data
    keys = tuple("APP-2" if key == "APP-1" else key for key in said.issue_keys)
    words = said.words.replace("ö", "?")
    event = msgspec.structs.replace(
        one.event, data=msgspec.structs.replace(said, words=words, issue_keys=keys)
    )
    return msgspec.structs.replace(one, event=event)


@pytest.fixture
def linking(store: PostgresStore) -> LinkStage:
    """The linking stage, on a store that knows customers and two issues, the second shipped."""
    feed(store, EnrichStage(0).stage(), CRM_CHANGED.name, crm())
    feed(store, ShipStage(Policy(hold=timedelta(0)), 0).stage(), EPIC_CHANGED.name, epics())
    shipped = Ship(
        issue_id=DARK,
        generation=1,
        signal="ci",
        what="",
        docs_url=None,
        accounts=None,
        shipped_at=EARLIER,
        settles_at=EARLIER,
    )
    with store.transaction() as tx:
        tx.ships.open(shipped)
    return LinkStage(Linkers(Linker()), frozenset({"zendesk"}), 0)


def link(store: PostgresStore, stage: LinkStage, found: Sequence[Any]) -> list[Outgoing]:
    """Let the stage take these records of `feedback.received`; what it announces."""
    items = [
        stage.read(Kept(FEEDBACK_RECEIVED.name, 0, n, one.key, one.value, one.headers), NOW)
        for n, one in enumerate(found)
    ]
    with store.transaction() as tx:
        return stage.write(tx, items, NOW)


def collected(*bodies: bytes) -> list[Outgoing]:
    """What the parser of this moment makes of deliveries."""
    kept = [record_of(delivery_of("zendesk", one, {}, NOW)) for one in bodies]
    return [
        out
        for one in kept
        for out in read_again(Kept(one.topic, 0, 0, one.key, one.value, one.headers), NOW).outgoing
    ]


def replayed(on_kafka: Call, broker: str) -> list[Any]:
    """What `closeloop replay` puts onto the topic."""
    began = datetime.now(UTC)
    assert on_kafka("replay", "zendesk").status == 0
    found = records(broker, FEEDBACK_RECEIVED.name)
    return [one for one in found if (stamp := event(one).replayed) and stamp >= began]


def event(record: Any) -> FeedbackReceived:
    """The remark that a record carries."""
    return msgspec.json.decode(record.value or b"", type=FeedbackReceived)


def links(store: PostgresStore, feedback: str) -> dict[str, str]:
    """Issue key -> where the remark stands with it."""
    with store.transaction() as tx:
        found = tx.remarks.find(feedback)
        assert found is not None
        return {link.issue_key: link.state for link, _ in tx.links.of_remark(found[0].id)}


def words(store: PostgresStore, feedback: str) -> str | None:
    """What was said."""
    with store.transaction() as tx:
        found = tx.remarks.find(feedback)
    assert found is not None
    return found[1].words if found[1] else None


def everything(store: PostgresStore) -> dict[str, list[Any]]:
    """All that is in the store, but for when it was replayed."""
    queries = {
        "remark": "SELECT (to_jsonb(r) - 'replayed_at')::text FROM remark r ORDER BY id",
        "remark_words": "SELECT w::text FROM remark_words w ORDER BY remark_id",
        "decision": "SELECT d::text FROM decision d ORDER BY id",
        "link": "SELECT l::text FROM link l ORDER BY remark_id, issue_key",
        "tell": "SELECT t::text FROM tell t ORDER BY id",
        "message": "SELECT m::text FROM message m ORDER BY id",
    }
    with store.transaction() as tx:
        connection = tx.remarks._connection  # type: ignore[attr-defined]
        return {name: list(connection.scalars(text(query))) for name, query in queries.items()}


def test_a_replay_makes_the_store_what_the_mended_parser_says(
    on_kafka: Call,
    broker: str,
    store: PostgresStore,
    linking: LinkStage,
    wrong: pytest.MonkeyPatch,
) -> None:
    """Words and links are mended; another replay changes nothing, announces and tells nothing."""
    bodies = [body("77"), body("78", "APP-2", "Dark, please."), body("79")]
    put(broker, *(record_of(delivery_of("zendesk", one, {}, NOW)) for one in bodies))
    at_first = collected(*bodies)
    link(store, linking, at_first)
    with store.transaction() as tx:
        accept(tx, "zendesk:79", ["APP-2"], by="pm", now=NOW)
    assert words(store, "zendesk:77") == "S?rted, please."
    assert links(store, "zendesk:77") == {"APP-2": "linked"}
    told = tell(store, digest_s=0.0).mails
    assert told

    wrong.undo()
    announced = link(store, linking, replayed(on_kafka, broker))
    assert words(store, "zendesk:77") == "Sörted, please."
    assert links(store, "zendesk:77") == {"APP-1": "linked", "APP-2": "rejected"}
    assert links(store, "zendesk:78") == {"APP-2": "linked"}
    assert links(store, "zendesk:79") == {"APP-1": "linked", "APP-2": "linked"}
    feedback = sorted(
        msgspec.json.decode(one.value or b"")["data"]["feedback"] for one in announced
    )
    assert feedback == ["zendesk:77", "zendesk:79"]
    assert tell(store, digest_s=0.0).mails == []
    mended = everything(store)

    assert link(store, linking, replayed(on_kafka, broker)) == []
    assert link(store, linking, at_first) == []
    assert tell(store, digest_s=0.0).mails == []
    assert everything(store) == mended


def test_a_replay_does_not_undo_what_the_source_said_since(
    on_kafka: Call,
    broker: str,
    store: PostgresStore,
    linking: LinkStage,
    wrong: pytest.MonkeyPatch,
) -> None:
    """A later version counts more than the replay of an earlier one, whichever comes first."""
    del wrong
    put(broker, record_of(delivery_of("zendesk", body("81"), {}, NOW)))
    link(store, linking, collected(body("81")))
    (first,) = [one for one in replayed(on_kafka, broker) if event(one).data.thread == "81"]
    said = msgspec.structs.replace(event(first).data, words="Qwxz!", issue_keys=())
    edited = msgspec.structs.replace(
        event(first), time=EARLIER + timedelta(hours=1), replayed=None, data=said
    )
    link(store, linking, [out(edited)])
    link(store, linking, [first])
    assert words(store, "zendesk:81") == "Qwxz!"
    assert links(store, "zendesk:81")["APP-2"] == "rejected"


def test_a_replay_leaves_what_words_were_likened_to(
    store: PostgresStore, linking: LinkStage
) -> None:
    """The words are the same, only the issues of today are others: a person has that in hand."""
    (first,) = collected(body("83", "", "Our exported ledger is never sorted."))
    link(store, linking, [first])
    stood = links(store, "zendesk:83")
    assert set(stood.values()) == {"suggested"}
    nearer = Epic(id="10003", key="APP-3", summary="Our exported ledger is never sorted")
    changed = EpicChanged(id="e3", source="/test", time=EARLIER, specversion="1.0", data=nearer)
    feed(store, ShipStage(Policy(hold=timedelta(0)), 0).stage(), EPIC_CHANGED.name, [changed])
    before = everything(store)
    stamped = msgspec.structs.replace(event(first), replayed=NOW)
    assert link(store, linking, [out(stamped)]) == []
    assert everything(store) == before
    (fresh,) = collected(body("84", "", "Our exported ledger is never sorted."))
    link(store, linking, [fresh])
    assert "APP-3" in links(store, "zendesk:84")


def test_a_remark_that_a_person_dismissed_stays_so(
    store: PostgresStore, linking: LinkStage, wrong: pytest.MonkeyPatch
) -> None:
    """Its words are mended all the same."""
    (first,) = collected(body("85", "", "Qwxz, pl\u00f6rks!"))
    link(store, linking, [first])
    with store.transaction() as tx:
        carry_out(tx, plan(tx, "zendesk:85", dismissed), "pm", NOW)
    wrong.undo()
    mended = event(collected(body("85", "", "Qwxz, pl\u00f6rks!"))[0])
    link(store, linking, [out(msgspec.structs.replace(mended, replayed=NOW))])
    with store.transaction() as tx:
        found = tx.remarks.find("zendesk:85")
    assert found is not None
    assert (found[0].outcome, found[1] and found[1].words) == ("dismissed", "Qwxz, pl\u00f6rks!")


def test_a_replay_brings_back_no_words_that_were_erased(
    store: PostgresStore, linking: LinkStage, wrong: pytest.MonkeyPatch
) -> None:
    """The person asked for it; what the source sent then is no news from them."""
    (first,) = collected(body("82"))
    link(store, linking, [first])
    with store.transaction() as tx:
        connection = tx.remarks._connection  # type: ignore[attr-defined]
        connection.execute(text("DELETE FROM remark_words"))
    wrong.undo()
    mended = event(collected(body("82"))[0])
    link(store, linking, [out(msgspec.structs.replace(mended, replayed=NOW))])
    assert words(store, "zendesk:82") is None
    assert links(store, "zendesk:82") == {"APP-1": "linked", "APP-2": "rejected"}


def out(event: AnyEvent) -> Outgoing:
    """An event as a record."""
    return Outgoing(FEEDBACK_RECEIVED.name, b"k", encode(event), STRUCTURED_HEADERS)
