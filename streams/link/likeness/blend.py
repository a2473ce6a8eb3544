"""How the scorers are weighed against each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from streams.link.likeness.scores import Matrix

TAUGHT_LEAST = 2.5
"""Standard deviations that a text must stand out by, where few epics have been taught: those that
have must not draw what belongs to the others."""
TAUGHT_FEW, TAUGHT_ALL, TAUGHT_POWER = 0.6, 2.0, 4
"""What each further one adds where few epics have been taught, and where all have."""


class Weights(NamedTuple):
    """Weights of the blend beside the title's word vector, whose weight is one.

    The letters weigh so much times a power of the log of the words and one, in bounds.

    Attributes:
        sentence: what the best sentence of a remark weighs; the whole remark has the rest.
        usual: ordinary texts that are counted beside the epics when it is told what is rare.
    """

    description: float = 0.5
    sentence: float = 0.0
    scale: float = 0.45
    power: int = 2
    least: float = 0.5
    most: float = 9.0
    usual: int = 0

    def letters(self, texts: Sequence[str]) -> Matrix:
        """The letters' weight for each text."""
        words = np.array([len(text.split()) for text in texts], np.float32)
        return np.clip(self.scale * np.log1p(words) ** self.power, self.least, self.most)


FAST = Weights()

QUALITY = Weights(
    description=0.0, sentence=0.65, scale=0.0038, power=5, least=0.05, most=8.0, usual=60
)
"""Letters weigh less than in the fast tier where texts are short: the model knows paraphrases.
They alone see the description: what an issue is about, the model takes from its title."""


class Weighed(NamedTuple):
    """How what people accepted counts.

    Attributes:
        common: as `Taught.scores` takes it.
        least: standard deviations that a text must stand out by to count.
        weight: what each further one adds.
    """

    common: float
    least: float
    weight: float

    def of(self, far: Matrix) -> Matrix:
        """What is added to the blend."""
        return np.asarray(self.weight * np.maximum(far - self.least, 0), np.float32)


def weighed(share: float) -> Weighed:
    """By the share of all epics that have accepted texts."""
    common = share**TAUGHT_POWER
    weight = TAUGHT_FEW + (TAUGHT_ALL - TAUGHT_FEW) * common
    return Weighed(common, TAUGHT_LEAST * (1 - share), weight)
