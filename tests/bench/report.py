"""The table, and the last line."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from tests.bench.latency import Latency
from tests.bench.rig import Run

OURS = "ours"
PEERS = ("faust", "quix", "faststream")
LIMITS = ("reading", "rules", "copy")
GOALS = {"ratio": 3.0, "share": 0.6, "p99_ms": 250.0, "peak_mb": 400.0}
_PACKAGES = (
    "faust-streaming",
    "aiokafka",
    "quixstreams",
    "confluent-kafka",
    "faststream",
    "sqlalchemy",
    "psycopg",
    "psycopg2-binary",
    "asyncpg",
    "msgspec",
    "cramjam",
)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """All runs of one name."""

    name: str
    events: int
    per_s: float | None
    runs: tuple[Run, ...]
    to_ours: float | None = None

    @property
    def verdict(self) -> str:
        """Whether every run left exactly one row an event."""
        if self.name in LIMITS:
            return "-"
        wrong = [run for run in self.runs if not run.exact]
        if not wrong:
            return "exact"
        worst = wrong[0]
        return worst.note or f"{worst.remarks} remarks, {worst.links} links"

    @property
    def peak_mb(self) -> float | None:
        """The most of all runs."""
        return max((run.peak_mb for run in self.runs if run.peak_mb), default=None)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was measured in one go."""

    machine: str
    versions: Mapping[str, str]
    rows: tuple[Row, ...]
    latency: Latency | None
    best_peer: str | None
    ratio: float | None
    slowest_limit: str | None
    share: float | None


def report(runs: Sequence[Run], latency: Latency | None) -> Report:
    """Medians, ratios, and what they say."""
    rows = {
        name: _row([r for r in runs if r.name == name])
        for name in dict.fromkeys(r.name for r in runs)
    }
    ours = rows[OURS].per_s if OURS in rows else None
    best = max((r for n, r in rows.items() if n in PEERS and r.per_s), key=_rate, default=None)
    slowest = min((r for n, r in rows.items() if n in LIMITS and r.per_s), key=_rate, default=None)
    return Report(
        machine=machine(),
        versions={
            "python": platform.python_version(),
            "kafka": "4.3.1",
            "postgresql": "18",
            **{name: version(name) for name in _PACKAGES},
        },
        rows=tuple(
            msgspec.structs.replace(row, to_ours=ours / row.per_s if ours and row.per_s else None)
            for row in rows.values()
        ),
        latency=latency,
        best_peer=best.name if best else None,
        ratio=ours / _rate(best) if ours and best else None,
        slowest_limit=slowest.name if slowest else None,
        share=ours / _rate(slowest) if ours and slowest else None,
    )


def _row(runs: Sequence[Run]) -> Row:
    rates = [run.per_s for run in runs if run.per_s]
    middle = statistics.median(rates) if rates else None
    return Row(name=runs[0].name, events=runs[0].events, per_s=middle, runs=tuple(runs))


def _rate(row: Row) -> float:
    return row.per_s or 0.0


def machine() -> str:
    """Processor, cores, memory, system."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return (
        f"{os.cpu_count()} cores of {model}, {memory:.0f} GiB, {platform.system()} "
        f"{platform.release()}; load {load}"
    )


def show(found: Report) -> None:
    """The table; the last line is the ratio alone."""
    console = Console(width=120, soft_wrap=True)
    console.print(_table(found))
    console.print(found.machine)
    console.print(", ".join(f"{name} {said}" for name, said in found.versions.items()))
    for line in _goals(found):
        console.print(line)
    ratio = "not measured" if found.ratio is None else f"{found.ratio:.2f}"
    print(f"ratio to best peer: {ratio}", flush=True)  # noqa: T201 - what the bench is for


def _table(found: Report) -> Table:
    table = Table(title="Kafka to committed, linked rows in PostgreSQL: medians")
    for name in ("", "events", "events/s", "lowest-highest", "ours is x times", "peak MB", "store"):
        table.add_column(name, justify="left" if name in {"", "store"} else "right")
    for row in found.rows:
        rates = [run.per_s for run in row.runs if run.per_s]
        table.add_row(
            f"limit: {row.name} alone" if row.name in LIMITS else row.name,
            f"{row.events:,}",
            _number(row.per_s),
            f"{_number(min(rates))}-{_number(max(rates))}" if rates else "",
            "" if row.to_ours is None else f"{row.to_ours:.2f}",
            _number(row.peak_mb),
            row.verdict,
        )
    return table


def _goals(found: Report) -> list[str]:
    lines = []
    if found.ratio is not None:
        lines.append(
            f"best peer as documented: {found.best_peer}; goal {GOALS['ratio']:.0f} times"
            f" its rate: {_met(found.ratio >= GOALS['ratio'])}"
        )
    if found.share is not None:
        lines.append(
            f"share of the slowest limit ({found.slowest_limit}): {found.share:.0%}; goal"
            f" {GOALS['share']:.0%}: {_met(found.share >= GOALS['share'])}"
        )
    if found.latency is not None:
        late = found.latency
        lines.append(
            f"publish to row visible at {late.per_s:.0f} events/s: p50 {late.p50_ms:.0f} ms, p99"
            f" {late.p99_ms:.0f} ms, max {late.max_ms:.0f} ms, {late.seen} of {late.events} seen;"
            f" goal p99 under {GOALS['p99_ms']:.0f} ms: {_met(late.p99_ms < GOALS['p99_ms'])}"
        )
    peak = max((row.peak_mb or 0 for row in found.rows if row.name == OURS), default=0)
    peak = max(peak, (found.latency.peak_mb or 0) if found.latency else 0)
    if peak:
        lines.append(
            f"peak memory of our worker: {peak:.0f} MB; goal under"
            f" {GOALS['peak_mb']:.0f}: {_met(peak < GOALS['peak_mb'])}"
        )
    return lines


def _met(yes: bool) -> str:  # noqa: FBT001 - reads as the question it answers
    return "met" if yes else "not met"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"
