"""Adapts the table of word vectors to what customers say here, and measures what that gained.

It learns from no decision of a person: only from what was said, and what issues are called. It is
measured on remarks and issues that were held out (`texts.HELD_OUT`), and on decisions about those.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from sinks.store.contract import Transaction
from sinks.store.contract.heard import PAGE
from sinks.store.learned import Lesson
from streams.link import tables
from streams.link.evaluate import DEEPEST
from streams.link.evaluate_figures import mean, place
from streams.link.likeness import adapting, language, table
from streams.link.likeness.encoder import Encoder
from streams.link.likeness.scores import Matrix
from streams.link.likeness.table import Table
from streams.link.likeness.tiers import tier_called
from streams.link.texts import Text, draw, is_held_out, of_remark

FEWEST = 1_000
"""Texts of remarks that it takes: what issues are called teaches nothing by itself."""

COMPARED = 3_000
"""Texts that are measured on, at most: each is held against each."""

AT_ONCE = 512
"""Texts that the sentence model is given together."""

Floats = npt.NDArray[np.float64]


class TooFew(ValueError):
    """There is not enough to learn from: the command refuses."""


class Change(msgspec.Struct, frozen=True):
    """A figure with the table before and with the new one; `low` to `high`: 95 % of the gain."""

    before: float
    after: float
    low: float
    high: float


class Gained(msgspec.Struct, frozen=True, kw_only=True):
    """What was adapted to, and what came of it on texts that were held out.

    Attributes:
        texts: that the table was fitted to.
        held_out: that were measured on.
        nearest: the share of these whose nearest other one by the sentence model is among the five
            nearest by the table.
        decided: texts of held out remarks for which a person accepted an issue.
        r1, mrr: of these, among the titles and descriptions of all issues: the share whose issue
            comes first, and the mean of one over its place; None where nobody has decided.
    """

    texts: int
    held_out: int
    nearest: Change
    decided: int
    r1: Change | None = None
    mrr: Change | None = None

    @property
    def is_worse(self) -> bool:
        """Whether the table before knew better what is alike, or clearly found more issues."""
        return self.nearest.after < self.nearest.before or (
            self.r1 is not None and self.r1.high < 0
        )


class Samples(msgspec.Struct, frozen=True):
    """What is fitted to, and what is measured on."""

    read: list[str]
    held_out: list[str]


def samples(texts: Sequence[Text], words: Table) -> Samples:
    """The texts that the vectors can know, parted; none is in both.

    Args:
        texts: each once.
        words: tells how many word pieces a word has, for the language.

    Raises:
        TooFew: with how many there are and how many it takes.
    """
    known = [one for one in texts if language.detect(one.text, words.pieces) != "other"]
    said = sum(one.is_said for one in known)
    if said < FEWEST:
        raise TooFew(f"{said} English texts of remarks are there, and it takes {FEWEST}")
    held_out = draw((one for one in known if one.is_held_out), COMPARED)
    return Samples([o.text for o in known if not o.is_held_out], [o.text for o in held_out])


def embed(teacher: Encoder, texts: Sequence[str], advance: Callable[[int], object]) -> Matrix:
    """The sentence model's vectors; `advance` is told how many more are done."""
    rows = np.zeros((len(texts), teacher.width), np.float32)
    for start in range(0, len(texts), AT_ONCE):
        part = texts[start : start + AT_ONCE]
        rows[start : start + len(part)] = teacher.encode(part)
        advance(len(part))
    return rows


class Known(NamedTuple):
    """What a new table is measured against.

    Attributes:
        before: the table in use.
        issues: id, title and description of those that are there.
        asked: texts of remarks that were held out -> the issues that people accepted for them.
    """

    before: Table
    issues: list[tuple[str, str, str]]
    asked: dict[str, frozenset[str]]


def known(tx: Transaction) -> Known:
    """All of it; nothing is written."""
    rows, _ = tx.epics.since(0)
    there = [row.epic for row in rows if not row.epic.deleted]
    issues = [(epic.id, epic.summary, epic.description) for epic in there]
    before = tables.load(tx, tables.named(tx)) or table.packaged()
    return Known(before, issues, decided(lessons(tx)))


def gained(of: Samples, taught: Matrix, known: Known, after: Table) -> Gained:
    """The new table beside the one in use, on what was held out. Pure.

    Args:
        of: the texts.
        taught: the sentence model's vectors of those held out.
        known: the rest.
        after: the new table.
    """
    both = (known.before, after)
    near = [adapting.nearest(each.encode(of.held_out), taught) for each in both]
    found = [places(known, each) for each in both] if known.asked else []
    return Gained(
        texts=len(of.read),
        held_out=len(of.held_out),
        nearest=_change(*near),
        decided=len(known.asked),
        r1=_change(*(each <= 1 for each in found)) if found else None,
        mrr=_change(*(1 / each for each in found)) if found else None,
    )


def lessons(tx: Transaction) -> Iterable[Lesson]:
    """Those that stand, of remarks that were held out."""
    mark = 0
    while True:
        page, mark = tx.learned.lessons(mark, PAGE)
        yield from (one for one in page if one.learned and is_held_out(of_remark(one.remark_id)))
        if len(page) < PAGE:
            return


def decided(found: Iterable[Lesson]) -> dict[str, frozenset[str]]:
    """Text -> the issues that people accepted for it. Pure."""
    right: dict[str, frozenset[str]] = {}
    for one in found:
        right[one.text] = right.get(one.text, frozenset()) | {str(one.issue_id)}
    return right


def places(known: Known, words: Table) -> Floats:
    """Where the right issue stands for each text, from 1, by the fast tier with that table.

    What people accepted is not looked at: the vectors are measured, not what was learned.
    """
    index = tier_called("fast", words).index()
    index.put_all(known.issues)
    looked = index.look(list(known.asked), DEEPEST)
    ranked = ([each.epic_id for each in near] for near in looked.candidates)
    return np.array([place(*each) for each in zip(ranked, known.asked.values(), strict=True)])


def _change(before: npt.NDArray[np.generic], after: npt.NDArray[np.generic]) -> Change:
    gain = mean(after.astype(np.float64) - before.astype(np.float64))
    return Change(float(before.mean()), float(after.mean()), gain.low, gain.high)
