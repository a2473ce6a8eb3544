"""What the linker says of a passage: the issues that are near, and how likely each is. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from sinks.store.rows import EpicRow
from streams.link.likeness.scores import Candidate as Scored
from streams.link.rules import Candidate, shared_words

TOP = 5
FLOOR = 0.2
"""Blended scores under this are like nothing: shown to nobody."""


class Answer(NamedTuple):
    """What a passage is like.

    Attributes:
        candidates: the likeliest issues, best first; the first one's score is the probability that
            it is right, the others' are no higher. Empty where nothing is near.
        features: what the calibration looked at.
        confidence: 0..1, what the threshold is compared with.
        sure: whether it is at or above the certified threshold.
        tier, basis, epics: what answered, by which vectors, from among how many issues.
        certified: whether there is a threshold to be sure by.
    """

    candidates: list[Candidate]
    features: tuple[float, ...] = ()
    confidence: float = 0.0
    sure: bool = False
    tier: str = "fast"
    basis: str = ""
    epics: int = 0
    certified: bool = False


def candidates(
    text: str, scored: Sequence[Scored], chance: float, epics: Mapping[str, EpicRow]
) -> list[Candidate]:
    """Those that are near, the first as likely as that, the others less by their scores."""
    near = [each for each in scored if each.score >= FLOOR]
    shares = [chance * float(np.exp(each.score - near[0].score)) for each in near]
    return [
        _candidate(text, epics[each.epic_id], share)
        for each, share in zip(near, shares, strict=True)
    ]


def _candidate(text: str, row: EpicRow, chance: float) -> Candidate:
    summary = row.epic.summary
    return Candidate(row.issue_id, row.epic.key, chance, shared_words(text, summary), summary)
