"""``closeloop link``: what the linker makes of a text, and how good it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from streams.commands import options
from streams.commands.adapting import adapt
from streams.commands.errors import Refused, Unusable
from streams.commands.output import progress, remark, show_fields, show_json, show_table
from streams.commands.root import settings_of
from streams.commands.terminal import excerpt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.link.evaluate import Report
    from streams.link.likeness.tiers import TierName
    from streams.link.rebuilding import Compared, Tier
    from streams.link.trying import Tried


@click.group()
def link() -> None:
    """Linking: try, status, evaluate, rebuild, adapt.

    Example: closeloop link try "the export in APP-12 is not sorted"
    """


link.add_command(adapt)


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
        tried = try_text(tx, linkers_of(settings), text, settings.jira_url)
    if as_json:
        show_json(tried)
    else:
        _print(tried)


@link.command()
@options.as_json
@click.pass_context
def status(context: click.Context, *, as_json: bool) -> None:
    """Say what is linked by likeness without a person, and what that rests on.

    Example: closeloop link status
    """
    from streams.link.standing import standing
    from streams.wiring import linkers_of, opened_store

    settings = settings_of(context)
    with opened_store(settings) as store, store.transaction() as tx, progress("reading issues"):
        found = [standing(tx, linker) for linker in linkers_of(settings).tiers]
    if as_json:
        show_json(found)
        return
    for tier in found:
        show_fields(
            [
                ("tier", tier.tier),
                ("promise", tier.says),
                ("decided", f"{tier.labels} answers, {tier.audits} of them audits"),
                ("certified", tier.at),
            ]
        )


@link.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--tier", type=click.Choice(["fast", "quality"]), default="fast", show_default=True)
@click.option(
    "--table",
    "words",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A table of word vectors, as link adapt --out writes it.",
)
@options.as_json
def evaluate(*, folder: Path, tier: TierName, words: Path | None, as_json: bool) -> None:
    """Measure the linker on labelled remarks: candidates, queries and gold as JSON lines.

    With the packaged table of word vectors, or with the one that is named. A pool is a tracker of
    its own: remarks are held against its candidates alone, and a history teaches within it.

    Example: closeloop link evaluate data/linking --json
    """
    from streams.link.evaluate import evaluate as measure
    from streams.link.evaluate_reading import BadFolder
    from streams.link.likeness.minilm import NotInstalled
    from streams.link.likeness.table import BadTable, read

    try:
        with progress(f"measuring {folder.name}"):
            report = measure(folder, tier, read(words) if words else None)
    except BadFolder as error:
        raise Unusable(str(error)) from error
    except (BadTable, NotInstalled) as error:
        raise Refused(str(error)) from error
    for said in _odd(report):
        remark(said)
    if as_json:
        show_json(report)
    else:
        _print_report(report)


@link.command()
@click.option("--check", is_flag=True, help="Only compare; 1 where anything differs.")
@options.dry_run
@options.as_json
@click.pass_context
def rebuild(context: click.Context, *, check: bool, dry_run: bool, as_json: bool) -> None:
    """Derive everything that was learned from the decisions anew.

    With --check it is compared with what there is, bit for bit; nothing is written. Without, the
    lessons become those that follow from the decisions, and kept indexes and vectors are forgotten,
    in one transaction; workers learn of it with their next batch.

    Example: closeloop link rebuild --check
    """
    from streams.link.rebuilding import compare, look, mend
    from streams.wiring import linkers_of, opened_store

    settings = settings_of(context)
    with opened_store(settings) as store, store.transaction() as tx:
        with progress("deriving lessons, remark by remark") as advance:
            found = compare(tx, advance)
        tiers = []
        if check:
            for tier in linkers_of(settings).tiers:
                with progress(f"learning them anew: {tier.tier}"):
                    tiers.append(look(tx, tier))
        forgotten = 0 if check or dry_run else mend(tx, found)
    is_right = not found.to_write and all(tier.is_right for tier in tiers)
    if as_json:
        written = not (check or dry_run)
        show_json(
            {"is_right": is_right, "lessons": found, "tiers": tiers}
            | {"written": written, "forgotten": forgotten}
        )
    else:
        _print_rebuilt(found, tiers)
    if check and not is_right:
        context.exit(1)


def _print_rebuilt(found: Compared, tiers: Sequence[Tier]) -> None:
    show_fields([("lessons derived", found.derived), ("revised since", found.revised or None)])
    named = [
        (what, each.remark_id, each.issue_id)
        for what in ("missing", "different", "left_over")
        for each in getattr(found, what)
    ]
    if named:
        click.echo()
        show_table(
            ("lesson is", "remark", "issue"), ((w.replace("_", " "), r, i) for w, r, i in named)
        )
    for tier in tiers:
        click.echo()
        sums = "the same, bit for bit" if tier.same_sums else "different in other steps"
        said = ": ".join(part for part in (tier.certificate.verdict, tier.certificate.why) if part)
        show_fields([("tier", tier.tier), ("sums", sums), ("certificate", said)])


def _print(tried: Tried) -> None:
    show_fields([("outcome", tried.outcome)])
    if tried.claims:
        click.echo()
        show_table(
            ("issue", "rule", "score", "because"),
            ((c.issue_key, c.rule, f"{c.score:.2f}", c.quote) for c in tried.claims),
        )
    for mention in tried.passed_over:
        remark(f"{mention.key} is left alone: no such issue and no such project, or it was deleted")
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
    show_fields(
        [
            ("remarks", report.queries),
            ("with a right epic", report.with_gold),
            ("confirmed texts", f"{report.lessons}, at most {report.confirmations} of one epic"),
        ]
    )
    click.echo()
    measured = [(name, _figures(getattr(report, name))) for name in report.__struct_fields__]
    rows = [(name, *figures) for name, figures in measured if figures]
    show_table(("measure", "value", "low", "high"), rows)
    guarantee = f"{report.kept:.3f} of halves kept {report.p:g}, asked for {1 - report.delta:g}"
    show_fields([("guarantee", guarantee)])


def _odd(report: Report) -> list[str]:
    """What of the folder was not taken as it may have been meant."""
    counted = (
        (report.unreachable, "no right epic among the candidates of their pool, so missed"),
        (report.unlabelled, "no line of gold, so taken as having no right epic"),
        (report.strays, "labels of no remark or candidate that is there, so left out"),
    )
    return [f"{words}: {count}" for count, words in counted if count]


def _figures(value: object) -> tuple[str, ...]:
    """A measure with its interval; nothing for what is none."""
    from streams.link.evaluate_figures import Measure

    if not isinstance(value, Measure):
        return ()
    return tuple(f"{part:.3f}" for part in (value.value, value.low, value.high))
