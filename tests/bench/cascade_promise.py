"""``python -m tests.bench.cascade_promise``: whether the links of both tiers keep one promise.

Ten confirmed texts of each issue are played; of the dev queries a random half is audited and
certifies, the other half is linked: by the fast tier where it is sure, else by the quality tier.
Both certified together, as the product does, and each by itself, for comparison.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from sinks.store.learned import Certificate, Labelled
from streams.link.cascade import Divided, Earlier, divided, linking
from streams.link.certificate import Today, certainty_of, certify
from streams.link.evaluate import CONFIRMATIONS, Answers, answer
from streams.link.evaluate_reading import read_folder
from streams.link.evaluate_taught import drawn
from streams.link.labels import arrays
from streams.link.likeness.minilm import NotInstalled
from streams.link.likeness.tiers import TierName, tier_called
from tests.unit.audits import NOW, audit

DATA = Path(__file__).parents[3] / "shared" / "linkdata"
SETS = ("clinc150", "banking77")
HALVES = 200
P = 0.9
EPICS = 100
Bools = npt.NDArray[np.bool_]
Answered = dict[TierName, list[Labelled]]


class Kept(NamedTuple):
    """What came of one half."""

    linked: float
    right: float
    by_quality: float


def main() -> int:
    """Prints a row for each set and way; 1 where the product's way keeps the promise too seldom."""
    asked = argparse.ArgumentParser(prog="python -m tests.bench.cascade_promise")
    asked.add_argument("--data", type=Path, default=DATA)
    asked.add_argument("--halves", type=int, default=HALVES)
    options = asked.parse_args()
    table = Table("set", "certified", "links right", "halves that kept .9", "quality's", "linked")
    worst = 1.0
    for name in SETS:
        said = answered(options.data / name)
        for together in (False, True):
            halves = [half(said, seed, together=together) for seed in range(options.halves)]
            kept = float(np.mean([one.right >= P for one in halves]))
            worst = min(worst, kept) if together else worst
            table.add_row(name, "together" if together else "by itself", *_cells(halves, kept))
    Console(width=100).print(table)
    return int(worst < 0.87)


def answered(folder: Path) -> Answered:
    """Both tiers' answers to all queries, as audits that were decided."""
    data = read_folder(folder)
    decisions = drawn([epic.id for epic in data.epics], data.past, CONFIRMATIONS)
    tiers: tuple[TierName, ...] = ("fast", "quality")
    return {
        tier: audits(
            tier, answer(data.epics, data.queries, data.gold, tier_called(tier), decisions)
        )
        for tier in tiers
    }


def audits(tier: TierName, answers: Answers) -> list[Labelled]:
    """One for each query, in their order."""
    return [
        Labelled(
            guess=audit(
                number, tier=tier, basis=tier, epics=EPICS, features=tuple(features.tolist())
            ),
            right=bool(right),
            decided_at=NOW + timedelta(seconds=number),
        )
        for number, (features, right) in enumerate(
            zip(answers.features, answers.right, strict=True)
        )
    ]


def half(said: Answered, seed: int, *, together: bool) -> Kept:
    """Certifies on a random half, and links the other."""
    audited = np.random.default_rng(seed).permutation(len(said["fast"])) % 2 == 0
    fast, quality = (_some(said[tier], audited) for tier in ("fast", "quality"))
    first = certify(None, fast, _today("fast"))
    earlier = [Earlier(fast, first, "fast", EPICS)] if together else []
    of = divided(quality, earlier) if together else Divided(quality, [])
    second = certify(None, of.open, _today("quality", earlier), of.linked)
    others = {tier: _some(labelled, ~audited) for tier, labelled in said.items()}
    by_fast = _sure(others["fast"], first)
    by_quality = ~by_fast & _sure(others["quality"], second)
    right = np.where(by_fast, arrays(others["fast"])[1], arrays(others["quality"])[1])
    links = by_fast | by_quality
    return Kept(float(links.mean()), _mean(right[links]), _mean(right[by_quality]))


def _some(labelled: Sequence[Labelled], which: Bools) -> list[Labelled]:
    return [one for one, is_one in zip(labelled, which, strict=True) if is_one]


def _today(tier: TierName, earlier: Sequence[Earlier] = ()) -> Today:
    now = NOW + timedelta(days=1)
    return Today(tier=tier, basis=tier, epics=EPICS, now=now, after=linking(earlier))


def _sure(labelled: Sequence[Labelled], certificate: Certificate) -> Bools:
    model, least = certainty_of(certificate, certificate.basis, EPICS)
    return np.asarray(model.rank(arrays(labelled)[0]) >= least)


def _mean(right: Bools) -> float:
    """Where nothing is linked nothing is wrong."""
    return float(right.mean()) if len(right) else 1.0


def _cells(halves: Sequence[Kept], kept: float) -> list[str]:
    linked, right, by_quality = np.mean(halves, axis=0)
    return [f"{right:.3f}", f"{kept:.2f}", f"{by_quality:.3f}", f"{linked:.3f}"]


if __name__ == "__main__":
    try:
        sys.exit(main())
    except NotInstalled as missing:
        sys.exit(str(missing))
