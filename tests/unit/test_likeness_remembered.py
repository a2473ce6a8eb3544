"""Vectors of learned texts are kept by digest: the same sums, nothing of a text, nothing stale."""

import hashlib
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from safetensors.numpy import load, save

from streams.link.likeness import remembered
from streams.link.likeness.learning import Taught
from streams.link.likeness.remembered import Remembered
from streams.link.likeness.saved import Stale
from streams.link.likeness.scores import Matrix
from streams.link.likeness.table import packaged
from tests.unit.damaged import changed
from tests.unit.hashed_encoder import Hashed

TEXTS = ["Sort the ledger", "Dark mode", "", "Sort the ledger", "ключ \ud800 🙂", "word " * 9_000]


class Counting:
    """Says what it was asked to encode."""

    def __init__(self) -> None:
        self.name, self.width = packaged().name, packaged().width
        self.asked: list[str] = []

    def encode(self, texts: list[str]) -> Matrix:
        """As the packaged table does."""
        self.asked += texts
        return packaged().encode(texts)


def kept(*texts: str) -> bytes:
    """Vectors of these texts."""
    made = Remembered(Hashed())
    made.encode(texts)
    body = made.keepable(texts, none_else=True)
    assert body is not None
    return body


def test_sums_of_kept_vectors_are_those_of_vectors_computed_anew() -> None:
    """Bit for bit, also where some are kept and some are not."""
    plain, first, later = Taught(packaged()), Remembered(packaged()), Remembered(packaged())
    first.encode(TEXTS[:3])
    body = first.keepable(TEXTS, none_else=True)
    assert body is not None
    later.load(body)
    taught = Taught(later)
    for each in (plain, taught):
        each.meet(TEXTS)
        each.learn_all([(str(at % 2), text) for at, text in enumerate(TEXTS)])
        each.part(TEXTS[:1])
        each.unlearn("1", TEXTS[1])
    assert taught.state() == plain.state()


def test_a_text_is_encoded_once() -> None:
    """Twice in one question, in another one, and once it was kept."""
    encoder = Counting()
    first = Remembered(encoder)
    first.encode(TEXTS)
    first.encode(TEXTS[2:])
    assert encoder.asked == list(dict.fromkeys(TEXTS))
    later = Remembered(encoder)
    later.load(first.keepable(TEXTS, none_else=True) or b"")
    assert (later.encode(TEXTS) == first.encode(TEXTS)).all()
    assert encoder.asked == list(dict.fromkeys(TEXTS))
    assert later.encode([]).shape == (0, encoder.width)


def test_it_is_worth_keeping_with_more_than_one_in_a_hundred_come_or_gone() -> None:
    """And with any one gone, where none may stay."""
    texts = [f"text {number}" for number in range(300)]
    made = Remembered(Hashed())
    made.encode(texts)
    assert made.keepable(texts, none_else=False)
    made.encode(["1", "2"])
    assert made.keepable([*texts, "1", "2"], none_else=True) is None
    made.encode([])
    assert made.keepable([*texts, "1"], none_else=False) is None
    made.encode(["3"])
    assert made.keepable([*texts, "1", "3"], none_else=False)
    made.encode([])
    assert made.keepable(texts[1:], none_else=True)


def test_nothing_is_looked_through_where_nothing_was_asked() -> None:
    """It is looked for every few seconds whether there is something to keep."""

    def texts() -> Iterator[str]:
        raise AssertionError("looked through")
        yield ""

    made = Remembered(Hashed())
    assert made.keepable(texts(), none_else=True) is None
    made.encode(["one"])
    with pytest.raises(AssertionError, match="looked through"):
        made.keepable(texts(), none_else=True)


def test_what_no_text_has_any_more_is_kept_no_longer() -> None:
    """Neither its vector nor its digest; and nothing that is kept is a text."""
    made = Remembered(Hashed())
    made.encode(["stays", "goes"])
    made.load(made.keepable(["stays", "goes"], none_else=True) or b"")
    body = made.keepable(["stays"], none_else=True) or b""
    assert load(body)["digests"].tobytes() == hashlib.sha256(b"stays").digest()
    assert load(body)["rows"].shape == (1, Hashed.width)
    assert b"stays" not in body
    later = Remembered(Hashed())
    later.load(body)
    assert load(later.keepable([], none_else=True) or b"")["rows"].shape == (0, Hashed.width)


def test_no_more_than_the_bound_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same ones whoever keeps them; the others are encoded."""
    monkeypatch.setattr(remembered, "MOST", 2)
    body = kept("one", "two", "three")
    assert body == kept("three", "two", "one")
    assert len(load(body)["rows"]) == 2
    later = Remembered(Hashed())
    later.load(body)
    assert (later.encode(["one", "two", "three"]) * 1024 % 1 == 0).all()


DAMAGED: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: b"",
    "half": lambda body: body[: len(body) // 2],
    "other parts": lambda _: save({"rows": np.zeros((2, 4), np.int16)}),
    "a number": changed("rows", lambda held: held + np.int16(1)),
    "a digest": changed("digests", lambda held: held[::-1].copy()),
    "a row less": changed("rows", lambda held: held[:-1]),
    "no mark": changed("mark", lambda held: held[:-1]),
}


@pytest.mark.parametrize("how", DAMAGED)
def test_damaged_vectors_are_not_taken_up(how: str) -> None:
    """Not one of them."""
    made = Remembered(Hashed())
    with pytest.raises(Stale):
        made.load(DAMAGED[how](kept("one", "two")))
    assert made.keepable(["one", "two"], none_else=True) is None


def test_vectors_of_another_encoder_are_not_taken_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Told by its name, which is another for every other set of vectors."""
    body = kept("one")
    monkeypatch.setattr(Hashed, "name", "other")
    with pytest.raises(Stale):
        Remembered(Hashed()).load(body)
