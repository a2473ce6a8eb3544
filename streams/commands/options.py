"""Options and arguments that several commands share."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import click
import msgspec

CommandT = TypeVar("CommandT", bound=Callable[..., Any] | click.Command)

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
dry_run = click.option("--dry-run", is_flag=True, help="Say what would be done; do nothing.")


def limit(default: int = 50) -> Callable[[CommandT], CommandT]:
    """``--limit``."""
    kind = click.IntRange(1, 100_000)
    return click.option("--limit", type=kind, default=default, show_default=True)


class Instant(click.ParamType):
    """An instant with its zone (ISO 8601), a date (its midnight in UTC), or an age: 90m, 6h, 7d."""

    name = "WHEN"

    def convert(
        self, value: Any, param: click.Parameter | None, context: click.Context | None
    ) -> datetime:
        """The instant, aware."""
        if isinstance(value, datetime):
            return value
        found = _aged(str(value)) or _stated(str(value))
        if found is None:
            self.fail(
                f"{value!r} is no date, no time with a zone and no age (6h, 7d)", param, context
            )
        return found


_DIGITS = 6
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def _aged(text: str) -> datetime | None:
    number, unit = text[:-1], _UNITS.get(text[-1:])
    if unit is None or not (number.isascii() and number.isdigit() and len(number) <= _DIGITS):
        return None
    try:
        return datetime.now(UTC) - timedelta(**{unit: int(number)})
    except OverflowError:
        return None


def _stated(text: str) -> datetime | None:
    for words in (text, f"{text}T00:00:00Z"):
        try:
            said = msgspec.convert(words, datetime)
        except msgspec.ValidationError:
            continue
        if said.tzinfo is not None:
            return said
    return None


since = click.option("--since", type=Instant(), help="Only what is younger: a time or an age (7d).")


def _somebody() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody"


LONGEST_NAME = 200
"""Letters of who decides, as the triage API has it."""


def _named(_context: click.Context, _option: click.Parameter, value: str) -> str:
    if not 1 <= len(value) <= LONGEST_NAME:
        raise click.BadParameter(f"a name has 1 to {LONGEST_NAME} letters")
    return value


by = click.option(
    "--by",
    default=_somebody,
    show_default="your login",
    callback=_named,
    help="Who decides.",
)
