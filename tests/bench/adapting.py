"""``python -m tests.bench.adapting``: what `closeloop link adapt` gains on labelled remarks.

The table is adapted to each set's own texts, never to a label: the history where there is one, the
issues always. A tenth is left out, as the command does. Then the fast tier answers the set's
queries, which were not read, with the packaged table and with the adapted one. Needs the extra
minilm; 35,000 texts take some minutes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import track
from rich.table import Table as Shown

from streams.commands.adapting import MOST
from streams.link.adapt import AT_ONCE
from streams.link.evaluate import DEEPEST, FEW
from streams.link.evaluate_figures import Measure, mean, place
from streams.link.evaluate_reading import Epic, Gold, Past, Query, lines
from streams.link.likeness import minilm, table
from streams.link.likeness.adapting import adapted
from streams.link.likeness.clean import first_words, strip_template
from streams.link.likeness.tiers import tier_called
from streams.link.passages import passages
from streams.link.texts import Text, draw

DATA = Path(__file__).parents[3] / "shared" / "linkdata"
SETS = ("clinc150", "banking77", "komoot", "gitbugs", "deepmatcher")
Floats = npt.NDArray[np.float64]
MEASURES: dict[str, Callable[[Floats], Floats]] = {
    "R@1": lambda places: (places <= 1).astype(np.float64),
    "R@5": lambda places: (places <= FEW).astype(np.float64),
    "MRR": lambda places: 1 / places,
}


class Labelled(NamedTuple):
    """A set of `evaluate`'s layout."""

    epics: list[Epic]
    queries: list[Query]
    gold: dict[str, frozenset[str]]
    said: list[str]


def labelled(folder: Path) -> Labelled:
    """What is in the folder."""
    inner = folder / "dev"
    history = folder / "history.jsonl"
    return Labelled(
        [line for _, line in lines(folder / "candidates.jsonl", Epic)],
        [line for _, line in lines(inner / "queries.jsonl", Query)],
        {
            each.query_id: frozenset(each.gold or ())
            for _, each in lines(inner / "gold.jsonl", Gold)
        },
        [line.text for _, line in lines(history, Past)] if history.is_file() else [],
    )


def texts_of(data: Labelled) -> list[str]:
    """What the command would read of such a store, in order, without what it would hold out."""
    said = [Text(f"remark:{n}", p) for n, text in enumerate(data.said) for p in passages(text)]
    issues = [Text(f"issue:{n}", text) for n, epic in enumerate(data.epics) for text in _of(epic)]
    return [one.text for one in draw([*said, *issues], MOST) if not one.is_held_out]


def _of(epic: Epic) -> list[str]:
    body = f"{epic.title} {strip_template(epic.description or '')}"
    return list(dict.fromkeys((first_words(epic.title), first_words(body))))


def places(data: Labelled, words: table.Table) -> Floats:
    """Where the right epic stands for each query that has one, from 1; as `evaluate` counts."""
    tier, found = tier_called("fast", words), []
    for pool in sorted({query.pool for query in data.queries}):
        index = tier.index()
        index.put_all(epic.row for epic in data.epics if epic.pool == pool)
        asked = [query for query in data.queries if query.pool == pool]
        looked = index.look([query.text for query in asked], DEEPEST)
        for query, near in zip(asked, looked.candidates, strict=True):
            right = data.gold.get(query.id, frozenset())
            if right:
                found.append(place([each.epic_id for each in near], right))
    return np.array(found)


def adapted_to(texts: Sequence[str], name: str) -> table.Table:
    """The packaged table, adapted."""
    teacher = minilm.sentences(table.packaged())
    parts = [texts[at : at + AT_ONCE] for at in range(0, len(texts), AT_ONCE)]
    rows = [teacher.encode(each) for each in track(parts, name, console=Console(stderr=True))]
    base = table.parse(table.PACKAGED.read_bytes())
    return table.Table(adapted(base, texts, np.concatenate(rows)))


def main(words: Sequence[str] | None = None) -> int:
    """Print a line for each set and measure; 1 where the extra or the sets are missing."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.adapting")
    parser.add_argument("sets", nargs="*", default=SETS)
    shown = Shown("set", "texts", "measure", "packaged", "adapted", "gain", "low", "high")
    for name in parser.parse_args(words).sets:
        if not (DATA / name).is_dir():
            print(f"{DATA / name} is missing", file=sys.stderr)  # noqa: T201 - a program's output
            return 1
        data = labelled(DATA / name)
        texts = texts_of(data)
        before, after = places(data, table.packaged()), places(data, adapted_to(texts, name))
        for measure, of in MEASURES.items():
            figures = [_mean(of(before)), _mean(of(after))]
            gain = mean(of(after) - of(before))
            row = (f"{gain.value:+.3f}", f"{gain.low:+.3f}", f"{gain.high:+.3f}")
            shown.add_row(name, str(len(texts)), measure, *figures, *row)
    Console(width=120).print(shown)
    return 0


def _mean(values: Floats) -> str:
    found: Measure = mean(values)
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"


if __name__ == "__main__":
    sys.exit(main())
