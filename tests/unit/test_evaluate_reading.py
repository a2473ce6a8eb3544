"""A folder of labelled remarks is read as it was meant, or refused by file and line."""

import json
from pathlib import Path

import pytest

from streams.link.evaluate_reading import BadFolder, read_folder

EPICS = [{"id": f"c{n}", "pool": "p", "title": f"title {n}"} for n in range(3)]
QUERIES = [{"id": f"q{n}", "pool": "p", "text": f"text {n}"} for n in range(3)]
GOLD = [{"query_id": f"q{n}", "gold": [f"c{n}"]} for n in range(3)]


def lines(of: list[dict[str, object]]) -> bytes:
    """JSON lines."""
    return "\n".join(map(json.dumps, of)).encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A right one."""
    for name, of in (("candidates", EPICS), ("queries", QUERIES), ("gold", GOLD)):
        (tmp_path / f"{name}.jsonl").write_bytes(lines(of))
    return tmp_path


def test_a_byte_order_mark_and_null_are_nothing(folder: Path) -> None:
    """Some editors write the one, some exporters the other."""
    bare = read_folder(folder)
    for name, of in (
        ("candidates", [one | {"description": None} for one in EPICS]),
        ("queries", QUERIES),
        ("gold", [*GOLD[:2], {"query_id": "q2", "gold": None}]),
    ):
        (folder / f"{name}.jsonl").write_bytes(b"\xef\xbb\xbf" + lines(of))
    read = read_folder(folder)
    assert [epic.row for epic in read.epics] == [epic.row for epic in bare.epics]
    assert read.queries == bare.queries
    assert read.gold == bare.gold | {"q2": frozenset()}


TWICE = [
    ("candidates", EPICS, r"candidates\.jsonl:4: id 'c1' stands in line 2 already"),
    ("queries", QUERIES, r"queries\.jsonl:4: id 'q1' stands in line 2 already"),
    ("gold", GOLD, r"gold\.jsonl:4: query_id 'q1' stands in line 2 already"),
]


@pytest.mark.parametrize(("name", "of", "said"), TWICE)
def test_what_stands_there_twice_is_refused_with_both_lines(
    folder: Path, name: str, of: list[dict[str, object]], said: str
) -> None:
    """Else one of the two would be measured, and nobody could say which."""
    (folder / f"{name}.jsonl").write_bytes(lines([*of, of[1]]))
    with pytest.raises(BadFolder, match=said):
        read_folder(folder)


@pytest.mark.parametrize("name", ["candidates", "queries"])
def test_nothing_to_measure_is_refused(folder: Path, name: str) -> None:
    """Blank lines are no lines."""
    (folder / f"{name}.jsonl").write_bytes(b"\n\n")
    with pytest.raises(BadFolder, match=rf"{name}\.jsonl has no line"):
        read_folder(folder)


ODD = [
    (b'{"id": "q0", "pool": "p", "text": "\xff"}', r"queries\.jsonl:1: not UTF-8 \(byte 0xff\)"),
    (b'{"id": "q0", "pool": "p", "text": "x"}\n{oops', r"queries\.jsonl:2: JSON is malformed"),
    (b'{"z": ' + b"[" * 100_000, r"queries\.jsonl:1: "),
]


@pytest.mark.parametrize(("body", "said"), ODD, ids=["not UTF-8", "no JSON", "deep"])
def test_a_line_that_cannot_be_read_is_named(folder: Path, body: bytes, said: str) -> None:
    """File and line."""
    (folder / "queries.jsonl").write_bytes(body)
    with pytest.raises(BadFolder, match=said):
        read_folder(folder)


@pytest.mark.parametrize("name", ["candidates", "history"])
def test_a_folder_in_place_of_a_file_is_refused(folder: Path, name: str) -> None:
    """Also where the file may be missing."""
    (folder / f"{name}.jsonl").unlink(missing_ok=True)
    (folder / f"{name}.jsonl").mkdir()
    with pytest.raises(BadFolder, match=rf"{name}\.jsonl cannot be read: Is a directory"):
        read_folder(folder)
