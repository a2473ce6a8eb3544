"""Every figure lies within its own interval, however few or odd the answers are."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.link import evaluate_figures as figures
from streams.link.likeness.features import NAMES

SIZES = st.one_of(st.integers(1, 12), st.sampled_from([40, 200]))


@settings(max_examples=25, deadline=None)
@given(size=SIZES, seed=st.integers(0, 2**32 - 1), share=st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]))
def test_every_figure_is_within_its_interval(size: int, seed: int, share: float) -> None:
    """And none is outside of 0..1."""
    random = np.random.default_rng(seed)
    right = random.random(size) < share
    places = np.where(right, 1.0, random.choice([2, 7, 900, np.inf], size))
    exact = np.full(size, right.mean())
    confidence = random.choice([random.random(size), right * 0.9 + 0.05, exact])
    for measure in (
        figures.mean(places <= 5),
        figures.mean(1 / places),
        figures.auroc(confidence, right),
        figures.ece(confidence, right),
    ):
        assert 0 <= measure.low <= measure.value <= measure.high <= 1


@settings(max_examples=4, deadline=None)
@given(size=st.sampled_from([1, 2, 131, 200, 400]), seed=st.integers(0, 2**32 - 1))
def test_coverage_is_within_its_interval(size: int, seed: int) -> None:
    """Also where next to nothing can be certified."""
    random = np.random.default_rng(seed)
    features = random.normal(size=(size, len(NAMES)))
    right = random.random(size) < 1 / (1 + np.exp(-3 - 2 * features[:, 0]))
    measure, kept = figures.coverage(features, right)
    assert 0 <= measure.low <= measure.value <= measure.high <= 1
    assert 0 <= kept <= 1


@given(right=st.lists(st.booleans(), min_size=1, max_size=60).map(np.array))
def test_every_part_has_its_share_of_right_and_wrong_answers(right: figures.Bools) -> None:
    """As many as any other, give or take one of each."""
    fold = figures.folds(right)
    for kind in (right, ~right):
        sizes = np.bincount(fold[kind], minlength=5)
        assert sizes.max() - sizes.min() <= 1
