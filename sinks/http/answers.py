"""What an HTTP answer that is not a success means for us, as one of our named errors."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from schemas.errors import CloseloopError, SinkBusy, SinkRefused, SinkUnreachable

PATIENCE_S = 30.0
"""How long to wait where the other side says 429 but not for how long."""
LONGEST_PATIENCE_S = 3600.0
"""No header keeps us away for longer: a wrong clock over there must not stop a sink for a day."""
_BRIEF = 500
_TEMPORARY = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY}


def failure(
    what: str, status: int, reason: str, headers: Mapping[str, str], now: datetime
) -> CloseloopError:
    """The error that a failed answer stands for.

    `SinkBusy` for 429, and for 503 that names a time; `SinkUnreachable` for 408, 425 and 5xx;
    `SinkRefused` for the rest. Words of the other side are shortened: it may send a whole page.
    """
    wait_s = retry_after_s(headers, now)
    said = f"{what}: {status} {' '.join(reason.split())[:_BRIEF]}".rstrip()
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return SinkBusy(said, PATIENCE_S if wait_s is None else wait_s)
    if status == HTTPStatus.SERVICE_UNAVAILABLE and wait_s is not None:
        return SinkBusy(said, wait_s)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _TEMPORARY:
        return SinkUnreachable(said)
    return SinkRefused(said, status)


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds until we may come back, at most `LONGEST_PATIENCE_S`; None where nothing is said.

    ``Retry-After`` is seconds or an HTTP date (RFC 9110 section 10.2.3). SendGrid sends
    ``X-RateLimit-Reset`` instead, seconds since 1970 (Twilio's page on rate limits, read 2026-07).
    """
    said = {name.lower(): value.strip() for name, value in headers.items()}
    after, reset = said.get("retry-after", ""), said.get("x-ratelimit-reset", "")
    wait_s = _seconds(after)
    if wait_s is None:
        wait_s = _until(after, now)
    if wait_s is None and (at := _seconds(reset)) is not None:
        wait_s = at - now.timestamp()
    return None if wait_s is None else min(max(wait_s, 0.0), LONGEST_PATIENCE_S)


def _seconds(text: str) -> float | None:
    whole, _, fraction = text.partition(".")
    is_number = text.isascii() and whole.isdigit() and (fraction.isdigit() or not fraction)
    return float(text) if is_number else None


def _until(text: str, now: datetime) -> float | None:
    """Seconds from `now` to an HTTP date."""
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
