"""Measures the linker on a folder of labelled remarks, with intervals and nothing in-sample."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from streams.link.evaluate_taught import answer_taught, play
from streams.link.likeness import certainty
from streams.link.likeness.index import Index
from streams.link.likeness.table import Table
from streams.link.likeness.tiers import Tier, TierName, tier_called

DEEPEST = 1000
"""A gold epic below this place counts nothing towards MRR."""

RESAMPLES, SPLITS, SEED = 1000, 200, 20_260_101
"""Bootstrap resamples, random halves for the guarantee, and the seed of both."""

P, DELTA = 0.9, 0.1

CONFIRMATIONS = 10
"""Confirmed texts of each epic that are played where there is a history."""

FEW = 5
"""What a person reads at a glance."""

Line = TypeVar("Line", bound=msgspec.Struct)
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


class Epic(msgspec.Struct, frozen=True):
    """One line of ``candidates.jsonl``."""

    id: str
    pool: str
    title: str
    description: str = ""


class Query(msgspec.Struct, frozen=True):
    """One line of ``queries.jsonl``."""

    id: str
    pool: str
    text: str


class Past(msgspec.Struct, frozen=True):
    """One line of ``history.jsonl``: a text and the epics that a person confirmed."""

    text: str
    gold: tuple[str, ...] = ()


class Gold(msgspec.Struct, frozen=True):
    """One line of ``gold.jsonl``: the right epics; empty where nothing fits."""

    query_id: str
    gold: tuple[str, ...] = ()


class Measure(msgspec.Struct, frozen=True):
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured.

    Attributes:
        queries, with_gold: remarks, and those of them that have a right epic.
        r1, r5, mrr: right epic first, among five, mean of one over its place; of `with_gold`.
        auroc: how well the calibrated confidence parts right best answers from all others.
        ece: expected calibration error of that confidence; both cross-fitted.
        coverage: share linked at the guarantee, mean over random halves, one half to calibrate
            and certify, the other to link; after `confirmations` for each epic.
        confirmations: confirmed texts that were played before `coverage`, 0 without a history;
            all other measures know only the epics.
        kept: share of those halves in which at least `p` of the links were right.
    """

    folder: str
    tier: TierName
    queries: int
    with_gold: int
    r1: Measure
    r5: Measure
    mrr: Measure
    auroc: Measure
    ece: Measure
    coverage: Measure
    confirmations: int
    kept: float
    p: float
    delta: float


class Answers(NamedTuple):
    """Answers to all queries, in the order of `places`."""

    places: Floats  # of the best right epic, from 1; infinite if there is none near
    answerable: Bools
    right: Bools
    features: Floats


class BadFolder(ValueError):
    """A file of the folder is missing or a line does not fit: named, and the command refuses."""


def evaluate(folder: Path, tier: TierName = "fast", words: Table | None = None) -> Report:
    """Measures one folder of ``candidates.jsonl``, ``queries.jsonl`` and ``gold.jsonl``.

    Where there is a ``dev`` folder inside, queries and gold are read from it.

    Args:
        folder: where they are.
        tier: which is measured.
        words: the table of word vectors, where it is not to be the packaged one.

    Raises:
        BadFolder, NotInstalled: the command refuses.
    """
    inner = folder / "dev" if (folder / "dev").is_dir() else folder
    epics = list(_lines(folder / "candidates.jsonl", Epic))
    queries = list(_lines(inner / "queries.jsonl", Query))
    gold = {line.query_id: frozenset(line.gold) for line in _lines(inner / "gold.jsonl", Gold)}
    vectors = tier_called(tier, words)
    answers = answer(epics, queries, gold, vectors)
    if not (folder / "history.jsonl").is_file():
        return report(folder.name, tier, answers, (answers.right, answers.features), 0)
    past = [(e, line.text) for line in _lines(folder / "history.jsonl", Past) for e in line.gold]
    taught = play({epic.id: epic.title for epic in epics}, past, CONFIRMATIONS, vectors.encoder)
    index = vectors.index(taught)
    index.put_all((epic.id, epic.title, epic.description) for epic in epics)
    right = [gold.get(query.id, frozenset()) for query in queries]
    after = answer_taught(index, [query.text for query in queries], right)
    return report(folder.name, tier, answers, after, CONFIRMATIONS)


def answer(
    epics: Sequence[Epic],
    queries: Sequence[Query],
    gold: dict[str, frozenset[str]],
    vectors: Tier,
) -> Answers:
    """Ranks every query against the epics of its own pool."""
    parts: list[tuple[Floats, Bools, Floats]] = []
    for pool in sorted({query.pool for query in queries}):
        index = vectors.index()
        index.put_all((e.id, e.title, e.description) for e in epics if e.pool == pool)
        parts.append(_answer_pool(index, [query for query in queries if query.pool == pool], gold))
    places = np.concatenate([part[0] for part in parts])
    known = np.concatenate([part[1] for part in parts])
    return Answers(places, known, places == 1, np.concatenate([part[2] for part in parts]))


def _answer_pool(
    index: Index, queries: Sequence[Query], gold: dict[str, frozenset[str]]
) -> tuple[Floats, Bools, Floats]:
    looked = index.look([query.text for query in queries], DEEPEST)
    right = [gold.get(query.id, frozenset()) for query in queries]
    places = [
        place([candidate.epic_id for candidate in found], of)
        for found, of in zip(looked.candidates, right, strict=True)
    ]
    known = [any(epic in index for epic in of) for of in right]
    return np.array(places), np.array(known, np.bool_), looked.features


def report(
    name: str, tier: TierName, answers: Answers, linking: tuple[Bools, Floats], confirmations: int
) -> Report:
    """All measures of some answers; coverage is of the answers of `linking`."""
    places, right = answers.places[answers.answerable], answers.right
    confidence = crossed(answers.features, right)
    shares, kept = guarantee(linking[1], linking[0])
    return Report(
        folder=name,
        tier=tier,
        queries=len(right),
        with_gold=len(places),
        r1=mean(places <= 1),
        r5=mean(places <= FEW),
        mrr=mean(1 / places),
        auroc=_resampled(certainty.auroc, confidence, right),
        ece=_resampled(certainty.ece, confidence, right),
        coverage=Measure(float(shares.mean()), *_middle(shares)),
        confirmations=confirmations,
        kept=kept,
        p=P,
        delta=DELTA,
    )


def crossed(features: Floats, right: Bools) -> Floats:
    """Each answer's probability by a calibration that was fitted without it."""
    fold = np.random.default_rng(SEED).permutation(len(right)) % certainty.FOLDS
    held = np.zeros(len(right))
    for number in range(certainty.FOLDS):
        model = certainty.fit(features[fold != number], right[fold != number])
        held[fold == number] = model.probability(features[fold == number])
    return held


def guarantee(
    features: Floats, right: Bools, p: float = P, delta: float = DELTA
) -> tuple[Floats, float]:
    """Share linked in each of `SPLITS` random halves, and the share of halves that kept `p`.

    A half that links nothing has kept its promise.
    """
    random = np.random.default_rng(SEED)
    shares, kept = np.zeros(SPLITS), 0
    for number in range(SPLITS):
        half = random.permutation(len(right)) < len(right) // 2
        linked = linked_by(features, right, half, p, delta)
        shares[number] = linked.mean() if len(linked) else 0.0
        kept += bool(not linked.any() or right[~half][linked].mean() >= p)
    return shares, kept / SPLITS


def linked_by(features: Floats, right: Bools, half: Bools, p: float, delta: float) -> Bools:
    """Which answers outside of the half would be linked, certified on the half."""
    confidence = certainty.cross_rank(features[half], right[half])
    threshold = certainty.certify(confidence, right[half], p=p, delta=delta)
    if threshold is None:
        return np.zeros(int((~half).sum()), np.bool_)
    model = certainty.fit(features[half], right[half])
    return model.rank(features[~half]) >= threshold.least


def place(found: Sequence[str], right: frozenset[str]) -> float:
    """Of the first right epic among those found, from 1; infinite where there is none."""
    return next((float(at) for at, epic in enumerate(found, 1) if epic in right), np.inf)


def mean(values: npt.NDArray[np.generic]) -> Measure:
    """The mean of some values, with its interval."""
    if not len(values):
        return Measure(0.0, 0.0, 0.0)
    right = np.ones(len(values), np.bool_)
    return _resampled(lambda drawn, _: float(drawn.mean()), values.astype(np.float64), right)


def _resampled(measure: Callable[[Floats, Bools], float], score: Floats, right: Bools) -> Measure:
    random = np.random.default_rng(SEED)
    drawn = (random.integers(0, len(score), len(score)) for _ in range(RESAMPLES))
    values = np.array([measure(score[rows], right[rows]) for rows in drawn])
    return Measure(float(measure(score, right)), *_middle(values))


def _middle(values: Floats) -> tuple[float, float]:
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def _lines(path: Path, kind: type[Line]) -> Iterator[Line]:
    decoder = msgspec.json.Decoder(kind)
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _decoded(decoder, line, f"{path.name}:{number}")
    except FileNotFoundError as missing:
        raise BadFolder(f"{path} is missing") from missing


def _decoded(decoder: msgspec.json.Decoder[Line], line: bytes, where: str) -> Line:
    try:
        return decoder.decode(line)
    except msgspec.DecodeError as wrong:
        raise BadFolder(f"{where}: {wrong}") from wrong
