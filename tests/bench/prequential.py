"""``python -m tests.bench.prequential``: how linking learns from the first remark on.

The product's own pieces (passages, linker, bound, audits, lessons, certificates) on labelled
remarks in a fixed shuffled order. At the start there are the titles of the issues alone. A person
decides at once, and rightly, whatever is not linked without one, the audited tenth with it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec
import numpy as np
from rich.console import Console
from rich.table import Table

from schemas.events import Epic, Feedback, FeedbackReceived
from sinks.contracts import Sighting
from sinks.store.fake import FakeStore
from sinks.store.learned import Guess, Labelled
from sinks.store.rows import Words
from streams.link.alike import Asked, Audits, Judged, asked, guesses, is_certified, judge
from streams.link.answers import Answer
from streams.link.certificate import WINDOW, Today, certify, is_due
from streams.link.copies import marks
from streams.link.evaluate_reading import Epic as Candidate
from streams.link.evaluate_reading import Gold, Past, Query, lines
from streams.link.lessons import lessons
from streams.link.linker import Linker
from streams.link.linkers import Linkers
from streams.link.rules import Read, read
from streams.link.stage import EVERY_TENTH
from tests.bench.prequential_plot import Block, drawn

DATA = Path(__file__).parents[3] / "shared" / "linkdata"
SETS = ("clinc150", "banking77")
SEED = 20_260_101
MOST, BLOCK, BATCH = 6_000, 500, 50
"""Remarks that are played, remarks a figure is about, and remarks between two decisions."""
P, DELTA = 0.9, 0.1
SECRET = b""
"""Draws the audits: one that everybody knows, so that each run is the same."""
START = datetime(2026, 1, 1, tzinfo=UTC)
Line = TypeVar("Line", bound=msgspec.Struct)


class Said(NamedTuple):
    """A remark and the issues that are right for it, none where it is about something else."""

    text: str
    right: frozenset[int]


class Made(NamedTuple):
    """What became of a remark.

    Attributes:
        sure: it would be linked without a person, were it not for the audits; `right`: rightly.
        linked: it was linked without a person.
    """

    sure: bool
    right: bool
    linked: bool


class Play:
    """One run over one set.

    Args:
        titles: of the issues; an issue's id is its place and one.
        audits: which remarks are asked however sure likeness is.
    """

    def __init__(self, titles: Sequence[str], audits: Audits = EVERY_TENTH) -> None:
        self.linker = Linker()
        self._asks = Linkers(self.linker)
        self._audits = audits
        self._titles = titles
        self._labelled: list[Labelled] = []
        self._number = 0
        self.store = FakeStore()
        self.store.open()
        with self.store.transaction() as tx:
            tx.epics.put(
                [
                    Sighting(
                        epic=Epic(id=str(number), key=f"APP-{number}", summary=title),
                        updated_at=START,
                    )
                    for number, title in enumerate(titles, 1)
                ]
            )

    @property
    def least(self) -> float | None:
        """The threshold of now."""
        with self.store.transaction() as tx:
            held = tx.learned.certificate(self.linker.tier)
        return held.least if held else None

    def hear(self, batch: Sequence[Said]) -> list[Made]:
        """All of a batch by what is known before it; then what a person makes of it is learned."""
        now = START + timedelta(minutes=self._number)
        remarks = [asked(_read(said.text, self._number + n)) for n, said in enumerate(batch, 1)]
        with self.store.transaction() as tx:
            answers = iter(self._asks.ask(tx, [part for one in remarks for part in one.parts]))
        made = []
        for one, said in zip(remarks, batch, strict=True):
            self._number += 1
            tiers = [next(answers) for _ in one.parts]
            certified = is_certified(tiers)
            audit = self._audits.takes(f"form:{self._number}", SECRET, early=not certified)
            judged = judge(one, [each[-1] for each in tiers], audit=audit)
            made.append(_made(one, said, [each[-1] for each in tiers], judged))
            if judged.outcome != "linked":
                marked = marks(one.parts, f"A-{self._number}", SECRET)
                guessed = guesses(self._number, tiers, now, marked, audit=audit)
                self._decide(said, judged, guessed)
        self._certify()
        return made

    def _decide(self, said: Said, judged: Judged, guessed: Sequence[Guess]) -> None:
        """As a person would: accepts what is right, else says that it is none of these."""
        at = START + timedelta(minutes=self._number)
        self._labelled += [
            Labelled(guess=guess, right=guess.issue_id in said.right, decided_at=at)
            for guess in guessed
            if guess.issue_id is not None
        ]
        quotes = {claim.issue_id: claim.quote for claim in judged.claims}
        accepted = {issue_id: quotes.get(issue_id) for issue_id in said.right}
        like = {self._titles[id_ - 1] for id_ in quotes.keys() | said.right if id_ is not None}
        words = Words(remark_id=self._number, words=said.text)
        with self.store.transaction() as tx:
            tx.learned.teach(lessons(words, accepted, (), self._number, like))

    def _certify(self) -> None:
        known = self._labelled[-WINDOW:]
        with self.store.transaction() as tx:
            last = tx.learned.certificate(self.linker.tier)
            basis, epics = self.linker.refresh(tx)
            today = Today(
                tier=self.linker.tier,
                basis=basis,
                epics=epics,
                now=START + timedelta(minutes=self._number),
                p=P,
                delta=DELTA,
            )
            if known and is_due(last, known, today):
                tx.learned.certify(certify(last, known, today))


def played(
    titles: Sequence[str], stream: Sequence[Said], told: Callable[[Block], None]
) -> list[Block]:
    """A figure for each `BLOCK` remarks, told as soon as it is known."""
    play, blocks = Play(titles), []
    for number, block in enumerate(_pieces(stream, BLOCK)):
        made = [one for batch in _pieces(block, BATCH) for one in play.hear(batch)]
        linked = [one for one in made if one.linked]
        right = sum(one.right for one in linked)
        sure = sum(one.sure for one in made)
        seen = number * BLOCK + len(block)
        blocks.append(Block(seen, len(block), sure, len(linked), right, play.least))
        told(blocks[-1])
    return blocks


def stream_of(folder: Path) -> tuple[list[str], list[Said]]:
    """Titles, and `MOST` remarks in a fixed order: all that no issue is about, others to fill."""
    epics = _lines(folder / "candidates.jsonl", Candidate)
    ids = {epic.id: number for number, epic in enumerate(epics, 1)}
    gold = {one.query_id: one.gold or () for one in _lines(folder / "dev" / "gold.jsonl", Gold)}
    queries = _lines(folder / "dev" / "queries.jsonl", Query)
    every = [(one.text, one.gold or ()) for one in _lines(folder / "history.jsonl", Past)]
    every += [(one.text, gold[one.id]) for one in queries]
    said = [Said(text, frozenset(ids[each] for each in right)) for text, right in every]
    order = np.random.default_rng(SEED)
    mixed = [said[at] for at in order.permutation(len(said))]
    strays = [one for one in mixed if not one.right]
    taken = strays + [one for one in mixed if one.right][: MOST - len(strays)]
    return [epic.title for epic in epics], [taken[at] for at in order.permutation(len(taken))]


def main(words: Sequence[str] | None = None) -> int:
    """Play, print, draw; 1 where a block's links were right less often than promised."""
    asked_for = _parser().parse_args(words)
    console = Console(width=100)
    runs: dict[str, list[Block]] = {}
    for name in asked_for.sets:
        folder = asked_for.data / name
        if not folder.is_dir():
            console.print(f"{name}: not there ({folder})")
            continue
        titles, stream = stream_of(folder)
        runs[name] = played(titles, stream, lambda block, of=name: console.print(f"{of} {block}"))
        console.print(_table(name, runs[name]))
    if runs and asked_for.svg:
        asked_for.svg.write_text(drawn(runs, P))
    kept = all(block.precision >= P for blocks in runs.values() for block in blocks)
    return 0 if kept else 1


def _made(one: Asked, said: Said, answers: Sequence[Answer], judged: Judged) -> Made:
    free = judge(one, answers, audit=False)
    to = {claim.issue_id for claim in free.claims if claim.sure}
    sure = free.outcome == "linked"
    return Made(sure, sure and to <= said.right, judged.outcome == "linked")


def _pieces(said: Sequence[Said], size: int) -> Iterator[Sequence[Said]]:
    return (said[at : at + size] for at in range(0, len(said), size))


def _table(name: str, blocks: Sequence[Block]) -> Table:
    table = Table("remarks seen", "sure", "auto-linked", "precision", "threshold", title=name)
    for block in blocks:
        least = "" if block.least is None else f"{block.least:.2f}"
        table.add_row(f"{block.seen:,}", *_figures(block), least)
    seen = blocks[-1].seen
    sure, linked, right = (sum(column) for column in zip(*(b[2:5] for b in blocks), strict=True))
    table.add_row("in all", *_figures(Block(seen, seen, sure, linked, right, None)), "")
    return table


def _figures(block: Block) -> tuple[str, ...]:
    right = f"{block.precision:.3f}" if block.linked else ""
    return f"{block.sure / block.size:.3f}", f"{block.share:.3f}", right


def _read(text: str, number: int) -> Read:
    return read(
        FeedbackReceived(
            id=f"e{number}",
            source="/form",
            specversion="1.0",
            time=START,
            data=Feedback(origin="form", record=str(number), words=text),
        )
    )


def _lines(path: Path, kind: type[Line]) -> list[Line]:
    return [line for _, line in lines(path, kind)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.prequential")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--sets", nargs="*", default=SETS)
    parser.add_argument("--svg", type=Path, help="draw the run into this file")
    return parser


if __name__ == "__main__":
    sys.exit(main())
