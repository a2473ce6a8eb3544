"""Probabilities are calibrated, and a certified threshold keeps its promise."""

import numpy as np
import pytest

from streams.link.likeness import certainty
from streams.link.likeness.logistic import fit_logistic, fit_steps


def sample(size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Features whose first column tells the chance of being right."""
    random = np.random.default_rng(seed)
    features = random.normal(size=(size, 3))
    right = random.random(size) < 1 / (1 + np.exp(-3 * features[:, 0]))
    return features, right


def test_the_first_threshold_needs_as_many_audits_as_the_promise_is_strict() -> None:
    """Where three errors would still pass (LINKING 4)."""
    assert [certainty.smallest_sample(p, 0.1) for p in (0.8, 0.9, 0.95)] == [32, 65, 132]


@pytest.mark.parametrize("size", [10, 400, 3000])
def test_the_probability_is_what_happens(size: int) -> None:
    """Few labels, some, and enough for steps."""
    model = certainty.fit(*sample(size, 1))
    features, right = sample(5000, 2)
    least = {10: 0.2, 400: 0.05, 3000: 0.03}[size]
    assert certainty.ece(model.probability(features), right) < least
    assert certainty.auroc(model.rank(features), right) > 0.8


def test_one_kind_of_label_gives_a_finite_curve() -> None:
    """All right so far is not certainty."""
    model = fit_logistic(np.zeros((5, 1)), np.ones(5, np.bool_))
    assert 0.5 < model.probability(np.zeros((1, 1)))[0] < 1


def test_steps_never_fall() -> None:
    """Adjacent violators are pooled."""
    features, right = sample(500, 3)
    steps = fit_steps(features[:, 0], right)
    assert (np.diff(steps.value(np.linspace(-3, 3, 100))) >= 0).all()


def test_nothing_is_linked_where_nothing_can_be_known() -> None:
    """Too few audits, or none right."""
    assert certainty.certify(np.full(64, 0.99), np.ones(64, np.bool_)) is None
    assert certainty.certify(np.full(500, 0.99), np.zeros(500, np.bool_)) is None


def test_the_promise_is_kept_in_at_least_the_promised_share_of_samples() -> None:
    """With p = .9 and delta = .1, on fresh remarks."""
    kept = []
    for seed in range(60):
        features, right = sample(600, seed)
        found = certainty.certify(certainty.cross_rank(features, right), right)
        model = certainty.fit(features, right)
        fresh, truth = sample(4000, 10_000 + seed)
        linked = model.rank(fresh) >= (2.0 if found is None else found.least)
        kept.append(not linked.any() or truth[linked].mean() >= 0.9)
    assert np.mean(kept) >= 0.87


def test_a_remark_is_as_sure_whatever_it_is_asked_with() -> None:
    """To the last bit, since a threshold may lie there."""
    rng = np.random.default_rng(3)
    features = rng.normal(size=(999, 24))
    curve = fit_logistic(features, rng.random(999) < 0.5)
    together = curve.probability(features)
    alone = np.concatenate([curve.probability(row[None]) for row in features])
    turned = curve.probability(np.asfortranarray(features))
    assert (together == alone).all()
    assert (together == turned).all()
