"""Sends the mails that are due, one after the other, each claimed before it is handed over.

What became of a mail that was claimed is owed to the store: it stays in this process until it is
written, and nothing else is claimed before that. So a store that is away for a while costs neither
a second mail nor the long wait that a crash does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic

import msgspec
import structlog

from schemas.errors import SinkBusy, SinkRefused, Temporary
from sinks.absent import NoMailer
from sinks.contracts import Mail, Mailer
from sinks.store.contract import Store, Transaction
from sinks.store.mailstate import ARRIVED
from sinks.store.rows import Message, Tell
from streams import metrics
from streams.probe import Probe
from streams.tell.gather import LinksOf, gather
from streams.tell.message import Look, render
from streams.verify.loops import came_back, move_on, ships_of, told

log = structlog.get_logger()

MOST_MAILS = 500
"""Mails that one call sends, at most; the next call goes on."""
LONGEST_CALL_S = 60.0
"""After so long a call ends, for the next one knows what time it is. A claim is dated by its call:
by one that began hours ago, of a slow provider, it would have run out while its mail is sent."""
BACKOFF_S = 60.0
"""Before the second try; a provider's report on a first that went out is here by then."""
LONGEST_BACKOFF_S = 3600.0
SOON = timedelta(seconds=5)
"""Before another try where nothing was handed over, because the store did not answer."""
NOTHING_LEFT = "nothing of it was true any more"
IN_DOUBT = "an earlier try may have gone out"
NOT_WRITTEN = "what became of it could not be written"
LONGEST_REASON = 2_000


NOT_TRUE = "no longer true when its mail went out"


class Letter(msgspec.Struct, frozen=True):
    """A mail, the tells that it carries, and which of them it says; nothing to say is no mail."""

    mail: Mail | None
    carried: tuple[Tell, ...]
    said: tuple[Tell, ...]


class Owed(msgspec.Struct, frozen=True):
    """Something that must be written about a mail; repeating it is harmless."""

    outcome: str
    message: Message
    write: Callable[[Transaction], None]


class Post:
    """Sends what is due; one call at a time. Its arguments are those of `TellWork`."""

    def __init__(  # noqa: PLR0913, PLR0917 - made in one place, by TellWork
        self,
        store: Store,
        mailer: Mailer,
        links_of: LinksOf,
        look: Look,
        resend_after_s: float,
        probe: Probe,
    ) -> None:
        self._store = store
        self._mailer = mailer
        self._links_of = links_of
        self._look = look
        self._resend_after_s = resend_after_s
        self._probe = probe
        self._owed: deque[Owed] = deque()

    def send_due(self, now: datetime) -> int:
        """Send the mails that are due; how many those were. Without a provider they all wait."""
        if isinstance(self._mailer, NoMailer):
            return 0
        self._pay(now)
        began = monotonic()
        for count in range(MOST_MAILS):
            message = self._claim(now) if monotonic() - began < LONGEST_CALL_S else None
            if message is None:
                return count
            self._owed.append(self._deal_with(message, now))
            self._pay(now)
        return MOST_MAILS

    def _claim(self, now: datetime) -> Message | None:
        """One mail: whatever ends this process leaves no more than one in doubt."""
        with self._store.transaction() as tx:
            return next(iter(tx.messages.claim(now, self._resend_after_s, 1)), None)

    def _deal_with(self, message: Message, now: datetime) -> Owed:
        """Write it and hand it over; what is to be written about that."""
        try:
            letter = self._compose(message, now)
        except Temporary as error:
            return _not_taken(message, now + SOON, str(error))
        except Exception as error:
            log.exception("mail cannot be written", message=message.id)
            return _not_taken(message, now + backoff(message.attempts), repr(error))
        if letter.mail is None:
            return Owed("empty", message, lambda tx: _empty(tx, message, letter, now))
        return self._hand_over(message, letter, letter.mail, now)

    def _compose(self, message: Message, now: datetime) -> Letter:
        with self._store.transaction() as tx:
            tells = tx.tells.of_message(message.id)
            views = gather(tx, tells, now, self._links_of)
        mail = render(message, views, self._look, now) if views else None
        return Letter(mail, tuple(tells), tuple(view.tell for view in views))

    def _hand_over(self, message: Message, letter: Letter, mail: Mail, now: datetime) -> Owed:
        self._probe("send.before")
        try:
            provider_id = self._mailer.send(mail)
        except SinkBusy as error:  # surely not taken: it said when to come back
            return _not_taken(message, now + timedelta(seconds=error.retry_after_s), str(error))
        except Temporary as error:
            return _postponed(message, now + backoff(message.attempts), str(error))
        except SinkRefused as error:
            if error.status in LOGIN_FAULTS:  # about us, not about this mail: it waits
                log.warning("mail provider does not let us in", why=str(error))
                return _not_taken(message, now + backoff(message.attempts), str(error))
            log.error("mail refused", message=message.id, why=str(error))  # noqa: TRY400 - no bug
            why = str(error)
            return Owed("refused", message, lambda tx: _refused(tx, message, why, now))
        except Exception as error:
            log.exception("mailer failed", message=message.id)  # it may have gone out
            again_at = now + timedelta(seconds=self._resend_after_s)
            return _postponed(message, again_at, repr(error))
        self._probe("send.after")
        return Owed("sent", message, lambda tx: _settle(tx, message, provider_id, letter, now))

    def _pay(self, now: datetime) -> None:
        """Write what is owed, in order; `Temporary` leaves it for the next call.

        What cannot be written, whenever it is tried, is written as a mail that failed for that
        reason, so that it holds up no other; a mail that went out is at least known to have.
        """
        while self._owed:
            owed = self._owed[0]
            try:
                with self._store.transaction() as tx:
                    self._pass("settle.before", owed)
                    owed.write(tx)
            except Temporary:
                raise
            except Exception as error:
                log.exception("outcome of a mail cannot be written", message=owed.message.id)
                self._write_off(owed, repr(error), now)
            self._owed.popleft()
            self._pass("settle.after", owed)
            metrics.MAILS.labels(owed.outcome).inc()

    def _write_off(self, owed: Owed, why: str, now: datetime) -> None:
        id_ = owed.message.id
        try:
            with self._store.transaction() as tx:
                if owed.outcome == "sent":
                    tx.messages.sent(id_, "", now)
                else:
                    tx.messages.fail(id_, now, f"{NOT_WRITTEN}: {writable(why)}")
        except Temporary:
            raise
        except Exception:  # it stays in doubt, and is looked at again after resend_after_s
            log.exception("mail stays in doubt", message=id_)

    def _pass(self, point: str, owed: Owed) -> None:
        if owed.outcome == "sent":
            self._probe("settle.before" if point == "settle.before" else "settle.after")


LOGIN_FAULTS = frozenset({401, 402, 403, 530, 534, 535, 538})
"""A revoked key, a quota, a login, in HTTP's and SMTP's words: the mail is not lost."""


def backoff(attempts: int) -> timedelta:
    """How long to wait after so many tries: twice as long each time, up to an hour."""
    return timedelta(seconds=min(LONGEST_BACKOFF_S, BACKOFF_S * 2 ** min(attempts - 1, 10)))


def writable(text: str) -> str:
    """Any text as the store takes it, and not longer than a person reads."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")[:LONGEST_REASON]


def _postponed(message: Message, until: datetime, why: str) -> Owed:
    """It may have gone out."""
    reason = writable(why)
    return Owed("postponed", message, lambda tx: tx.messages.postpone(message.id, until, reason))


def _not_taken(message: Message, until: datetime, why: str) -> Owed:
    """It surely did not go out by this try."""
    reason, doubts = writable(why), message.doubts - 1
    return Owed(
        "postponed", message, lambda tx: tx.messages.postpone(message.id, until, reason, doubts)
    )


def _refused(tx: Transaction, message: Message, why: str, now: datetime) -> None:
    """It will never go out: somebody else is to be told of what it carries."""
    tx.messages.fail(message.id, now, writable(why), message.doubts - 1)
    came_back(tx, message, now, now)


def _empty(tx: Transaction, message: Message, letter: Letter, now: datetime) -> None:
    """Nothing of it is true any more; where an earlier try may have gone out, that is corrected."""
    why = NOTHING_LEFT if message.doubts == 1 else f"{NOTHING_LEFT}; {IN_DOUBT}"
    tx.messages.fail(message.id, now, why, message.doubts - 1)
    tx.ships.correct(ships_of(letter.carried), now)
    _lose(tx, message, letter)


def _settle(
    tx: Transaction, message: Message, provider_id: str, letter: Letter, now: datetime
) -> None:
    """It went out, so its tells are told, unless a report has it that it came back already."""
    tx.messages.sent(message.id, provider_id, now)
    stands = tx.messages.find(message.id)
    if stands is None or stands.state not in ARRIVED:
        return
    tx.ships.correct(ships_of(letter.carried), now)
    try:
        with tx.savepoint():
            move_on(tx, told(letter.said, stands.sent_at or now))
    except Temporary:
        raise
    except Exception:  # that it was sent must be written all the same, or it is sent again
        log.exception("loops not moved", message=message.id)
    _lose(tx, message, letter)


def _lose(tx: Transaction, message: Message, letter: Letter) -> None:
    """What no try of this mail has said may be told anew, should it become true again."""
    if message.doubts == 1:
        said = {tell.id for tell in letter.said}
        tx.tells.lose({tell.id for tell in letter.carried} - said, NOT_TRUE)
