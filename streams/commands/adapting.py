"""``closeloop link adapt``: fits the table of word vectors to what customers say here."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

import click
import msgspec

from streams.commands import options
from streams.commands.errors import Refused
from streams.commands.output import progress, remark, show_fields, show_json, show_table
from streams.commands.root import settings_of

if TYPE_CHECKING:
    from sinks.store.contract import Store
    from streams.link.adapt import Change, Gained, Samples
    from streams.link.likeness.encoder import Encoder

MOST = 50_000
"""Texts that are read, at most; which ones, chance decides."""

SAMPLE = 200
"""Texts by which it is told how long all of them take."""

WORSE = "it is worse on what was held out than the table in use, which stays; --force takes it"
ASKED_AGAIN = (
    "workers take it up with their next batch; its figures are others, so that the fast tier links"
    " nothing by itself until new audits certify it: see closeloop link status"
)


class Made(NamedTuple):
    """An adapted table's file, and what it gained."""

    body: bytes
    gained: Gained


@click.command()
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write it there only.")
@click.option("--force", is_flag=True, help="Take it even if it is worse on what was held out.")
@click.option("--reset", is_flag=True, help="Go back to the packaged table; nothing is read.")
@options.dry_run
@options.as_json
@click.pass_context
def adapt(  # noqa: PLR0913 - one argument an option
    context: click.Context,
    *,
    out: Path | None,
    force: bool,
    reset: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Fit the word vectors anew to what customers said here, and say what that gained.

    The fast tier then knows better what is alike, and costs the same. It learns from the words of
    remarks and issues, from no decision; a tenth is held out and measured on. Worth it once in a
    while, after some thousand remarks; it takes a minute for 15,000 short ones, and needs the extra
    minilm.
    The fast tier's certificate counts no more: it asks about everything until audits certify anew.

    Example: closeloop link adapt --dry-run
    """
    from streams.wiring import opened_store

    if reset and (out or force):
        raise click.UsageError("--reset takes neither --out nor --force")
    if out and not out.absolute().parent.is_dir():
        raise click.UsageError(f"--out: there is no folder {out.parent}")
    with opened_store(settings_of(context)) as store:
        if reset:
            _reset(store, dry_run=dry_run, as_json=as_json)
            return
        made = _made(store)
        is_taken = force or not made.gained.is_worse
        table = _take(store, made.body, out) if is_taken and not dry_run else None
    _show(made.gained, table, as_json=as_json)
    if not is_taken:
        raise Refused(WORSE)
    if table and not out:
        remark(ASKED_AGAIN)


def _made(store: Store) -> Made:
    """No transaction is open while anything is computed."""
    from streams.link import adapt as adapting
    from streams.link.likeness import table
    from streams.link.likeness.adapting import adapted

    teacher = _teacher()
    of = _samples(store)
    _foretell(teacher, of)
    with progress("reading them closely", len(of.read) + len(of.held_out)) as advance:
        taught = adapting.embed(teacher, of.read, advance)
        aside = adapting.embed(teacher, of.held_out, advance)
    with progress("fitting"):
        parts = adapted(table.parse(table.PACKAGED.read_bytes()), of.read, taught)
        about = {"adapted_from": table.packaged().name, "texts": str(len(of.read))}
        with store.transaction() as tx:
            known = adapting.known(tx)
        gained = adapting.gained(of, aside, known, table.Table(parts))
    return Made(table.written(parts, about), gained)


def _foretell(teacher: Encoder, of: Samples) -> None:
    """How long it will take, by a few of them."""
    every = [*of.read, *of.held_out]
    few = every[:: max(1, len(every) // SAMPLE)]
    began = monotonic()
    teacher.encode(few)
    seconds = (monotonic() - began) / len(few) * len(every)
    remark(f"{len(every)} texts: takes about {max(1, round(seconds))} s")


def _teacher() -> Encoder:
    from streams.link.likeness import minilm, table

    try:
        return minilm.sentences(table.packaged())
    except minilm.NotInstalled as missing:
        raise Refused(str(missing)) from missing


def _samples(store: Store) -> Samples:
    from streams.link.adapt import TooFew, samples
    from streams.link.likeness import table
    from streams.link.texts import draw, read

    with progress("reading remarks") as advance:
        texts = draw(read(store, advance), MOST)
    try:
        return samples(texts, table.packaged())
    except TooFew as few:
        raise Refused(f"{few}: nothing was changed") from few


def _take(store: Store, body: bytes, out: Path | None) -> str:
    """Into the store, or into a file; the table's digest, or the file's name."""
    from streams.link import tables

    if out:
        try:
            out.write_bytes(body)
        except OSError as error:
            raise Refused(f"--out: {error}") from error
        return str(out)
    with store.transaction() as tx:
        return tables.install(tx, body, datetime.now(UTC))


def _reset(store: Store, *, dry_run: bool, as_json: bool) -> None:
    from streams.link import tables

    with store.transaction() as tx:
        before = tables.named(tx) if dry_run else tables.reset(tx)
    if as_json:
        show_json(
            {"table": None, "before": before or None, "written": bool(before) and not dry_run}
        )
    elif not before:
        remark("the packaged table is in use already")
    else:
        show_fields([("table", "packaged"), ("before", before)])


def _show(gained: Gained, table: str | None, *, as_json: bool) -> None:
    if as_json:
        show_json({**msgspec.to_builtins(gained), "table": table, "written": table is not None})
        return
    counted = {"read": gained.texts, "held out": gained.held_out, "decided": gained.decided}
    show_fields([(name, f"{count} texts") for name, count in counted.items()])
    click.echo()
    names = {"nearest": "knows the nearest", "r1": "right issue first", "mrr": "1 / place of it"}
    rows = [(name, getattr(gained, field)) for field, name in names.items()]
    show_table(
        ("on what was held out", "before", "after", "gain, low", "gain, high"),
        ((name, *_figures(change)) for name, change in rows if change),
    )
    if table:
        show_fields([("table", table)])


def _figures(change: Change) -> tuple[str, ...]:
    gain = (f"{each:+.3f}" for each in (change.low, change.high))
    return (f"{change.before:.3f}", f"{change.after:.3f}", *gain)
