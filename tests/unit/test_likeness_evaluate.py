"""The evaluation reads a folder of labelled remarks and reports with intervals."""

import json
from pathlib import Path

import pytest

from streams.link.evaluate import BadFolder, evaluate

TITLES = ["Export invoices", "Single sign-on", "Dark mode", "Audit log", "Mobile app"]


def write(path: Path, lines: list[dict[str, object]]) -> None:
    """One JSON document a line."""
    path.write_text("\n".join(json.dumps(line) for line in lines))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five epics, forty remarks; every fifth has no epic."""
    write(
        tmp_path / "candidates.jsonl",
        [{"id": str(n), "pool": "p", "title": title} for n, title in enumerate(TITLES)],
    )
    inner = tmp_path / "dev"
    inner.mkdir()
    asked = [(n, TITLES[n % 5] if n % 5 else "weather on mars") for n in range(40)]
    write(
        inner / "queries.jsonl",
        [{"id": f"q{n}", "pool": "p", "text": f"please {text} {n}"} for n, text in asked],
    )
    write(
        inner / "gold.jsonl",
        [
            {"query_id": f"q{n}", "gold": [str(n % 5)] if n % 5 else [], "none": not n % 5}
            for n, _ in asked
        ],
    )
    return tmp_path


def test_a_folder_where_titles_are_repeated_is_answered_in_full(folder: Path) -> None:
    """Every measure has its interval around it."""
    report = evaluate(folder)
    assert (report.queries, report.with_gold) == (40, 32)
    assert report.r1.value == report.r5.value == report.mrr.value == 1.0
    for measure in (report.r1, report.r5, report.mrr, report.auroc, report.ece, report.coverage):
        assert 0 <= measure.low <= measure.high <= 1
    assert report.coverage.value == 0  # twenty audits certify nothing


def test_the_same_folder_gives_the_same_report(folder: Path) -> None:
    """Seeds are fixed."""
    assert evaluate(folder) == evaluate(folder)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The command refuses with it."""
    with pytest.raises(BadFolder, match=r"candidates\.jsonl is missing"):
        evaluate(tmp_path)


def test_a_bad_line_is_named_with_its_number(folder: Path) -> None:
    """File and line."""
    (folder / "candidates.jsonl").write_text('{"id": 1}')
    with pytest.raises(BadFolder, match=r"candidates\.jsonl:1: .*\$\.id"):
        evaluate(folder)
