"""Drift is told soon after it comes, and seldom where there is none."""

import numpy as np
import pytest

from streams.link.likeness.drift import watch


def audits(seed: int, *spans: tuple[int, float]) -> list[bool]:
    """So many audits of each precision."""
    random = np.random.default_rng(seed)
    return [bool(random.random() < precision) for size, precision in spans for _ in range(size)]


def told_after(right: list[bool]) -> int | None:
    """How many audits it takes."""
    return next((n for n in range(1, len(right) + 1) if watch(right[:n]).drifted), None)


@pytest.mark.parametrize("right", [[], [True], [False], [True] * 100_000])
def test_few_audits_or_good_ones_are_no_drift(right: list[bool]) -> None:
    """One wrong link proves nothing."""
    assert not watch(right).drifted


def test_a_sharp_fall_is_told_within_a_few_audits() -> None:
    """From .95 to .3."""
    found = [told_after(audits(seed, (200, 0.95), (60, 0.3))) for seed in range(20)]
    assert all(number is not None and 200 < number <= 230 for number in found)


def test_a_slow_fall_is_told() -> None:
    """From .95 to .75: half of the time within a hundred audits."""
    found = [told_after(audits(seed, (200, 0.95), (300, 0.75))) for seed in range(20)]
    assert all(number is not None for number in found)
    assert np.median([number for number in found if number]) < 300


def test_precision_above_the_promise_is_seldom_told_as_drift() -> None:
    """At .95, where .9 was promised, in at most one of fifty runs of five hundred audits."""
    found = [told_after(audits(seed, (500, 0.95))) for seed in range(50)]
    assert sum(number is not None for number in found) <= 1


def test_the_reason_is_in_words() -> None:
    """For the person who is told."""
    assert watch([True] * 50 + [False] * 15).reason == "15 of the last 65 audited links were wrong"
    assert watch([True] * 80).reason == ""
