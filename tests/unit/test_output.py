"""A table fits the terminal that it is shown on."""

import io
import sys

import pytest

from streams.commands.output import show_table

COLUMNS = ("remark", "account", "worth", "alike", "suggested", "words")
ROW = (
    "zendesk:4711",
    "Acme Freight",
    "900,000",
    7,
    "APP-1 0.95 (export, ledger); APP-2 0.40",
    "Please let us export the ledger as a spreadsheet, sorted by date",
)


class Terminal(io.StringIO):
    """What is written to it is shown to a person."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def _shown(monkeypatch: pytest.MonkeyPatch, width: int, *rows: tuple[object, ...]) -> list[str]:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", str(width))
    show_table(COLUMNS, rows)
    return terminal.getvalue().splitlines()


@pytest.mark.parametrize(("width", "most"), [(60, 8), (40, 10), (20, 20)])
def test_a_narrow_terminal_gets_one_field_below_the_other(
    monkeypatch: pytest.MonkeyPatch, width: int, most: int
) -> None:
    """No line is longer than it is wide, and no word is cut that fits."""
    lines = _shown(monkeypatch, width, ROW)
    assert len(lines) <= most
    assert max(map(len, lines)) <= width
    said = " ".join(" ".join(lines).split())
    for word in " ".join(map(str, ROW)).split():
        assert word in said


def test_rows_stand_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """By an empty line; what is not known is left out."""
    lines = _shown(monkeypatch, 60, ROW, ("form:1", None, "", 1, "", "other words"))
    assert lines[lines.index("") + 1 :] == [
        "form:1",
        "  alike: 1",
        "  words: other words",
    ]


def test_a_wide_terminal_gets_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the names above."""
    lines = _shown(monkeypatch, 160, ROW)
    assert any("suggested" in line and "words" in line for line in lines)
