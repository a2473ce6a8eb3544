"""``python -m tests.bench``: our worker beside its peers, in one run. ``make bench`` calls it.

Every run is a child process on a database of its own; all read the same events from the same topic
into the same tables. Runs of different engines alternate, so that a noisy neighbour meets them all.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tests.bench.child import RUNS
from tests.bench.latency import Latency, latency
from tests.bench.load import fill_topic
from tests.bench.report import LIMITS, report, show
from tests.bench.rig import Rig, Run, rig

SLOW = {"faust": 40}
"""Engines that commit every event get this many times fewer of them; rates are compared."""
LATENCY = "latency"


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and say whether every run of ours was exact."""
    asked = _parser().parse_args(words)
    names = asked.only or [*RUNS, LATENCY]
    with tempfile.TemporaryDirectory(prefix="closeloop-bench-") as home, rig(Path(home)) as servers:
        size = asyncio.run(fill_topic(servers.kafka.bootstrap_servers, asked.events))
        _say(f"{asked.events:,} events of {size:,.0f} bytes on the topic, zstd")
        runs = _runs(servers, names, asked)
        late = _latency(servers, asked.latency_s) if LATENCY in names else None
    found = report(runs, late)
    if asked.json:
        Path(asked.json).write_bytes(msgspec.json.format(msgspec.json.encode(found)))
    show(found)
    return 0 if all(run.exact for run in runs if run.name.startswith("ours")) else 1


def _runs(servers: Rig, names: Sequence[str], asked: argparse.Namespace) -> list[Run]:
    done: list[Run] = []
    for turn in range(asked.runs):
        for name in names:
            if name != LATENCY:
                done.append(_run(servers, name, asked))
                _say(f"run {turn + 1} of {asked.runs}: {_told(done[-1])}")
    return done


def _run(servers: Rig, name: str, asked: argparse.Namespace) -> Run:
    events = max(1, asked.events // SLOW.get(name, 1))
    measure = servers.limit if name in LIMITS else servers.measure
    return measure(name, events, asked.limit_s)


def _told(run: Run) -> str:
    rate = "no rate" if run.per_s is None else f"{run.per_s:,.0f} events/s"
    held = "" if run.name in LIMITS else f", {run.remarks:,} remarks and {run.links:,} links"
    peak = "" if run.peak_mb is None else f", peak {run.peak_mb:,.0f} MB"
    return f"{run.name}: {rate} of {run.events:,}{held}{peak} {run.note}"


def _latency(servers: Rig, seconds: float) -> Latency:
    found = latency(servers, seconds)
    _say(f"latency: p50 {found.p50_ms:.0f} ms, p99 {found.p99_ms:.0f} ms")
    return found


def _say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)  # noqa: T201


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=3, help="of each; the median counts")
    parser.add_argument(
        "--only",
        action="append",
        choices=[*RUNS, LATENCY],
        metavar="NAME",
        help=f"one of: {', '.join([*RUNS, LATENCY])}; may be repeated",
    )
    parser.add_argument("--limit-s", type=float, default=180.0, help="of one run, in seconds")
    parser.add_argument("--latency-s", type=float, default=30.0, help="at 500 events/s")
    parser.add_argument("--json", metavar="FILE", help="write everything there too")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
