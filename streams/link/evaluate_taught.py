"""Plays confirmed decisions from a history, as if people had made them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from streams.link.likeness.encoder import Encoder
from streams.link.likeness.learning import Taught

SEED = 20_260_101

Decision = tuple[str, str]
"""Epic id, and the text that was confirmed for it."""


def drawn(known: Collection[str], history: Sequence[Decision], most: int) -> list[Decision]:
    """The first `most` confirmed texts of each known epic, in a fixed shuffled order.

    Shuffled, for neighbours in a file are often rewordings of each other.
    """
    kept: dict[str, int] = dict.fromkeys(known, 0)
    decisions: list[Decision] = []
    for at in np.random.default_rng(SEED).permutation(len(history)):
        epic_id, text = history[at]
        if kept.get(epic_id, most) < most:
            kept[epic_id] += 1
            decisions.append((epic_id, text))
    return decisions


def play(titles: Mapping[str, str], decisions: Sequence[Decision], encoder: Encoder) -> Taught:
    """What is known after these decisions.

    Args:
        titles: of all epics, by id.
        decisions: about these epics; those about others are left out.
        encoder: the word vectors.
    """
    taught = Taught(encoder)
    ours = [each for each in decisions if each[0] in titles]
    learned = {epic_id for epic_id, _ in ours}
    taught.meet(list(titles.values()))
    taught.learn_all([each for each in titles.items() if each[0] in learned] + ours)
    return taught
