"""Plays confirmed decisions from a history, then answers as the linker would after them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from streams.link.likeness.encoder import Encoder
from streams.link.likeness.index import Index
from streams.link.likeness.learning import Taught

SEED = 20_260_101


def play(
    titles: Mapping[str, str], history: Sequence[tuple[str, str]], most: int, encoder: Encoder
) -> Taught:
    """What is known after the first `most` confirmed texts of each epic.

    Args:
        titles: of each epic, by id.
        history: epic id and text; unknown epics are left out. Played in a fixed shuffled order:
            neighbours in a file are often rewordings of each other.
        most: how many for each epic.
        encoder: the word vectors.
    """
    taught = Taught(encoder)
    kept: dict[str, int] = dict.fromkeys(titles, 0)
    decisions: list[tuple[str, str]] = []
    for at in np.random.default_rng(SEED).permutation(len(history)):
        epic_id, text = history[at]
        if kept.get(epic_id, most) < most:
            kept[epic_id] += 1
            decisions.append((epic_id, text))
    learned = {epic_id for epic_id, _ in decisions}
    taught.meet(list(titles.values()))
    taught.learn_all([each for each in titles.items() if each[0] in learned] + decisions)
    return taught


def answer_taught(
    index: Index, texts: Sequence[str], right: Sequence[frozenset[str]]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """Whether each best answer is right, and its features."""
    found = index.look(texts, 1)
    hits = [best[0].epic_id in of for best, of in zip(found.candidates, right, strict=True)]
    return np.array(hits, np.bool_), found.features
