"""The examples of every event: read by the codec in both modes, and right by their schemas."""

import json
from collections import Counter
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from schemas.codec import STRUCTURED_HEADERS, decode, encode, encode_binary, type_of, validate
from schemas.errors import InvalidEvent
from schemas.events import Event
from schemas.examples import example_name, examples, examples_of
from schemas.render import json_schema
from schemas.topics import TOPICS, topic

NOW = datetime(2026, 7, 1, tzinfo=UTC)
ALL = tuple(event for topic in TOPICS for event in topic.events)
EXAMPLES = [
    pytest.param(name, example, id=f"{name}-{number}")
    for number, (name, example) in enumerate(examples())
]


def test_every_event_of_every_topic_has_an_example() -> None:
    """A reader of the documents finds one of each."""
    shown = Counter(name for name, _ in examples())
    assert shown.keys() == {topic.name for topic in TOPICS if topic.events}
    assert all(list(examples_of(event)) for event in ALL)


def test_no_file_of_the_examples_is_left_out() -> None:
    """A gap in the numbers, or a type misspelt, would hide the file."""
    found = {file.name for file in (files("schemas") / "examples").iterdir()}
    expected = {
        example_name(type_of(event), number)
        for event in ALL
        for number, _ in enumerate(examples_of(event), start=1)
    }
    assert found == expected


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_an_example_is_read_in_both_modes(name: str, example: bytes) -> None:
    """And says the same in each."""
    events = topic(name).events
    event: Any = decode(example, STRUCTURED_HEADERS, events)
    validate(event, example, NOW)
    payload, headers = encode_binary(event)
    assert decode(payload, headers, events) == event
    assert decode(encode(event), STRUCTURED_HEADERS, events) == event


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_an_example_says_nothing_that_we_would_not_keep(name: str, example: bytes) -> None:
    """A misspelt field is not an error to the codec: here it is one."""
    event: Any = decode(example, STRUCTURED_HEADERS, topic(name).events)
    assert _paths(json.loads(example)) == _paths(json.loads(encode(event)))


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_an_example_is_right_by_its_schema(name: str, example: bytes) -> None:
    """By the formats too."""
    event = decode(example, STRUCTURED_HEADERS, topic(name).events)
    _checker(type(event)).validate(json.loads(example))


def test_nobody_real_is_in_the_examples() -> None:
    """Domains end in example, which nobody can own."""
    text = b"".join(example for _, example in examples()).decode()
    hosts = [
        piece.split('"')[0].split("/")[0] for mark in ("://", "@") for piece in text.split(mark)[1:]
    ]
    assert hosts
    assert all(host.endswith(".example") for host in hosts)


def _paths(value: Any, path: str = "$") -> set[str]:
    """The fields that a document names; a value that is the default may be named or not."""
    if isinstance(value, dict):
        return {path}.union(*(_paths(inner, f"{path}.{key}") for key, inner in value.items()))
    if isinstance(value, list):
        return {path}.union(*(_paths(inner, f"{path}[]") for inner in value))
    return {path}


def _checker(event: type[Event]) -> Draft202012Validator:
    formats = Draft202012Validator.FORMAT_CHECKER
    return Draft202012Validator(json_schema(event), format_checker=formats)


def _spoilt(value: Any) -> list[Any]:
    """The document with each of its parts replaced by each of several misfits."""
    misfits: list[Any] = [None, True, -1, 0.5, 2**60, "", "x\n", "a b", [], [None], {}]
    inner: list[Any] = []
    if isinstance(value, dict):
        inner = [{**value, key: bad} for key in value for bad in _spoilt(value[key])]
        inner += [{k: v for k, v in value.items() if k != gone} for gone in value]
    elif isinstance(value, list):
        inner = [
            [*value[:at], bad, *value[at + 1 :]]
            for at in range(len(value))
            for bad in _spoilt(value[at])
        ]
    return [*misfits, *inner]


@pytest.mark.parametrize("event", ALL, ids=type_of)
def test_schema_and_codec_agree_about_what_fits(event: type[Event]) -> None:
    """Who checks against the published schema is not dead-lettered, nor kept from sending."""
    checker = _checker(event)
    for example in examples_of(event):
        for spoilt in _spoilt(json.loads(example)):
            try:
                decode(json.dumps(spoilt).encode(), [], (event,))
            except InvalidEvent:
                fits = False
            else:
                fits = True
            assert checker.is_valid(spoilt) == fits, spoilt
