"""Who waits for a part at the start can read for which, from the first second on."""

import pytest
from structlog.testing import capture_logs

from schemas.errors import SinkRefused, SinkUnreachable
from streams.commands.waiting import PATIENCE_S, SAY_EVERY_S, wait_for


class Hours:
    """A clock that sleeping moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def read(self) -> float:
        """Seconds."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Time goes by."""
        self.now += seconds


def test_what_is_there_is_not_waited_for() -> None:
    """One line, and on."""
    hours = Hours()
    with capture_logs() as logs:
        wait_for("broker 127.0.0.1:9092", lambda: None, clock=hours.read, sleep=hours.sleep)
    assert [(line["event"], line["to"]) for line in logs] == [
        ("connecting", "broker 127.0.0.1:9092")
    ]
    assert hours.now == 1_000.0


def test_what_is_away_is_said_at_once_and_every_few_seconds_until_it_is_there() -> None:
    """For how long by now, and why."""
    hours = Hours()

    def look() -> None:
        if hours.now < 1_012:
            raise SinkUnreachable("broker 127.0.0.1:9092: refused")

    with capture_logs() as logs:
        wait_for("broker", look, clock=hours.read, sleep=hours.sleep)
    waited = [line for line in logs if line["event"] == "waiting"]
    assert [line["for_s"] for line in waited] == [0, SAY_EVERY_S, 2 * SAY_EVERY_S]
    assert {line["why"] for line in waited} == {"broker 127.0.0.1:9092: refused"}


def test_after_a_minute_it_is_given_up() -> None:
    """The command then ends with exit status 3."""
    hours = Hours()

    def look() -> None:
        raise SinkUnreachable("refused")

    with pytest.raises(SinkUnreachable, match="refused"):
        wait_for("store", look, clock=hours.read, sleep=hours.sleep)
    assert hours.now == 1_000 + PATIENCE_S


def test_what_answers_with_a_no_is_not_asked_again() -> None:
    """Waiting would not help."""
    hours = Hours()

    def look() -> None:
        raise SinkRefused("store is at nothing")

    with pytest.raises(SinkRefused):
        wait_for("store", look, clock=hours.read, sleep=hours.sleep)
    assert hours.now == 1_000.0
