"""``closeloop link``: what the linker makes of a text, and how good it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from streams.commands import options
from streams.commands.errors import Refused
from streams.commands.output import progress, remark, show_fields, show_json, show_table
from streams.commands.root import settings_of
from streams.commands.terminal import excerpt

if TYPE_CHECKING:
    from streams.link.evaluate import Report, Tier
    from streams.link.trying import Tried


@click.group()
def link() -> None:
    """Linking: try, evaluate.

    Example: closeloop link try "the export in APP-12 is not sorted"
    """


@link.command("try")
@click.argument("text")
@options.as_json
@click.pass_context
def try_(context: click.Context, *, text: str, as_json: bool) -> None:
    """Say what a remark with these words would be linked to, and why. Nothing is written.

    Example: closeloop link try "the export in APP-12 is not sorted"
    """
    from streams.link.trying import try_text
    from streams.wiring import linkers_of, opened_store

    settings = settings_of(context)
    with opened_store(settings) as store, store.transaction() as tx, progress("reading issues"):
        tried = try_text(tx, linkers_of(settings), text)
    if as_json:
        show_json(tried)
    else:
        _print(tried)


@link.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--tier", type=click.Choice(["fast", "quality"]), default="fast", show_default=True)
@options.as_json
def evaluate(*, folder: Path, tier: Tier, as_json: bool) -> None:
    """Measure the linker on labelled remarks: candidates, queries and gold as JSON lines.

    Example: closeloop link evaluate data/linking --json
    """
    from streams.link.evaluate import BadFolder
    from streams.link.evaluate import evaluate as measure
    from streams.link.likeness.minilm import NotInstalled

    try:
        with progress(f"measuring {folder.name}"):
            report = measure(folder, tier)
    except (BadFolder, NotInstalled) as error:
        raise Refused(str(error)) from error
    if as_json:
        show_json(report)
    else:
        _print_report(report)


def _print(tried: Tried) -> None:
    show_fields([("outcome", tried.outcome)])
    if tried.claims:
        click.echo()
        show_table(
            ("issue", "rule", "score", "because"),
            ((c.issue_key, c.rule, f"{c.score:.2f}", c.quote) for c in tried.claims),
        )
    for mention in tried.passed_over:
        remark(f"{mention.key} is left alone: no such issue, and no such project")
    for part in tried.parts:
        if len(tried.parts) > 1:
            click.echo()
            remark(excerpt(part.text))
        if part.alike:
            click.echo()
            show_table(
                ("alike", "score", "words in common", "title"),
                ((a.issue_key, f"{a.score:.2f}", a.why, a.title) for a in part.alike),
            )


def _print_report(report: Report) -> None:
    show_fields([("folder", report.folder), ("tier", report.tier)])
    show_fields([("remarks", report.queries), ("with a right epic", report.with_gold)])
    click.echo()
    measured = [(name, _figures(getattr(report, name))) for name in report.__struct_fields__]
    rows = [(name, *figures) for name, figures in measured if figures]
    show_table(("measure", "value", "low", "high"), rows)
    guarantee = f"{report.kept:.3f} of halves kept {report.p:g}, asked for {1 - report.delta:g}"
    show_fields([("guarantee", guarantee)])


def _figures(value: object) -> tuple[str, ...]:
    """A measure with its interval; nothing for what is none."""
    from streams.link.evaluate import Measure

    if not isinstance(value, Measure):
        return ()
    return tuple(f"{part:.3f}" for part in (value.value, value.low, value.high))
