"""Before any certificate one fixed curve says how likely a claim is: honestly, on public sets."""

from pathlib import Path

import numpy as np
import pytest

from streams.link.certificate import Cold
from streams.link.evaluate import Answers, answer
from streams.link.evaluate_figures import SEED
from streams.link.evaluate_reading import read_folder
from streams.link.likeness import certainty
from streams.link.likeness.tiers import tier_called

DATA = Path(__file__).parents[3] / "shared" / "linkdata"
MOST = 300
"""Remarks of a set: no set is to speak for all."""


def answers(folder: Path) -> Answers:
    """The fast tier's to some remarks of a set, drawn by a fixed seed."""
    data = read_folder(folder)
    drawn = np.random.default_rng(SEED).permutation(len(data.queries))[:MOST]
    asked = [data.queries[at] for at in drawn]
    return answer(data.epics, asked, data.gold, tier_called("fast"))


@pytest.mark.timeout(120)
def test_the_fixed_curve_ranks_and_does_not_overstate() -> None:
    """It was fitted on these sets once; another blend of scores may need another curve."""
    if not DATA.is_dir():
        pytest.skip("the labelled sets are not part of the project")
    found = [answers(folder) for folder in sorted(DATA.iterdir()) if folder.is_dir()]
    features = np.concatenate([each.features for each in found])
    right = np.concatenate([each.right for each in found])
    claimed = Cold().probability(features)
    assert certainty.auroc(claimed, right) > 0.8
    assert certainty.ece(claimed, right) < 0.06
    assert abs(claimed.mean() - right.mean()) < 0.03
