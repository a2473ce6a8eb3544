"""A store with five issues, and the linking stage over it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from schemas.codec import STRUCTURED_HEADERS, encode
from schemas.events import Account, Epic, Feedback, FeedbackReceived
from sinks.contracts import Sighting
from sinks.store.fake import FakeStore
from sinks.store.learned import Certificate
from sinks.store.rows import CrmVersion, Remark
from streams.link.alike import Audits
from streams.link.linker import Linker
from streams.link.linkers import Linkers
from streams.link.stage import LinkStage
from streams.link.triage import accept, carry_out, plan, undoing

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TITLES = (
    "Sort the exported ledger by date",
    "Dark mode for the mobile app",
    "Single sign-on with Okta",
    "Invoice reminders by e-mail",
    "Faster search in the archive",
)
ACCOUNTS = tuple(f"A-{number}" for number in range(10))
VERBS = ("Speed up", "Translate", "Archive", "Share", "Print", "Undo", "Lock", "Audit")
THINGS = ("calendar", "start page", "contract", "customer list", "photo upload")
ALWAYS = Audits(share=1.0)
NONE = Audits(share=0.0)


class Kafka:
    """A record as the stage reads it."""

    topic, partition, key, headers = "feedback.received", 0, b"k", STRUCTURED_HEADERS

    def __init__(self, offset: int, event: FeedbackReceived) -> None:
        self.offset, self.value = offset, encode(event)


class World:
    """A store with five issues, and the stage over it."""

    def __init__(self, audits: Audits = NONE) -> None:
        self.store = FakeStore()
        self.store.open()
        self.linker = Linker()
        self.stage = LinkStage(Linkers(self.linker), frozenset({"form"}), 0, audits).stage()
        self._numbers = count(1)
        self.epics(TITLES)
        self.accounts(ACCOUNTS)

    def epics(self, titles: Iterable[str], first: int = 1, at: datetime = NOW) -> None:
        """Issues APP-1, APP-2, ... with these titles."""
        with self.store.transaction() as tx:
            tx.epics.put(
                [
                    Sighting(
                        epic=Epic(id=str(number), key=f"APP-{number}", summary=title),
                        updated_at=at,
                    )
                    for number, title in enumerate(titles, first)
                ]
            )

    def accounts(self, ids: Iterable[str]) -> None:
        """Customers that the CRM knows, each by a mail domain of its own."""
        versions = {}
        for id_ in ids:
            facts = Account(id=id_, name=id_, domains=(f"{id_.lower()}.example",))
            versions[id_] = [
                CrmVersion(valid_from=NOW, valid_to=None, event_id="e", stated=facts, facts=facts)
            ]
        with self.store.transaction() as tx:
            tx.crm.rewrite("account", versions)

    def hears(
        self, *texts: str, record: str | None = None, later: int = 0, **said: Any
    ) -> list[str]:
        """Remarks come in, of one account after the other unless it is `said` whose; their ids."""
        events = [
            FeedbackReceived(
                id=f"e{number}",
                source="/form",
                specversion="1.0",
                time=NOW + timedelta(minutes=later),
                data=Feedback(
                    origin="form",
                    record=record or str(number),
                    words=text,
                    **(said or {"account_id": ACCOUNTS[number % len(ACCOUNTS)]}),
                ),
            )
            for text, number in zip(texts, self._numbers, strict=False)
        ]
        now = NOW + timedelta(minutes=later)
        read = [
            self.stage.read(Kafka(at, event), now + timedelta(hours=1))
            for at, event in enumerate(events)
        ]
        with self.store.transaction() as tx:
            self.stage.write(tx, read, now)
        return [f"form:{event.data.record}" for event in events]

    def remark(self, feedback_id: str) -> Remark:
        """The remark as it is stored."""
        with self.store.transaction() as tx:
            found = tx.remarks.find(feedback_id)
        assert found is not None
        return found[0]

    def links(self, feedback_id: str) -> dict[str, str]:
        """Issue key -> state."""
        id_ = self.remark(feedback_id).id
        with self.store.transaction() as tx:
            return {link.issue_key: link.state for link, _ in tx.links.of_remark(id_)}

    def rules(self, feedback_id: str) -> dict[int | None, str]:
        """Issue id -> the rule by which the remark is linked to it."""
        id_ = self.remark(feedback_id).id
        with self.store.transaction() as tx:
            standing = tx.links.of_remark(id_)
        return {link.issue_id: its.rule for link, its in standing if link.state == "linked"}

    def accept(self, feedback_id: str, *keys: str) -> None:
        """A person accepts."""
        self.accept_at(NOW, feedback_id, *keys)

    def accept_at(self, now: datetime, feedback_id: str, *keys: str) -> None:
        """A person accepts, then."""
        with self.store.transaction() as tx:
            accept(tx, feedback_id, keys, by="ann", now=now)

    def undo(self, feedback_id: str) -> None:
        """A person takes it back."""
        with self.store.transaction() as tx:
            carry_out(tx, plan(tx, feedback_id, undoing(tx, ())), "ann", NOW)

    def ask(self, text: str, linker: Linker | None = None) -> list[str]:
        """The likeliest issues, best first."""
        with self.store.transaction() as tx:
            answers = (linker or self.linker).ask(tx, [text])
        return [each.issue_key for each in answers[0].candidates]

    def certify(self, least: float, epics: int | None = len(TITLES)) -> None:
        """As if audits had shown, among so many issues, that this confidence is enough.

        It is the score alone.
        """
        curve = [[0.0], [1.0], [1.0], 0.0]
        with self.store.transaction() as tx:
            tx.learned.certify(
                Certificate(
                    tier="fast",
                    basis=self.linker.basis,
                    at=NOW,
                    labels=100,
                    audits=100,
                    calibration={"logistic": curve, "steps": None, "columns": 1},
                    least=least,
                    passed=100,
                    wrong=0,
                    p=0.9,
                    delta=0.1,
                    epics=epics,
                )
            )
