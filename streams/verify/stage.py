"""Two stages: what the mail provider reports, and what people say by the links in our mails."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from schemas.codec import EARLIEST, FUTURE_SKEW, decode, validate
from schemas.errors import InvalidEvent
from schemas.events import NotificationSettled
from schemas.topics import NOTIFICATION_SETTLED
from sinks.contracts import Outgoing
from sinks.store.contract import Transaction
from sinks.store.mailstate import ARRIVED
from sinks.store.rows import Answer, Message, Report
from streams import metrics
from streams.batches import Record
from streams.stage import Stage
from streams.verify.loops import CAME_BACK, Step, came_back, move_on, ships_of, told
from streams.verify.reply import TOPIC, decode_reply
from streams.verify.rules import in_mail
from streams.verify.tokens import Token, check

_EVENTS = (NotificationSettled,)


class VerifyStage:
    """What the provider's reports come to, as a `Stage` over ``notification.settled``."""

    def stage(self) -> Stage[Report]:
        """The stage to run."""
        return Stage("verify", (NOTIFICATION_SETTLED,), self.read, self.write)

    def read(self, record: Record, now: datetime) -> Report:
        """The provider's report on one mail."""
        event = decode(record.value, record.headers, _EVENTS)
        validate(event, record.value or b"", now)
        said = event.data
        return Report(
            id=said.provider_id,
            message_id=said.message,
            outcome=said.outcome,
            reason=said.reason,
            at=event.time,
        )

    def write(self, tx: Transaction, reports: Sequence[Report], now: datetime) -> list[Outgoing]:
        """Settle the mails; what arrived is told, also where we crashed before we wrote it."""
        steps: list[Step] = []
        for message in tx.messages.settle(reports):
            metrics.MAILS.labels(message.state).inc()
            if message.state in ARRIVED:
                said = in_mail(tx.tells.of_message(message.id))
                tx.ships.correct(ships_of(said), now)
                steps += told(said, _handed_over(message, now))
            elif message.state in CAME_BACK:
                came_back(tx, message, _handed_over(message, now), now)
        move_on(tx, steps)
        return []


def _handed_over(message: Message, now: datetime) -> datetime:
    return message.sent_at or message.claimed_at or now


class Said(msgspec.Struct, frozen=True):
    """A link that was used, and when."""

    token: Token
    at: datetime
    words: str = ""


class ReplyStage:
    """Wires the links' secret to a `Stage` over ``source.reply``."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def stage(self) -> Stage[Said]:
        """The stage to run."""
        return Stage("reply", (TOPIC,), self.read, self.write)

    def read(self, record: Record, now: datetime) -> Said:
        """The token, checked again as of when it was used."""
        reply = decode_reply(record.value)
        if not EARLIEST <= reply.at <= now + FUTURE_SKEW:
            raise InvalidEvent("no clock of ours can have shown this", "$.at")
        return Said(check(reply.token, self._secret, reply.at), reply.at, reply.comment)

    def write(self, tx: Transaction, items: Sequence[Said], _now: datetime) -> list[Outgoing]:
        """One effect a link, whatever is pressed how often; what was written beside it is kept."""
        used = [said for said in items if tx.loops.use_reply(said.token.id, said.at)]
        move_on(tx, [_step(said) for said in used])
        tx.loops.keep([_answer(said) for said in used if said.words])
        return []


def _answer(said: Said) -> Answer:
    """The words stay in the store: no topic of ours carries them further, nor does the tracker."""
    token = said.token
    return Answer(
        token_id=token.id,
        account_id=token.account_id,
        issue_id=token.issue_id,
        said=token.action,
        at=said.at,
        by=token.who,
        words=said.words,
    )


def _step(said: Said) -> Step:
    token = said.token
    return Step(
        account_id=token.account_id,
        issue_id=token.issue_id,
        action=token.action,
        at=said.at,
        by=token.who,
    )
