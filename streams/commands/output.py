"""What commands print: tables for people, JSON for machines, and nothing that a terminal obeys.

Results go to standard output, remarks and progress bars to standard error. Where standard output is
no terminal a table is as wide as it needs to be, so that no id is cut or folded.
"""

from __future__ import annotations

import io
import json
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import click
import msgspec
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from streams.commands.terminal import cell, safe

WIDE = 10_000
"""Columns of characters where there is no terminal to be too narrow."""
LEAST_WIDTH = 16
"""Columns of characters that each column of a table needs; with fewer its rows are stacked."""
Advance: TypeAlias = Callable[[int], None]


def show_json(value: object) -> None:
    """One JSON document, in ASCII: no terminal obeys it, no locale spoils it."""
    click.echo(json.dumps(msgspec.to_builtins(value), indent=2, ensure_ascii=True))


def show_line(value: object) -> None:
    """One JSON document on one line."""
    click.echo(json.dumps(msgspec.to_builtins(value), ensure_ascii=True))


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table; on a terminal too long cells are folded, never cut; on a narrow one they stack."""
    is_terminal = sys.stdout.isatty()
    if is_terminal and (width := Console().width) < LEAST_WIDTH * len(columns):
        click.echo("\n\n".join("\n".join(_stacked(columns, row, width)) for row in rows))
        return
    shape = box.SIMPLE_HEAD if is_terminal else None
    table = Table(box=shape, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, overflow="fold", no_wrap=not is_terminal)
    for row in rows:
        table.add_row(*(Text(cell(value)) for value in row))
    if is_terminal:
        Console(highlight=False).print(table)
        return
    wide = Console(file=io.StringIO(), width=WIDE, highlight=False, color_system=None)
    with wide.capture() as drawn:
        wide.print(table)
    for line in drawn.get().splitlines():
        click.echo(line.rstrip())


def _stacked(columns: Sequence[str], row: Sequence[object], width: int) -> Iterator[str]:
    """One field below the other, under the first."""
    first, *others = (cell(value) for value in row)
    yield from textwrap.wrap(first, width)
    for name, value in zip(columns[1:], others, strict=True):
        if value:
            said = f"{name}: {value}"
            yield from textwrap.wrap(said, width, initial_indent="  ", subsequent_indent="    ")


def show_fields(pairs: Iterable[tuple[str, object]]) -> None:
    """One line a field, names aligned; what is not known is left out."""
    known = [(name, cell(value)) for name, value in pairs if value not in {None, ""}]
    width = max((len(name) for name, _ in known), default=0)
    for name, value in known:
        click.echo(f"{name:<{width}}  {value}")


def show(*, as_json: bool, value: object, columns: Sequence[str], rows: Any) -> None:
    """The value as JSON, or the rows as a table."""
    if as_json:
        show_json(value)
    else:
        show_table(columns, rows)


def remark(words: str) -> None:
    """Something that is not the result, on standard error."""
    click.echo(safe(words), err=True)


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Advance]:
    """A progress bar on standard error, where that is a terminal; yields what moves it on."""
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    with bar:
        task = bar.add_task(what, total=total)
        yield lambda steps: bar.advance(task, steps)
