"""The linking bench measures an engine, and says why where it cannot."""

from pathlib import Path

import pytest

from tests.bench import bench_linking
from tests.bench.linking_engines import TEXT_WORDS, made_up, measure, said


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


def test_missing_data_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is not part of the project."""
    assert bench_linking.main(["--no-speed", "--data", str(tmp_path / "none")]) == 0
    assert "none is not there" in capsys.readouterr().out
