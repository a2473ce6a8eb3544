"""Measures the linker on a folder of labelled remarks, with intervals and nothing in-sample."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from streams.link.evaluate_figures import (
    DELTA,
    Bools,
    Floats,
    Measure,
    P,
    auroc,
    coverage,
    crossed,
    ece,
    mean,
    place,
)
from streams.link.evaluate_reading import Epic, Labelled, Query, read_folder
from streams.link.evaluate_taught import Decision, drawn, play
from streams.link.likeness.index import Index
from streams.link.likeness.table import Table
from streams.link.likeness.tiers import Tier, TierName, tier_called

DEEPEST = 1000
"""A gold epic below this place counts nothing towards MRR."""

CONFIRMATIONS = 10
"""Confirmed texts of each epic that are played where there is a history."""

FEW = 5
"""What a person reads at a glance."""

Right = Mapping[str, frozenset[str]]
"""Query id -> its right epics; one that is not there has none."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured.

    Attributes:
        queries, with_gold: remarks, and those of them that have a right epic.
        unreachable: of `with_gold`, those whose right epics are none of their pool's candidates;
            they count as missed.
        unlabelled: remarks without a line of gold; they count as having no right epic.
        strays: lines of gold for no remark, and confirmed texts for no candidate: left out.
        r1, r5, mrr: right epic first, among five, mean of one over its place; of `with_gold`.
        auroc: how well the calibrated confidence parts right best answers from all others.
        ece: expected calibration error of that confidence; both cross-fitted.
        coverage: share linked at the guarantee, mean over random halves, one half to calibrate
            and certify, the other to link; after `lessons`.
        confirmations: the most confirmed texts of one epic that were played before `coverage`,
            0 without a history; all other measures know only the epics.
        lessons: how many were played in all.
        kept: share of those halves in which at least `p` of the links were right.
    """

    folder: str
    tier: TierName
    queries: int
    with_gold: int
    unreachable: int
    unlabelled: int
    strays: int
    r1: Measure
    r5: Measure
    mrr: Measure
    auroc: Measure
    ece: Measure
    coverage: Measure
    confirmations: int
    lessons: int
    kept: float
    p: float
    delta: float


class Answers(NamedTuple):
    """Answers to all queries, pool after pool."""

    places: Floats  # of the best right epic, from 1; infinite if there is none near
    answerable: Bools
    right: Bools
    features: Floats


def evaluate(folder: Path, tier: TierName = "fast", words: Table | None = None) -> Report:
    """Measures one folder of ``candidates.jsonl``, ``queries.jsonl`` and ``gold.jsonl``.

    Where there is a ``history.jsonl``, coverage is what it is once that was learned.

    Args:
        folder: where they are.
        tier: which is measured.
        words: the table of word vectors, where it is not to be the packaged one.

    Raises:
        BadFolder, NotInstalled: the command refuses.
    """
    data = read_folder(folder)
    vectors = tier_called(tier, words)
    decisions = drawn([epic.id for epic in data.epics], data.past, CONFIRMATIONS)
    before = answer(data.epics, data.queries, data.gold, vectors)
    after = before
    if decisions:
        after = answer(data.epics, data.queries, data.gold, vectors, decisions)
    return report(folder.name, tier, data, (before, after), decisions)


def answer(
    epics: Sequence[Epic],
    queries: Sequence[Query],
    gold: Right,
    vectors: Tier,
    decisions: Sequence[Decision] = (),
) -> Answers:
    """Ranks every query against the epics of its own pool, which know the decisions about them."""
    parts: list[tuple[Floats, Floats]] = []
    asked: list[Query] = []
    for pool in sorted({query.pool for query in queries}):
        index = _index([epic for epic in epics if epic.pool == pool], vectors, decisions)
        ours = [query for query in queries if query.pool == pool]
        parts.append(_answer_pool(index, ours, gold))
        asked += ours
    places = np.concatenate([part[0] for part in parts])
    answerable = np.array([bool(gold.get(query.id)) for query in asked], np.bool_)
    return Answers(places, answerable, places == 1, np.concatenate([part[1] for part in parts]))


def _index(epics: Sequence[Epic], vectors: Tier, decisions: Sequence[Decision]) -> Index:
    """Of one pool, with what was decided about it."""
    titles = {epic.id: epic.title for epic in epics}
    index = vectors.index(play(titles, decisions, vectors.encoder) if decisions else None)
    index.put_all(epic.row for epic in epics)
    return index


def _answer_pool(index: Index, queries: Sequence[Query], gold: Right) -> tuple[Floats, Floats]:
    looked = index.look([query.text for query in queries], DEEPEST)
    places = [
        place([candidate.epic_id for candidate in found], gold.get(query.id, frozenset()))
        for found, query in zip(looked.candidates, queries, strict=True)
    ]
    return np.array(places), looked.features


def report(
    name: str,
    tier: TierName,
    data: Labelled,
    answers: tuple[Answers, Answers],
    decisions: Sequence[Decision],
) -> Report:
    """All measures of the answers before any decision; coverage of those after all of them."""
    before, after = answers
    places = before.places[before.answerable]
    confidence = crossed(before.features, before.right)
    linked, kept = coverage(after.features, after.right)
    return Report(
        folder=name,
        tier=tier,
        queries=len(before.right),
        with_gold=len(places),
        unreachable=_unreachable(data),
        unlabelled=sum(query.id not in data.gold for query in data.queries),
        strays=_strays(data),
        r1=mean(places <= 1),
        r5=mean(places <= FEW),
        mrr=mean(1 / places),
        auroc=auroc(confidence, before.right),
        ece=ece(confidence, before.right),
        coverage=linked,
        confirmations=max(Counter(epic_id for epic_id, _ in decisions).values(), default=0),
        lessons=len(decisions),
        kept=kept,
        p=P,
        delta=DELTA,
    )


def _unreachable(data: Labelled) -> int:
    pool = {epic.id: epic.pool for epic in data.epics}
    labelled = ((query.pool, data.gold.get(query.id)) for query in data.queries)
    return sum(all(pool.get(epic) != ours for epic in of) for ours, of in labelled if of)


def _strays(data: Labelled) -> int:
    asked, known = {query.id for query in data.queries}, {epic.id for epic in data.epics}
    return len(data.gold.keys() - asked) + sum(epic_id not in known for epic_id, _ in data.past)
