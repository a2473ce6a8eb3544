"""Nobody posts answers to ``/v1/sources/reply``: the page behind the link checks them itself."""

from __future__ import annotations

from datetime import datetime

from schemas.delivery import Delivery
from streams.collect.source import SignatureWrong


def verify(_delivery: Delivery, _secret: str, _now: datetime) -> None:
    """Always `NotAuthentic`: an answer comes in by its own page, or not at all."""
    raise SignatureWrong("answers come in by the page behind their link")
