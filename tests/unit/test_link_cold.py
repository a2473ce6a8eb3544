"""Before any certificate one fixed curve says how likely a claim is: honestly, on public sets."""

from pathlib import Path

import numpy as np
import pytest

from streams.link import evaluate
from streams.link.certificate import Cold
from streams.link.likeness import certainty
from streams.link.likeness.tiers import tier_called

DATA = Path(__file__).parents[3] / "shared" / "linkdata"
MOST = 300
"""Remarks of a set: no set is to speak for all."""


def answers(folder: Path) -> evaluate.Answers:
    """The fast tier's to some remarks of a set, drawn by a fixed seed."""
    epics = list(evaluate._lines(folder / "candidates.jsonl", evaluate.Epic))
    queries = list(evaluate._lines(folder / "dev" / "queries.jsonl", evaluate.Query))
    gold = evaluate._lines(folder / "dev" / "gold.jsonl", evaluate.Gold)
    drawn = np.random.default_rng(evaluate.SEED).permutation(len(queries))[:MOST]
    right = {line.query_id: frozenset(line.gold) for line in gold}
    return evaluate.answer(epics, [queries[at] for at in drawn], right, tier_called("fast"))


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
