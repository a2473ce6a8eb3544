"""What a failed HTTP answer means for us."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from schemas.errors import SinkBusy, SinkRefused, SinkUnreachable
from sinks.http.answers import LONGEST_PATIENCE_S, PATIENCE_S, failure, retry_after_s

NOW = datetime(2026, 7, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": " 0.5 "}, 0.5),
        ({"RETRY-AFTER": "Wed, 01 Jul 2026 12:01:30 GMT"}, 90.0),
        ({"Retry-After": "Wed, 01 Jul 2026 12:01:30 -0000"}, 90.0),
        ({"Retry-After": "Wed, 01 Jul 2026 11:00:00 GMT"}, 0.0),
        ({"Retry-After": "Fri, 01 Jul 2050 12:00:00 GMT"}, LONGEST_PATIENCE_S),
        ({"Retry-After": "9" * 40}, LONGEST_PATIENCE_S),
        ({"X-RateLimit-Reset": str(int(NOW.timestamp()) + 12)}, 12.0),
        ({"Retry-After": "3", "X-RateLimit-Reset": "0"}, 3.0),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "²"}, None),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "99 Foo 2026 99:99:99 GMT"}, None),
        ({}, None),
    ],
)
def test_how_long_to_stay_away(headers: dict[str, str], wait_s: float | None) -> None:
    """Seconds, a date, SendGrid's own header; and whatever a proxy may write there."""
    assert retry_after_s(headers, NOW) == wait_s


def test_429_is_busy_even_where_no_time_is_named() -> None:
    """Then for a while of our own."""
    named = failure("x", 429, "", {"Retry-After": "7"}, NOW)
    unnamed = failure("x", 429, "", {}, NOW)
    assert isinstance(named, SinkBusy)
    assert isinstance(unnamed, SinkBusy)
    assert (named.retry_after_s, unnamed.retry_after_s) == (7.0, PATIENCE_S)


def test_503_is_busy_where_it_names_a_time() -> None:
    """And unreachable where it does not."""
    assert isinstance(failure("x", 503, "", {"Retry-After": "7"}, NOW), SinkBusy)
    assert isinstance(failure("x", 503, "", {}, NOW), SinkUnreachable)


@pytest.mark.parametrize("status", [408, 425, 500, 502, 504, 599])
def test_what_passes_by_itself_is_temporary(status: int) -> None:
    """Worth another try."""
    assert isinstance(failure("x", status, "", {}, NOW), SinkUnreachable)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422])
def test_a_no_is_a_no(status: int) -> None:
    """It keeps its status."""
    error = failure("x", status, "", {}, NOW)
    assert isinstance(error, SinkRefused)
    assert error.status == status


def test_a_whole_page_of_reasons_is_cut() -> None:
    """Onto one line."""
    said = str(failure("a call", 400, "<html>\n" + "x" * 10_000, {}, NOW))
    assert said.startswith("a call: 400 <html> xxx")
    assert len(said) < 600
