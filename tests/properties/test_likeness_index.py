"""Two workers that hold the same epics rank alike, whatever they went through before."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.link.likeness import postings, table
from streams.link.likeness.features import NAMES
from streams.link.likeness.index import Index

WORDS = st.sampled_from(
    ["export", "invoice", "login", "mobile", "crash", "dark", "search", "filter", "report", "sync"]
)
TEXT = st.lists(WORDS, max_size=6).map(" ".join)
EPICS = st.dictionaries(st.text("abc123", min_size=1, max_size=3), st.tuples(TEXT, TEXT))


@settings(max_examples=60, deadline=None)
@given(epics=EPICS, other=EPICS, query=TEXT, seed=st.randoms())
def test_ranking_does_not_depend_on_the_order_of_arrival(
    epics: dict[str, tuple[str, str]],
    other: dict[str, tuple[str, str]],
    query: str,
    seed: np.random.Generator,
) -> None:
    """Nor on epics that came and went, nor on how they were batched."""
    straight = Index()
    straight.put_all((epic_id, *words) for epic_id, words in epics.items())
    winding = Index()
    for epic_id, words in other.items():
        winding.put(epic_id, *words)
    for epic_id in other:
        winding.remove(epic_id)
    shuffled = sorted(epics.items())
    seed.shuffle(shuffled)
    for epic_id, words in shuffled:
        winding.put(epic_id, *words)
    assert winding.rank([query], 10) == straight.rank([query], 10)


@settings(max_examples=30, deadline=None)
@given(epics=EPICS, query=TEXT, seed=st.randoms())
def test_what_is_told_of_the_best_does_not_depend_on_the_order_of_arrival(
    epics: dict[str, tuple[str, str]], query: str, seed: np.random.Generator
) -> None:
    """Also where several are equally good: which one is best is decided by id."""
    straight, shuffled = Index(table.packaged()), Index(table.packaged())
    straight.put_all((epic_id, *words) for epic_id, words in epics.items())
    turned = sorted(epics.items())
    seed.shuffle(turned)
    shuffled.put_all((epic_id, *words) for epic_id, words in turned)
    one, other = (index.look([query], 1).features for index in (straight, shuffled))
    own = [NAMES.index(name) for name in ("log_title_words", "like_second", "like_all")]
    assert (one[:, own] == other[:, own]).all()
    np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(epics=EPICS, query=TEXT, short=st.integers(0, 4))
def test_ranking_does_not_depend_on_when_the_tail_is_merged(
    epics: dict[str, tuple[str, str]], query: str, short: int
) -> None:
    """The index's layout is nobody's business."""
    straight = Index()
    straight.put_all((epic_id, *words) for epic_id, words in epics.items())
    kept, postings.SHORTEST_TAIL = postings.SHORTEST_TAIL, short
    try:
        merged = Index()
        for epic_id, words in epics.items():
            merged.put(epic_id, *words)
        assert merged.rank([query], 10) == straight.rank([query], 10)
    finally:
        postings.SHORTEST_TAIL = kept
