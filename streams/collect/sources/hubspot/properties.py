"""Which property of HubSpot's is which field of ours, and how its text is read; pure.

Values come as text, also numbers and times; an empty one was cleared. What stands in neither table
is a property that we have no field for.

Source: HubSpot, "Properties": default company and deal properties (read 2026-07).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

import msgspec

from schemas.events import Currency, Domain
from streams.collect.outside import Outside

_LARGEST_AMOUNT = Decimal(2**53 - 1) / 100
_DAY_CHARS = len("2026-07-31")


class Property(NamedTuple):
    """Our field, how to read its text, and what a cleared one is; `...` where it cannot be."""

    field: str
    read: Callable[[Outside], Any]
    cleared: Any = ...


def _cents(value: Outside) -> int:
    try:
        amount = Decimal(value.text().strip())
    except InvalidOperation:
        raise value.wrong("expected an amount") from None
    if not (amount.is_finite() and 0 <= amount <= _LARGEST_AMOUNT):
        raise value.wrong("amount is out of range")
    return int((amount * 100).to_integral_value())


def _day(value: Outside) -> date:
    """The day in UTC: HubSpot keeps midnight there, as milliseconds or in ISO 8601."""
    text = value.text().strip()
    if text.isascii() and text.lstrip("-").isdigit():
        return Outside(_count(value, text), value.path).milliseconds().date()
    try:
        return date.fromisoformat(text[:_DAY_CHARS])
    except ValueError:
        raise value.wrong("expected a day") from None


def _count(value: Outside, text: str) -> int:
    if len(text) > len(str(2**53)):
        raise value.wrong("time is out of range")
    return int(text)


def _probability(value: Outside) -> float:
    try:
        number = float(value.text())
    except ValueError:
        raise value.wrong("expected a probability") from None
    if not 0 <= number <= 1:
        raise value.wrong("expected a probability from 0 to 1")
    return number


def _is_open(value: Outside) -> bool:
    try:
        return {"true": False, "false": True}[value.text().strip().lower()]
    except KeyError:
        raise value.wrong("expected true or false") from None


def _domains(value: Outside) -> tuple[str, ...]:
    return (str(_as(value, Domain, value.text().strip().lower())),)


def _currency(value: Outside) -> str:
    return str(_as(value, Currency, value.text().strip().upper()))


def _as(value: Outside, kind: Any, said: str) -> Any:
    try:
        return msgspec.convert(said, kind)
    except msgspec.ValidationError as error:
        raise value.wrong(str(error)) from None


COMPANY: Mapping[str, Property] = {
    "annualrevenue": Property("revenue_cents", _cents, None),
    "domain": Property("domains", _domains, ()),
    "hubspot_owner_id": Property("owner_id", Outside.id, None),
    "name": Property("name", Outside.name),
}
DEAL: Mapping[str, Property] = {
    "amount": Property("amount_cents", _cents, None),
    "closedate": Property("closes_on", _day, None),
    "deal_currency_code": Property("currency", _currency),
    "dealname": Property("name", Outside.name),
    "dealstage": Property("stage", Outside.name, None),
    "hs_deal_stage_probability": Property("probability", _probability, None),
    "hs_is_closed": Property("is_open", _is_open),
    "hubspot_owner_id": Property("owner_id", Outside.id, None),
}
