"""What the timers of the tell room do: work out who is told, and send the mails that are due.

Called in a thread, by any number of workers. What stops a second mail: a tell is unique in the
store; a mail is claimed, in a transaction of its own, before it is handed over; and whatever became
of it is written down in this process for as long as it takes, before another is claimed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import structlog

from schemas.errors import Temporary
from schemas.events import Notification, NotificationRequested
from schemas.topics import NOTIFICATION_REQUESTED
from sinks.contracts import Mailer
from sinks.store.contract import Store, Transaction
from sinks.store.rows import Ship, Tell
from streams import metrics
from streams.probe import Probe, pass_by
from streams.settings import Settings
from streams.tell.audience import decide_audience, told_since
from streams.tell.candidates import UNKNOWN
from streams.tell.corrections import NOT_SAID, unsaid
from streams.tell.customers import Customers, is_urgent
from streams.tell.lookup import look_up
from streams.tell.message import Look
from streams.tell.post import Post
from streams.tell.staff import house
from streams.verify.tokens import ReplyLinks

log = structlog.get_logger()

SOURCE = "/closeloop/tell"
MOST_OF_VOICE = 5
"""Remarks of one voice that are looked at, and that its tell answers: those said first."""
MOST_SHIPS = 100
"""Ships that one call works out; the next call goes on."""
AGAIN_AFTER = timedelta(minutes=5)
"""When a ship is tried again whose audience could not be worked out."""
LOOK_AGAIN = timedelta(minutes=1)
"""When a ship is looked at again of which somebody unknown was not told: the CRM's word on them may
have been on its way into the store at the same moment."""
CORRECTION_LAG = timedelta(minutes=1)
"""How long other corrections wait for those whose customer believes what is no longer true."""


class TellWork:
    """Both timers' work; one call at a time.

    Args:
        store, mailer: open when the work is called.
        settings: digest, resending, the unowned queue, links.
        probe: passes the named points of a mail.

    Raises:
        BadSettings: the secret that signs links is missing or too short.
    """

    def __init__(
        self, store: Store, mailer: Mailer, settings: Settings, *, probe: Probe = pass_by
    ) -> None:
        links = ReplyLinks(settings.reply_secret, settings.public_url, settings.reply_valid_s)
        look = Look(docs_url=settings.docs_url)
        self._store = store
        self._digest = timedelta(seconds=settings.digest_s)
        self._house = house(settings.staff_domains, settings.unowned_email)
        self._post = Post(store, mailer, links.of, look, settings.resend_after_s, probe)

    def work_out_audiences(self, now: datetime) -> int:
        """Decide who is told of the ships that are due; how many ships those were.

        Effects: tells, open mails, ``notification.requested``. Repeating it tells nobody again.

        Raises:
            Temporary: nothing of the ship at hand was written; the next call takes it again.
        """
        for count in range(MOST_SHIPS):
            with self._store.transaction() as tx:
                ships = tx.ships.due(now, 1)
                if not ships:
                    return count
                decided = self._try(tx, ships[0], now)
            for tell in decided:
                metrics.TELLS.labels(tell.verdict, tell.reason).inc()
        return MOST_SHIPS

    def send_due(self, now: datetime) -> int:
        """Send the mails that are due; how many those were.

        Effects: mails; loops told, and ``loop.changed``. A mail that nobody knows the fate of is
        sent a second time only after ``resend_after_s``.

        Raises:
            Temporary: the store is away; what became of a mail is kept and written by the next
                call, before it sends anything.
        """
        return self._post.send_due(now)

    def preview(self, ship: Ship, now: datetime) -> list[Tell]:
        """Who would be told of it once it has settled, and who not and why. Writes nothing."""
        with self._store.transaction() as tx:
            return self._decide(tx, ship, max(now, ship.settles_at))[0]

    def _try(self, tx: Transaction, ship: Ship, now: datetime) -> list[Tell]:
        """What is new of one ship; a fault of ours is put off, so that it blocks no other ship."""
        try:
            with tx.savepoint():
                return self._tell_of(tx, ship, now)
        except Temporary:
            raise
        except Exception:
            log.exception("audience failed", issue=ship.issue_id, generation=ship.generation)
            tx.ships.wake({ship.issue_id}, now + AGAIN_AFTER)
            tx.ships.correct({_key(ship)}, now + AGAIN_AFTER)
            return []

    def _tell_of(self, tx: Transaction, ship: Ship, now: datetime) -> list[Tell]:
        tells, customers = self._decide(tx, ship, now)
        before = tx.tells.of_ship(*_key(ship))
        standing = {(tell.id, tell.reason) for tell in before}
        if ship.withdrawn_at is not None:
            tx.tells.lose({tell.id for tell in unsaid(before, customers.messages)}, NOT_SAID)
        else:
            considered = {tell.id for tell in tells}
            tx.tells.forget({tell.id for tell in before} - considered)
        told = self._addressed(tx, [t for t in tells if t.verdict == "tell"], customers, now)
        skipped = [tell for tell in tells if tell.verdict == "skip"]
        new = tx.tells.put([*told, *skipped])
        if any(t.reason in UNKNOWN and (t.id, t.reason) not in standing for t in skipped):
            tx.ships.wake({ship.issue_id}, now + LOOK_AGAIN)
        tx.outbox.add([(NOTIFICATION_REQUESTED.name, tell.id, requested(tell)) for tell in new])
        return new + [tell for tell in skipped if (tell.id, tell.reason) not in standing]

    def _decide(self, tx: Transaction, ship: Ship, now: datetime) -> tuple[list[Tell], Customers]:
        linked = tx.links.voices(ship.issue_id, since=told_since(ship), most=MOST_OF_VOICE)
        already = tx.tells.of_ship(*_key(ship))
        queue = self._house.unowned_email
        customers = look_up(tx, ship, linked, already, now=now, unowned_email=queue)
        tells = decide_audience(ship, linked, customers, already, now=now, house=self._house)
        return tells, customers

    def _addressed(
        self, tx: Transaction, tells: Sequence[Tell], customers: Customers, now: datetime
    ) -> list[Tell]:
        """The tells, each in its person's open mail; by person, so that no two wait in a ring."""
        due: dict[str, datetime] = {}
        for tell in tells:
            at = self._due_at(tell, customers, now)
            due[tell.person_id] = min(at, due.get(tell.person_id, at))
        people = {tell.person_id: tell for tell in reversed(tells)}
        mails = {
            id_: tx.messages.join(id_, tell.email or "", tell.person_name, due[id_], now)
            for id_, tell in sorted(people.items())
        }
        return [_in_message(tell, mails[tell.person_id]) for tell in tells]

    def _due_at(self, tell: Tell, customers: Customers, now: datetime) -> datetime:
        """When the mail goes out at the latest: what is urgent does not wait for the digest."""
        if tell.kind == "correction":
            knows = tell.account_id in customers.customer_told
            return now if knows else now + min(CORRECTION_LAG, self._digest)
        account = customers.accounts.get(tell.account_id)
        urgent = is_urgent(account, customers.deals.get(tell.account_id, ()), now.date())
        return now if urgent else now + self._digest


def requested(tell: Tell) -> NotificationRequested:
    """The announcement of a tell; its id is the notification's."""
    return NotificationRequested(
        id=tell.id,
        source=SOURCE,
        specversion="1.0",
        time=tell.decided_at,
        data=Notification(
            notification=tell.id,
            person_id=tell.person_id,
            account_id=tell.account_id,
            issue_id=str(tell.issue_id),
            generation=tell.generation,
            kind=tell.kind,
        ),
    )


def _key(ship: Ship) -> tuple[int, int]:
    return ship.issue_id, ship.generation


def _in_message(tell: Tell, message_id: str) -> Tell:
    return msgspec.structs.replace(tell, message_id=message_id)
