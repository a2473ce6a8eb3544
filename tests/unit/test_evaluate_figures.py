"""Figures of small and large samples are what they are said to be."""

import numpy as np
import pytest

from streams.link import evaluate_figures as figures
from streams.link.certificate import Cold
from streams.link.likeness import certainty
from streams.link.likeness.features import NAMES


def scored(size: int, wrong: int) -> tuple[figures.Floats, figures.Bools]:
    """Answers whose score alone tells, without fail, the wrong ones."""
    right = np.arange(size) >= wrong
    features = np.zeros((size, len(NAMES)))
    features[:, 0] = np.where(right, 2.5, 0.5) + np.linspace(0, 0.3, size)
    features[:, 1:3] = features[:, :1] / 2
    return features, right


@pytest.mark.parametrize("wrong", [1, 2, 3])
@pytest.mark.parametrize("size", [6, 40, 100])
def test_what_is_told_without_fail_is_parted_without_fail(size: int, wrong: int) -> None:
    """However few are wrong: held out parts are not judged by other shares of right answers."""
    features, right = scored(size, wrong)
    assert figures.auroc(figures.crossed(features, right), right).value == 1


def test_few_answers_are_judged_as_the_product_would_judge_them() -> None:
    """By the fixed curve, below the fewest labels that anything is fitted to."""
    features, right = scored(29, 10)
    assert (figures.crossed(features, right) == Cold().probability(features)).all()
    features, right = scored(30, 10)
    assert (figures.crossed(features, right) != Cold().probability(features)).any()


def test_an_error_of_calibration_is_amid_its_interval() -> None:
    """All resampled errors are above that of a calibrated sample, and their interval is not."""
    confidence = np.repeat([0.2, 0.5, 0.8], 100)
    right = np.tile(np.arange(100), 3) < confidence * 100
    found = figures.ece(confidence, right)
    drawn = [certainty.ece(confidence[r], right[r]) for r in figures._drawn(300)]
    assert min(drawn) > found.value
    assert 0 <= found.low <= found.value < found.high


def test_the_interval_of_coverage_is_of_resampled_remarks() -> None:
    """It is wider than the spread of halves of the same remarks, which share most of them."""
    random = np.random.default_rng(3)
    features = random.normal(size=(600, len(NAMES)))
    right = random.random(600) < 1 / (1 + np.exp(-2 - 4 * features[:, 0]))
    found, _ = figures.coverage(features, right)
    shares, _ = figures.guarantee(features, right)
    low, high = np.percentile(shares, [2.5, 97.5])
    assert found.value == shares.mean()
    assert found.high - found.low > high - low
