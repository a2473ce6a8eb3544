"""What the commands of a person's decisions share: carry out or try, wake the workers, say it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

import click
import msgspec

from sinks.store.contract import Transaction
from streams.commands.broker import wake
from streams.commands.output import show_fields, show_json
from streams.commands.root import settings_of
from streams.link.desk import Action, Asked, Result, carry_out_all, plan_all, result_of
from streams.link.triage import Plan

Planning: TypeAlias = Callable[[Transaction], Sequence[Plan]]


def parted(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Remarks, which have a colon in their name, and issues, which have none."""
    remarks = [name for name in dict.fromkeys(names) if ":" in name]
    return remarks, [name for name in dict.fromkeys(names) if ":" not in name]


def some(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """The same; without any remark it is wrong use."""
    remarks, issues = parted(names)
    if not remarks:
        raise click.UsageError("name at least one remark, SOURCE:RECORD")
    return remarks, issues


def rule(
    context: click.Context,
    action: Action,
    remarks: Sequence[str],
    issues: Sequence[str],
    **said: Any,
) -> None:
    """Decide these remarks as one."""
    asked = Asked(action=action, remarks=remarks, issues=issues, by=said["by"])
    carry_out(context, lambda tx: plan_all(tx, asked), **said)


def carry_out(
    context: click.Context, planned: Planning, *, by: str, dry_run: bool, as_json: bool
) -> None:
    """Plan, and unless it is a dry run, do it; then say what became of each remark."""
    from streams.wiring import opened_store

    settings, now = settings_of(context), datetime.now(UTC)
    with opened_store(settings) as store, store.transaction() as tx:
        plans = planned(tx)
        if not dry_run:
            carry_out_all(tx, plans, by, now)
    if not dry_run:
        wake(settings, "triage")
    say([result_of(one) for one in plans], dry_run=dry_run, as_json=as_json)


def say(results: Sequence[Result], *, dry_run: bool, as_json: bool, **more: Any) -> None:
    """What became of each remark, or would; a single one stands at the top of the JSON as well."""
    if as_json:
        alone = msgspec.to_builtins(results[0]) if len(results) == 1 else {}
        show_json({**alone, **more, "remarks": results, "dry_run": dry_run})
        return
    for one in results:
        decided = ", ".join(f"{r.issue_key} {r.state}" for r in one.decided if r.state)
        outcome = "would be" if dry_run else "now"
        show_fields([("remark", one.remark), ("issues", decided), (outcome, one.outcome)])
