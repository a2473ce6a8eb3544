"""One use of a link, as it stands on ``source.reply``: the button was pressed, by whom we know."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from schemas.errors import InvalidEvent, Undecodable
from schemas.events import Instant
from schemas.topics import BY_NAME
from sinks.contracts import Outgoing
from streams.verify.tokens import LONGEST_TOKEN

LONGEST_COMMENT = 4_000
TOPIC = BY_NAME["source.reply"]
HEADERS = [("content-type", b"application/json")]


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """The record's value.

    Attributes:
        token: as it stood in the link; checked again by whoever reads it.
        at: when the button was pressed; the link must have been good then.
        comment: what the customer wrote beside it; may be empty.
    """

    token: Annotated[str, Meta(min_length=1, max_length=LONGEST_TOKEN)]
    at: Instant
    comment: Annotated[str, Meta(max_length=LONGEST_COMMENT)] = ""


_decoder = msgspec.json.Decoder(Reply)


def outgoing(token_id: str, reply: Reply) -> Outgoing:
    """The record: all uses of one link have one key, so that one worker sees them all."""
    return Outgoing(TOPIC.name, token_id.encode(), msgspec.json.encode(reply), HEADERS)


def decode_reply(value: bytes | None) -> Reply:
    """The record's value.

    Raises:
        InvalidEvent: dead-lettered; it is not what our own page writes.
    """
    if value is None:
        raise Undecodable("a reply without a value says nothing")
    try:
        return _decoder.decode(value)
    except msgspec.ValidationError as error:
        raise InvalidEvent(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Undecodable(f"not JSON: {error}") from None
