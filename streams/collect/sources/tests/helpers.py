"""What every source's tests need: fixtures, the vendors' own material, deliveries, facts."""

import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import pytest

from schemas.codec import STRUCTURED_HEADERS, decode, encode
from schemas.delivery import Delivery
from schemas.events import Event
from schemas.topics import BY_NAME
from streams.collect.registry import source
from streams.collect.source import Fact, Fault, Ignored, Result

SOURCES = Path(__file__).parents[1]
MATERIALS = Path(__file__).parents[4].parent / "shared" / "materials" / "webhooks"
NOW = datetime(2026, 7, 28, 9, 30, tzinfo=UTC)


def fixture(vendor: str, name: str) -> bytes:
    """A payload that we wrote in the vendor's shape."""
    return (SOURCES / vendor / "fixtures" / f"{name}.json").read_bytes()


def changed(body: bytes, **fields: Any) -> bytes:
    """The payload with other values at paths such as ``form_response__token``; None removes one."""
    payload = json.loads(body)
    for path, value in fields.items():
        *steps, last = (int(step) if step.isdigit() else step for step in path.split("__"))
        at = payload
        for step in steps:
            at = at[step]
        if value is None:
            del at[last]
        else:
            at[last] = value
    return json.dumps(payload).encode()


def material(path: str) -> bytes:
    """A payload of the vendor's own, where it is at hand; in CI it has to be."""
    found = MATERIALS / path
    if found.exists():
        return found.read_bytes()
    return missing(f"the vendors' material is not here: webhooks/{path}")


def missing(what: str) -> NoReturn:
    """Skip, with the reason; in CI nothing may be skipped, so fail there."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}; CI skips nothing")
    pytest.skip(what)


def delivery_of(
    name: str, body: bytes, headers: Mapping[str, str] | None = None, at: datetime = NOW
) -> Delivery:
    """A delivery as the gateway would have made it."""
    return Delivery(
        id=source(name).delivery_id(body),
        source=name,
        received_at=at,
        method="POST",
        url=f"https://loop.example.com/v1/sources/{name}",
        headers=dict(headers or {}),
        body=body,
    )


def results(name: str, body: bytes) -> Sequence[Result]:
    """What the source's parser makes of a body."""
    return source(name).parse(delivery_of(name, body))


def facts(name: str, body: bytes) -> list[Fact]:
    """The facts among them; each passes its topic's codec as it is."""
    found = [each for each in results(name, body) if isinstance(each, Fact)]
    for fact in found:
        events: tuple[type[Event], ...] = BY_NAME[fact.topic].events
        assert decode(encode(fact.event), STRUCTURED_HEADERS, events) == fact.event
        assert fact.topic in source(name).handled.values()
    return found


def ignored(name: str, body: bytes) -> list[Ignored]:
    """What was left alone."""
    return [each for each in results(name, body) if isinstance(each, Ignored)]


def faults(name: str, body: bytes) -> list[Fault]:
    """The parts that cannot be right."""
    return [each for each in results(name, body) if isinstance(each, Fault)]
