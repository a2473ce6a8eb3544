"""What outsiders write into a log line commands no terminal."""

import json

import pytest
import structlog

from streams.logs import log_as

EVIL = "\x1b]0;owned\x07 \x9b31m\u202e \r over\ttab"


@pytest.mark.parametrize("as_json", [False, True])
def test_what_a_terminal_would_obey_is_written_out(
    *, as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Escapes, carriage returns, and what turns the direction of writing; tabs stay."""
    log_as(json=as_json)
    structlog.get_logger().warning("said", words=EVIL)
    line = capsys.readouterr().err
    for bad in "\x1b\x07\x9b\u202e\r":
        assert bad not in line
    words = json.loads(line)["words"] if as_json else line
    assert "\\x1b]0;owned" in words
    structlog.reset_defaults()


def test_an_exceptions_text_is_safe_too(capsys: pytest.CaptureFixture[str]) -> None:
    """It quotes what was read."""
    log_as(json=True)
    try:
        int(EVIL)
    except ValueError:
        structlog.get_logger().exception("failed")
    said = json.loads(capsys.readouterr().err)["exception"]
    assert "\x1b" not in said
    assert "x1b]0;owned" in said
    structlog.reset_defaults()
