"""A small world to tell people in: what is in the store, and the hands that move it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from schemas.codec import STRUCTURED_HEADERS, encode
from schemas.events import NotificationSettled, Settlement
from sinks.contracts import Mail, Sighting
from sinks.mail.fake import FakeMailer
from sinks.store.contract import Store
from sinks.store.rows import CrmKind, CrmVersion, Decision, Facts, Link, LoopRow, Message, Tell
from streams.probe import Probe, pass_by
from streams.settings import Settings
from streams.stage import Stage
from streams.tell.work import TellWork
from streams.verify.reply import Reply, outgoing
from streams.verify.stage import ReplyStage, VerifyStage
from streams.verify.tokens import check
from tests.unit.tell_rows import ISSUE, NOW, SAID, account, epic, linked, rep, ship

SECRET = "a secret of our own"
SETTINGS = Settings(
    reply_secret=SECRET,
    public_url="https://loop.example",
    unowned_email="queue@us.example",
    staff_domains=("support.example",),
    digest_s=3600,
    resend_after_s=6 * 3600,
)
HOUR = timedelta(hours=1)
LATER = NOW + timedelta(hours=2)
"""When the digest is due."""


class Given(msgspec.Struct):
    """A Kafka record as a stage sees it."""

    topic: str
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()
    key: bytes | None = None
    partition: int = 0
    offset: int = 0


class World:
    """One store, one mailer, one worker's hands."""

    def __init__(self, store: Store, probe: Probe = pass_by) -> None:
        self.store = store
        self.mailer = FakeMailer()
        self.mailer.open()
        self.work = TellWork(store, self.mailer, SETTINGS, probe=probe)

    def crm(self, kind: CrmKind, *history: tuple[datetime, Facts]) -> None:
        """One entity's whole history, oldest first."""
        ends = [*[since for since, _ in history[1:]], None]
        versions = [
            CrmVersion(
                valid_from=since,
                valid_to=end,
                event_id=f"{since.isoformat()}",
                stated=facts,
                facts=facts,
            )
            for (since, facts), end in zip(history, ends, strict=True)
        ]
        with self.store.transaction() as tx:
            tx.crm.rewrite(kind, {history[0][1].id: versions})

    def people(self) -> None:
        """Rita, Nils, Olga, and Mona who manages them."""
        for id_ in ("rita", "nils", "olga"):
            self.crm("rep", (SAID, rep(id_, manager_id="mona")))
        self.crm("rep", (SAID, rep("mona")))

    def account(self, id_: str = "acme", **changes: Any) -> None:
        """A customer since before it spoke."""
        self.crm("account", (SAID, account(id_, **changes)))

    def remark(self, id_: int, issue_id: int = ISSUE, **changes: Any) -> None:
        """A remark, linked to the issue."""
        item = linked(id_, **changes)
        decision = Decision(
            id=id_ * 100_000 + issue_id,
            remark_id=id_,
            issue_key=f"PROD-{issue_id}",
            issue_id=issue_id,
            verdict="link",
            rule="key",
            score=1.0,
            model="1",
            by="closeloop",
            at=item.linked_at,
        )
        link = Link(
            remark_id=id_,
            issue_key=decision.issue_key,
            issue_id=issue_id,
            state="linked",
            decision_id=decision.id,
        )
        assert item.words is not None
        with self.store.transaction() as tx:
            tx.remarks.add([(item.remark, item.words)])
            tx.links.add([decision], [link])

    def ship(self, issue_id: int = ISSUE, **changes: Any) -> None:
        """The issue has shipped; it has not settled in the store yet."""
        issue = epic(id=str(issue_id), key=f"PROD-{issue_id}")
        with self.store.transaction() as tx:
            tx.epics.put([Sighting(epic=issue.epic, updated_at=issue.updated_at)])
            tx.ships.open(ship(issue_id=issue_id, **{"settled_at": None} | changes))

    def withdraw(self, at: datetime, issue_id: int = ISSUE) -> None:
        """It is taken back."""
        with self.store.transaction() as tx:
            tx.ships.withdraw(issue_id, 1, at, "re-opened")

    def wake(self, at: datetime = NOW) -> None:
        """Something has changed: the audience is to be worked out again."""
        with self.store.transaction() as tx:
            tx.ships.wake({ISSUE}, at)

    def tell_all(self, now: datetime = NOW) -> list[Mail]:
        """Work out and send all that is due two hours later; the new mails."""
        before = len(self.mailer.mails)
        self.work.work_out_audiences(now)
        self.work.send_due(now + timedelta(hours=2))
        return self.mailer.mails[before:]

    def told(self) -> dict[str, str]:
        """Person -> verdict or reason, of every tell there is."""
        return {one.person_id: one.reason or one.verdict for one in self.tells()}

    def tells(self) -> list[Tell]:
        """Every verdict."""
        with self.store.transaction() as tx:
            return tx.tells.all(1000)

    def message_of(self, person_id: str, kind: str = "shipped") -> Message:
        """The mail of somebody's tell."""
        with self.store.transaction() as tx:
            (tell,) = [
                one
                for one in tx.tells.all(1000)
                if (one.person_id, one.kind, one.verdict) == (person_id, kind, "tell")
            ]
            found = tx.messages.find(tell.message_id or "")
        assert found is not None
        return found

    def message(self, message_id: str) -> Message:
        """A mail, whatever it carries by now."""
        with self.store.transaction() as tx:
            found = tx.messages.find(message_id)
        assert found is not None
        return found

    def loop(self, account_id: str = "acme") -> LoopRow | None:
        """Where it stands."""
        with self.store.transaction() as tx:
            return tx.loops.get({(account_id, ISSUE)}).get((account_id, ISSUE))

    def announced(self, topic: str) -> list[Any]:
        """The data of everything that is to reach a topic, in order."""
        with self.store.transaction() as tx:
            rows = tx.outbox.take(10_000)
        return [msgspec.json.decode(row.value)["data"] for row in rows if row.topic == topic]

    def report(self, message_id: str, outcome: str, at: datetime = LATER) -> None:
        """The provider says what became of a mail."""
        event = NotificationSettled(
            id=f"{message_id}{outcome}",
            source="/sendgrid",
            specversion="1.0",
            time=at,
            data=Settlement(
                message=message_id,
                outcome=outcome,  # type: ignore[arg-type]
                provider_id=f"{message_id}:{outcome}",
            ),
        )
        self._run(VerifyStage().stage(), encode(event), STRUCTURED_HEADERS, at)

    def press(self, url: str, at: datetime = LATER, comment: str = "") -> None:
        """Somebody follows a link and presses its button."""
        text = url.rpartition("/")[2]
        record = outgoing(check(text, SECRET, at).id, Reply(token=text, at=at, comment=comment))
        self._run(ReplyStage(SECRET).stage(), record.value, record.headers, at)

    def _run(self, stage: Stage[Any], value: bytes | None, headers: Any, now: datetime) -> None:
        item = stage.read(Given(stage.topics[0].name, value, headers), now)
        with self.store.transaction() as tx:
            stage.write(tx, [item], now)


def links_of(mail: Mail) -> list[str]:
    """Every link of ours in a mail, in the order: solved, not solved, customer told, seen."""
    return [word for word in mail.text.split() if word.startswith("https://loop.example/r/")]


def addressees(world: World) -> list[str]:
    """Whom mails went to so far."""
    return sorted(mail.to_email for mail in world.mailer.mails)
