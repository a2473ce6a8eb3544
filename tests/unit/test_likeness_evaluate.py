"""The evaluation reads a folder of labelled remarks and reports with intervals."""

import json
from pathlib import Path

import pytest

from streams.link.evaluate import evaluate
from streams.link.evaluate_reading import BadFolder

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
    assert (report.unreachable, report.unlabelled, report.strays) == (0, 0, 0)
    assert (report.confirmations, report.lessons) == (0, 0)


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


def pools(folder: Path, *, history: bool) -> Path:
    """Two trackers with the same titles, each asked about its own; long enough to certify."""
    folder.mkdir()
    named = [(pool, n, title) for pool in "ab" for n, title in enumerate(TITLES)]
    write(
        folder / "candidates.jsonl",
        [{"id": f"{pool}{n}", "pool": pool, "title": title} for pool, n, title in named],
    )
    asked = [(f"{pool}{n}q{k}", pool, n, f"{t} {k}") for pool, n, t in named for k in range(20)]
    write(
        folder / "queries.jsonl",
        [{"id": each, "pool": pool, "text": text} for each, pool, _, text in asked],
    )
    write(
        folder / "gold.jsonl",
        [{"query_id": each, "gold": [f"{pool}{n}"]} for each, pool, n, _ in asked],
    )
    if history:
        write(
            folder / "history.jsonl",
            [{"text": f"{t} again", "gold": [f"{pool}{n}"]} for pool, n, t in named] * 3,
        )
    return folder


def test_a_history_teaches_within_each_pool(tmp_path: Path) -> None:
    """A remark is never held against the like of another tracker, taught or not."""
    without = evaluate(pools(tmp_path / "without", history=False))
    taught = evaluate(pools(tmp_path / "with", history=True))
    assert without.coverage.value == taught.coverage.value == 1
    assert (taught.confirmations, taught.lessons) == (3, 30)


def test_a_history_of_nothing_known_is_no_history(folder: Path) -> None:
    """It is counted, and nothing is said to be confirmed."""
    write(folder / "history.jsonl", [{"text": "x", "gold": ["none"]}, {"text": "y", "gold": []}])
    report = evaluate(folder)
    assert (report.confirmations, report.lessons, report.strays) == (0, 0, 1)


def test_a_right_epic_that_cannot_be_found_is_missed(folder: Path) -> None:
    """It stays among what was asked, be it in no pool or in another; and is counted."""
    write(
        folder / "candidates.jsonl",
        [{"id": str(n), "pool": "p", "title": title} for n, title in enumerate(TITLES) if n < 4]
        + [{"id": "4", "pool": "elsewhere", "title": TITLES[4]}],
    )
    report = evaluate(folder)
    assert (report.with_gold, report.unreachable) == (32, 8)
    assert report.r1.value == report.r5.value == report.mrr.value == 0.75


def test_a_pool_without_candidates_is_missed(folder: Path) -> None:
    """With a history as well."""
    queries = [{"id": "q1", "pool": "p", "text": TITLES[1]}, {"id": "q2", "pool": "q", "text": "x"}]
    write(folder / "dev" / "queries.jsonl", queries)
    write(folder / "history.jsonl", [{"text": "dark", "gold": ["2"]}])
    report = evaluate(folder)
    assert (report.queries, report.with_gold, report.unreachable) == (2, 2, 1)
    assert report.r1.value == 0.5


def test_labels_that_fit_nothing_are_counted(folder: Path) -> None:
    """Gold of no remark; and a remark without gold has no right epic."""
    write(folder / "dev" / "gold.jsonl", [{"query_id": "q1", "gold": ["1"]}, {"query_id": "zz"}])
    report = evaluate(folder)
    assert (report.with_gold, report.unlabelled, report.strays) == (1, 39, 1)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_few_remarks_are_answered(folder: Path, size: int) -> None:
    """Without a warning of numpy."""
    inner = folder / "dev"
    queries = (inner / "queries.jsonl").read_text().splitlines()[:size]
    (inner / "queries.jsonl").write_text("\n".join(queries))
    report = evaluate(folder)
    assert (report.queries, report.strays) == (size, 40 - size)
