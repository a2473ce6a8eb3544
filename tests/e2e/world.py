"""The whole system, and the hands of everybody outside it: what they send, and what they see."""

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx
import msgspec
from kafka import KafkaConsumer, TopicPartition
from sqlalchemy import text

from schemas.codec import STRUCTURED_HEADERS, encode
from schemas.events import AnyEvent
from schemas.keys import key_of
from schemas.topics import TOPICS
from sinks.contracts import Outgoing
from sinks.kafka.publisher import KafkaPublisher
from sinks.store.contract import Transaction
from sinks.store.postgres.store import PostgresStore
from sinks.store.rows import LoopRow, Message, Remark, Ship, Tell
from streams.demo.senders import Senders
from streams.system import System
from streams.verify.tokens import Action, Token, check

PATIENCE_S = 90.0
LOOK_EVERY_S = 0.05
QUEUE = "queue@us.example"
"""Who gets what nobody owns."""
CONSUMED = tuple(topic.name for topic in TOPICS if not {*topic.consumers} <= {"outside", "worker"})
_LINK = re.compile(r"https?://\S+/r/(?P<token>[\w.~-]+)")
FoundT = TypeVar("FoundT")


class Mailed(msgspec.Struct, frozen=True):
    """A mail that the provider took."""

    to: str
    at: datetime
    subject: str
    text: str
    custom_args: dict[str, str]


class World:
    """Everything that happens outside, and everything that can be seen from there."""

    def __init__(self, system: System, patience_s: float = PATIENCE_S) -> None:
        self.system = system
        self.patience_s = patience_s
        self.store = PostgresStore(system.settings.database_url, timeout_s=30)
        self.store.open()
        self.senders = Senders(system.settings, system.gateway_url)
        self.http = httpx.Client(timeout=60)

    def close(self) -> None:
        """Let go of every connection."""
        self.store.close()
        self.http.close()

    # What they send.

    def publish(self, topic: str, *events: AnyEvent) -> None:
        """As an upstream system does: canonical events, straight on Kafka."""
        self.put(*(outgoing(topic, event) for event in events))

    def put(self, *records: Outgoing) -> None:
        """Records as they are, right or wrong."""
        asyncio.run(self._put(records))

    async def _put(self, records: Sequence[Outgoing]) -> None:
        publisher = KafkaPublisher(self.system.settings.bootstrap_servers)
        await publisher.open()
        try:
            await publisher.publish(records)
        finally:
            await publisher.close()

    def jira(self, method: str, path: str, body: Any = None) -> Any:
        """What a person does in Jira; its webhooks follow."""
        answer = self.http.request(method, f"{self.system.jira_url}/_demo/{path}", json=body)
        answer.raise_for_status()
        return answer.json()

    def mail_provider(self, method: str, path: str, body: Any = None) -> Any:
        """What is ordered of the mail provider."""
        url = f"{self.system.mail_url}/_demo/{path}"
        answer = self.http.request(method, url, json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def open_link(self, mail: Mailed, action: Action, account_id: str) -> httpx.Response:
        """Look at a link of a mail, as its reader or a mail scanner does."""
        return self.http.get(self.link(mail, action, account_id)).raise_for_status()

    def press(
        self, mail: Mailed, action: Action, account_id: str, comment: str = ""
    ) -> httpx.Response:
        """Press the button of a link's page."""
        url = self.link(mail, action, account_id)
        return self.http.post(url, data={"comment": comment}).raise_for_status()

    def link(self, mail: Mailed, action: Action, account_id: str) -> str:
        """The one link of a mail that does this for that account."""
        found = {
            (token.action, token.account_id, token.issue_id): url
            for url, token in self._links(mail)
            if (token.action, token.account_id) == (action, account_id)
        }
        (url,) = found.values()
        return url

    def _links(self, mail: Mailed) -> list[tuple[str, Token]]:
        secret = self.system.settings.reply_secret
        return [
            (found[0], check(found["token"], secret, now())) for found in _LINK.finditer(mail.text)
        ]

    # What they see.

    def mails(self) -> list[Mailed]:
        """Every mail that the provider took, oldest first."""
        answer = self.http.get(f"{self.system.mail_url}/_demo/mails").raise_for_status()
        return msgspec.json.decode(answer.content, type=list[Mailed])

    def records(self, topic: str) -> list[Any]:
        """Everything on a topic, partition by partition."""
        servers = self.system.settings.bootstrap_servers
        client = KafkaConsumer(bootstrap_servers=servers, consumer_timeout_ms=60_000)
        try:
            parts = [TopicPartition(topic, n) for n in sorted(client.partitions_for_topic(topic))]
            client.assign(parts)
            client.seek_to_beginning(*parts)
            ends = client.end_offsets(parts)
            return _up_to(client, ends)
        finally:
            client.close()

    def ends(self, topic: str) -> dict[int, int]:
        """Partition -> the offset that its next record will have."""
        client = KafkaConsumer(bootstrap_servers=self.system.settings.bootstrap_servers)
        try:
            parts = [TopicPartition(topic, n) for n in client.partitions_for_topic(topic)]
            return {part.partition: end for part, end in client.end_offsets(parts).items()}
        finally:
            client.close()

    def lag(self) -> dict[tuple[str, str, int], int]:
        """(group, topic, partition) -> records on Kafka that the store has not seen, if any."""
        ends = {
            (topic, partition): end
            for topic in CONSUMED
            for partition, end in self.ends(topic).items()
            if end
        }
        rows = self.rows("SELECT group_id, topic, partition, next_offset FROM consumer_offset")
        read = {(topic, partition): (group, offset) for group, topic, partition, offset in rows}
        found = {}
        for at, end in ends.items():
            group, offset = read.get(at, ("nobody", 0))
            if offset != end:
                found[group, *at] = end - offset
        return found

    def relayed(self) -> None:
        """Wait until everything that is owed to Kafka has been brought there."""
        self.until("an empty outbox", lambda: self.rows("SELECT count(*) FROM outbox") == [(0,)])

    def events(self, topic: str) -> list[dict[str, Any]]:
        """Every event on a topic, as JSON."""
        return [msgspec.json.decode(record.value) for record in self.records(topic)]

    def ask(self, question: Callable[[Transaction], FoundT]) -> FoundT:
        """Whatever the store says now."""
        with self.store.transaction() as tx:
            return question(tx)

    def remark(self, feedback_id: str) -> Remark | None:
        """A remark, once it is in the store."""
        found = self.ask(lambda tx: tx.remarks.find(feedback_id))
        return found[0] if found else None

    def ship(self, issue_id: int) -> Ship | None:
        """The latest generation of an issue."""
        return self.ask(lambda tx: tx.ships.latest({issue_id}).get(issue_id))

    def tells(self, issue_id: int, generation: int = 1) -> list[Tell]:
        """Everyone who was considered, and the verdict."""
        return self.ask(lambda tx: tx.tells.of_ship(issue_id, generation))

    def message(self, mail: Mailed) -> Message:
        """Our own row of a mail."""
        (id_,) = mail.custom_args.values()
        found = self.ask(lambda tx: tx.messages.find(id_))
        assert found is not None
        return found

    def loop(self, account_id: str, issue_id: int) -> LoopRow | None:
        """How far it has closed."""
        pair = (account_id, issue_id)
        return self.ask(lambda tx: tx.loops.get({pair}).get(pair))

    def rows(self, query: str) -> list[Any]:
        """What a query of the store's own tables yields."""
        with self.store.transaction() as tx:
            return list(tx.outbox._connection.execute(text(query)))  # type: ignore[attr-defined]

    def until(self, what: str, look: Callable[[], FoundT]) -> FoundT:
        """What `look` yields once that is true; the test has failed where it does not become so."""
        deadline = time.monotonic() + self.patience_s
        while not (found := look()):
            assert time.monotonic() < deadline, f"{what}: not within {self.patience_s:g} s"
            time.sleep(LOOK_EVERY_S)
        return found


def outgoing(topic: str, event: AnyEvent) -> Outgoing:
    """An event as its record."""
    return Outgoing(topic, key_of(event).encode(), encode(event), STRUCTURED_HEADERS)


def now() -> datetime:
    """Aware, UTC."""
    return datetime.now(UTC)


def ago(**span: float) -> datetime:
    """A while ago: ``ago(minutes=5)``."""
    return now() - timedelta(**span)


def _up_to(client: KafkaConsumer, ends: dict[TopicPartition, int]) -> list[Any]:
    found: list[Any] = []
    while any(client.position(part) < end for part, end in ends.items()):
        for part, records in client.poll(timeout_ms=500).items():
            found += [record for record in records if record.offset < ends[part]]
    return sorted(found, key=lambda record: (record.partition, record.offset))
