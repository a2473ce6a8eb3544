"""A command's standard output is its answer alone."""

import pytest
import structlog

from streams.commands import root


def test_what_a_command_logs_is_no_part_of_its_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A warning before it would make of ``--json`` something that is none."""
    before = structlog.get_config()

    def warn(_arguments: list[str]) -> int:
        structlog.get_logger().warning("a table that cannot be read")
        return 0

    monkeypatch.setattr(root, "run", warn)
    try:
        with pytest.raises(SystemExit, match="0"):
            root.main()
    finally:
        structlog.configure(**before)
    out, err = capsys.readouterr()
    assert out == ""
    assert "a table that cannot be read" in err
