"""What holds for every parser, whatever it is sent: named invariants."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from schemas.codec import STRUCTURED_HEADERS, decode, encode
from schemas.errors import InvalidEvent
from schemas.topics import BY_NAME
from streams.collect.registry import SOURCES
from streams.collect.source import Fact, Fault, Ignored
from streams.collect.sources.tests.helpers import SOURCES as FOLDER
from streams.collect.sources.tests.helpers import delivery_of

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
NAMES = sorted(SOURCES)
ODD_TEXT = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [
            *("", " ", "\0", "x" * 300, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"),
            *("1e9999", "NaN", "-1", "٣", "2026-07-28T09:00:00Z", "true", "0-3", "a@b", "{{x}}"),
        ]
    ),
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    ODD_TEXT,
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
FIXTURES = [
    (path.parents[1].name, json.loads(path.read_bytes()))
    for path in sorted(Path(FOLDER).glob("*/fixtures/*.json"))
]


def check(name: str, body: bytes) -> None:
    """A parser yields facts that its topic takes, or raises the one error; twice the same."""
    source = SOURCES[name]
    assert source.delivery_id(body) == source.delivery_id(body)
    assert 0 < len(source.delivery_id(body)) <= 200
    try:
        results = source.parse(delivery_of(name, body))
    except InvalidEvent:
        return
    assert repr(results) == repr(source.parse(delivery_of(name, body)))
    for result in results:
        if isinstance(result, Fact):
            events = BY_NAME[result.topic].events
            assert decode(encode(result.event), STRUCTURED_HEADERS, events) == result.event
            assert result.topic in source.handled.values()
        elif isinstance(result, Fault):
            assert result.error.path.startswith("$")
        else:
            assert isinstance(result, Ignored)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document, the whole of it included."""
    found = [path]
    if isinstance(value, dict | list):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            found += places(inner, (*path, step))
    return found


def replaced(document: Any, path: tuple[Any, ...], value: Any, *, gone: bool) -> Any:
    """The document with another value at a place, or without it."""
    if not path:
        return value
    changed = copy.deepcopy(document)
    at = changed
    for step in path[:-1]:
        at = at[step]
    if gone:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return changed


@pytest.mark.parametrize("name", NAMES)
@CALM
@given(st.binary())
@example(b"")
@example(b"[" * 100_000)
@example(b'{"type":' * 5_000)
@example(b"1" * 5_000)
@example(b'"\\ud800"')
@example(b'{"issue": {"fields": {"description": ' + b'{"content": [' * 300 + b"]}" * 300 + b"}}}")
def test_any_bytes_are_parsed_or_named_wrong(name: str, body: bytes) -> None:
    """Nothing but `InvalidEvent` ever comes out."""
    check(name, body)


@pytest.mark.parametrize("name", NAMES)
@CALM
@given(JSON)
def test_any_json_is_parsed_or_named_wrong(name: str, document: Any) -> None:
    """However little it is what the vendor sends."""
    check(name, json.dumps(document).encode())


@settings(CALM, max_examples=600)
@given(data=st.data())
def test_a_payload_with_one_odd_place_is_parsed_or_named_wrong(data: st.DataObject) -> None:
    """A vendor's payload in which one value is another, or gone."""
    name, document = data.draw(st.sampled_from(FIXTURES))
    path = data.draw(st.sampled_from(places(document)))
    gone = bool(path) and data.draw(st.booleans())
    check(name, json.dumps(replaced(document, path, data.draw(JSON), gone=gone)).encode())


@pytest.mark.parametrize("depth", [100, 500, 990, 2_000])
def test_a_description_nested_without_end_breaks_nothing(depth: int) -> None:
    """Jira's rich text may nest; ours is read by a function that calls itself."""
    ((name, document),) = [
        (n, d) for n, d in FIXTURES if n == "jira" and d.get("webhookEvent") == "jira:issue_updated"
    ]
    inner: Any = {"type": "text", "text": "x"}
    text = json.dumps(replaced(document, ("issue", "fields", "description"), "DEEP", gone=False))
    deep = '{"type": "doc", "content": [' * depth + json.dumps(inner) + "]}" * depth
    check(name, text.replace('"DEEP"', deep).encode())
