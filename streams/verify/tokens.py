"""The links in our mails: signed, expiring, each for one action of one person. Pure.

A token carries all that its use needs and nothing that its holder may not see: it is signed, not
sealed. Its id is a digest of tell and action, so that a mail that was sent twice has one effect.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Literal, TypeAlias, get_args

import msgspec

from schemas.errors import BadSettings, InvalidEvent
from sinks.store.rows import Tell
from streams.tell.views import Links

Action: TypeAlias = Literal["acknowledged", "customer_told", "solved", "not_solved"]
ACTIONS: tuple[Action, ...] = get_args(Action)
CUSTOMER = "customer"
"""Who uses the customer's two links: a token names no customer."""
OF_CUSTOMER: frozenset[Action] = frozenset({"solved", "not_solved"})
SHORTEST_SECRET = 16
LONGEST_TOKEN = 4_000
_CONTEXT = b"closeloop.reply.v1."


class Tampered(InvalidEvent):
    """A token that we did not sign: refused, or dead-lettered where it came over Kafka."""


class Expired(InvalidEvent):
    """A token that we did sign, used too late: refused, or dead-lettered."""


class Token(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a link says.

    Attributes:
        id: one effect each.
        tell: the notification id of the tell whose mail carries the link.
        who: the rep's person id, or `CUSTOMER`.
        expires_s: seconds since 1970.
    """

    id: str
    action: Action
    tell: str
    account_id: str
    issue_id: int
    who: str
    expires_s: int


_decoder = msgspec.json.Decoder(Token)


def token_id(tell_id: str, action: Action) -> str:
    """The id of a tell's link for one action, the same in every copy of the mail."""
    return blake2b(f"{tell_id}:{action}".encode(), digest_size=12).hexdigest()


def sign(token: Token, secret: str) -> str:
    """The token as it stands in a URL."""
    body = _encode(msgspec.json.encode(token))
    return f"{body}.{_signature(body, secret)}"


def check(text: str, secret: str, at: datetime) -> Token:
    """What a link says, if we signed it and it is still good.

    Raises:
        Tampered: we did not sign this, or not with this secret.
        Expired: it was good until before `at`.
    """
    body, _, signature = text.partition(".")
    if len(text) > LONGEST_TOKEN or not text.isascii() or not secret:
        raise Tampered("not a link of ours")
    if not hmac.compare_digest(signature, _signature(body, secret)):
        raise Tampered("not a link of ours")
    try:
        token = _decoder.decode(_decode(body))
    except (msgspec.MsgspecError, binascii.Error, ValueError):
        raise Tampered("not a link of ours") from None
    if at.timestamp() >= token.expires_s:
        raise Expired("the link was good until " + _until(token).isoformat())
    return token


class ReplyLinks:
    """Makes the links of a mail.

    Args:
        secret: signs them; at least `SHORTEST_SECRET` characters.
        public_url: where reps and customers reach the gateway.
        valid_s: how long a link can be used.

    Raises:
        BadSettings: the secret is too short to sign with.
    """

    def __init__(self, secret: str, public_url: str, valid_s: float) -> None:
        if len(secret) < SHORTEST_SECRET:
            raise BadSettings([f"reply_secret: at least {SHORTEST_SECRET} characters are needed"])
        self._secret = secret
        self._base = public_url.rstrip("/")
        self._valid = timedelta(seconds=valid_s)

    def of(self, tell: Tell, now: datetime) -> Links:
        """All four links of one tell."""
        urls = {action: self._url(tell, action, now) for action in ACTIONS}
        return Links(
            acknowledged=urls["acknowledged"],
            customer_told=urls["customer_told"],
            solved=urls["solved"],
            not_solved=urls["not_solved"],
        )

    def _url(self, tell: Tell, action: Action, now: datetime) -> str:
        token = Token(
            token_id(tell.id, action),
            action,
            tell.id,
            tell.account_id,
            tell.issue_id,
            CUSTOMER if action in OF_CUSTOMER else tell.person_id,
            int((now + self._valid).timestamp()),
        )
        return f"{self._base}/r/{sign(token, self._secret)}"


def _signature(body: str, secret: str) -> str:
    return _encode(hmac.digest(secret.encode(), _CONTEXT + body.encode(), "sha256"))


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _until(token: Token) -> datetime:
    return datetime.fromtimestamp(token.expires_s, UTC)
