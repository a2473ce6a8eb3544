"""Nothing to parse here: `streams.verify` reads ``source.reply`` itself."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.delivery import Delivery
from streams.collect.source import Ignored, Result, digest

REPLY = "reply"


def delivery_id(body: bytes) -> str:
    """The same answer by the same link is the same delivery."""
    return digest(body)


def parse(_delivery: Delivery) -> Sequence[Result]:
    """Nothing: the answer is the business of the room that made the link."""
    return [Ignored(REPLY, "streams.verify reads source.reply itself")]
