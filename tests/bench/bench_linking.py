"""``python -m tests.bench.bench_linking``: the linker's speed beside its peers, and its quality.

Speed: every engine runs in a child process of its own on the same made-up texts, one after the
other; processor time on one thread, so that neighbours on the machine count little. Quality: a row
of `evaluate` for each labelled set in ``../shared/linkdata`` and each tier.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from rich.console import Console
from rich.table import Table

from streams.link.evaluate import Report, evaluate
from streams.link.evaluate_figures import Measure
from streams.link.likeness.minilm import NotInstalled
from streams.link.likeness.tiers import TierName
from tests.bench.linking_engines import ENGINES, Speed, measure
from tests.bench.linking_start import starts

DATA = Path(__file__).parents[3] / "shared" / "linkdata"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
TIERS: tuple[TierName, ...] = ("fast", "quality")
SIZES = (5_000, 50_000)
LESSONS = (0, 5_000)
MOST_START_S = 3
DIGITS = 3
"""What goals are given to, and figures compared in."""

LARGE = ("ours", "bm25s")
"""Engines that are measured with the larger number of epics as well."""


class Goal(NamedTuple):
    """What LINKING section 6 asks of a set in one tier; zero where it asks nothing."""

    r1: float = 0.0
    r5: float = 0.0
    mrr: float = 0.0
    auroc: float = 0.0
    coverage: float = 0.0


GOALS: dict[tuple[str, TierName], Goal] = {
    ("komoot", "fast"): Goal(r5=0.345, mrr=0.275),
    ("komoot", "quality"): Goal(r5=0.396, mrr=0.292),
    ("deepmatcher", "fast"): Goal(r5=0.413, mrr=0.286),
    ("deepmatcher", "quality"): Goal(r5=0.450, mrr=0.343),
    ("gitbugs", "fast"): Goal(mrr=0.558),
    ("gitbugs", "quality"): Goal(mrr=0.577),
    ("clinc150", "fast"): Goal(r1=0.585, auroc=0.86, coverage=0.5),
    ("clinc150", "quality"): Goal(r1=0.690, auroc=0.87, coverage=0.5),
    ("banking77", "fast"): Goal(r1=0.555, coverage=0.35),
    ("banking77", "quality"): Goal(r1=0.625, coverage=0.35),
}


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print; what cannot be measured here is said with the reason."""
    asked = _parser().parse_args(words)
    if asked.child:
        sys.stdout.buffer.write(msgspec.json.encode(measure(*asked.child.split(":"))))
        return 0
    console = Console(width=140)
    if not asked.no_speed:
        console.print(_speeds(_measured(asked.engines)))
        for tier in asked.tiers:
            for lessons in LESSONS:
                console.print(_started(tier, lessons))
    if not asked.no_quality:
        _qualities(console, asked.data, asked.sets, asked.tiers)
    return 0


def _started(tier: TierName, lessons: int) -> str:
    told = f"{tier} tier from nothing to the first answer, {SIZES[0]:,} epics, {lessons:,} lessons"
    try:
        without, with_it = starts(SIZES[0], tier, lessons)
    except NotInstalled as missing:
        return f"{told}: {missing}"
    return f"{told}: {without:.1f} s, {with_it:.1f} s with what was kept (goal: {MOST_START_S} s)"


def _measured(engines: Sequence[str]) -> Iterator[Speed]:
    for size in SIZES:
        for name in engines:
            if size == SIZES[0] or name in LARGE:
                yield _child(name, size)


def _child(name: str, size: int) -> Speed:
    command = [sys.executable, "-m", "tests.bench.bench_linking", "--child", f"{name}:{size}"]
    done = subprocess.run(  # noqa: S603 - our own module
        command, env={**os.environ, **ONE_THREAD}, capture_output=True, check=False
    )
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        return Speed(name, size, reason=" ".join(reason))
    return msgspec.json.decode(done.stdout, type=Speed)


def _speeds(found: Iterator[Speed]) -> Table:
    table = Table("engine", "epics", "texts/s", "single p50 ms", "p95 ms", "built s", "memory MB")
    for speed in found:
        told = [f"{speed.engine}", f"{speed.epics:,}"]
        if speed.reason:
            table.add_row(*told, speed.reason)
            continue
        table.add_row(
            *told,
            f"{speed.per_s:,.0f}",
            f"{speed.p50_ms:.2f}",
            f"{speed.p95_ms:.2f}",
            f"{speed.built_s:.1f}",
            f"{speed.memory_bytes / 1e6:,.0f}",
        )
    table.caption = "25 words a text; processor time of one thread; memory grown since start"
    return table


def _qualities(
    console: Console, data: Path, sets: Sequence[str] | None, tiers: Sequence[TierName]
) -> None:
    if not data.is_dir():
        console.print(f"no quality: {data.name} is not there; give its folder with --data")
        return
    console.print("| set | tier | R@1 | R@5 | MRR | AUROC | ECE | coverage | kept |")
    console.print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in sets or sorted(path.name for path in data.iterdir() if path.is_dir()):
        for tier in tiers:
            try:
                console.print(_row(evaluate(data / name, tier)), soft_wrap=True)
            except NotInstalled as missing:
                console.print(f"| {name} | {tier} | {missing} |", soft_wrap=True)
    console.print("In brackets 95 %; an exclamation mark where a figure is under its goal.")


def _row(report: Report) -> str:
    goal = GOALS.get((report.folder, report.tier), Goal())
    figures = (
        _told(getattr(report, field), getattr(goal, field, 0.0))
        for field in ("r1", "r5", "mrr", "auroc", "ece", "coverage")
    )
    cells = [report.folder, report.tier, *figures, f"{report.kept:.2f}"]
    return f"| {' | '.join(cells)} |"


def _told(figure: Measure, goal: float) -> str:
    short = "" if round(figure.value, DIGITS) >= goal else f" ! {goal:.3f}"
    return f"{figure.value:.3f} \\[{figure.low:.3f}, {figure.high:.3f}]{short}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_linking")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--engines", nargs="*", choices=[*ENGINES], default=[*ENGINES])
    parser.add_argument("--sets", nargs="*")
    parser.add_argument("--tiers", nargs="*", choices=TIERS, default=TIERS)
    parser.add_argument("--no-speed", action="store_true")
    parser.add_argument("--no-quality", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
