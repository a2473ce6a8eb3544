"""The registry of topics keeps its own rules, and the page about it says the same."""

import json
import re
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.codec import STRUCTURED_HEADERS, decode
from schemas.errors import UnknownType
from schemas.events import Event
from schemas.render import BEGIN, with_table
from schemas.topics import (
    CONTROL,
    DAY_MS,
    DEAD_SUFFIX,
    LARGEST_BODY_BYTES,
    MONTH_MS,
    OUTSIDE,
    SOURCES,
    TOPICS,
    YEAR_MS,
    Topic,
    dead_twins,
    topic,
)

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "topics.md").read_text("utf-8")
ROOMS = {
    f"streams.{room}" for room in ("app", "collect", "enrich", "link", "ship", "tell", "verify")
}
EACH = pytest.mark.parametrize("one", TOPICS, ids=lambda one: one.name)


@EACH
def test_a_topic_says_what_it_is(one: Topic) -> None:
    """All that a newcomer asks."""
    assert one.description.endswith(".")
    assert one.key
    assert one.producers
    assert one.consumers
    assert one.owner in ROOMS
    assert one.partitions >= 1
    assert topic(one.name) is one


@EACH
def test_a_topic_is_named_for_what_happened(one: Topic) -> None:
    """Noun and past participle, or where raw bodies come from."""
    if one is CONTROL:
        return
    pattern = r"source\.[a-z0-9]+" if one in SOURCES else r"[a-z]+\.[a-z]+(ed|wn)"
    assert re.fullmatch(pattern, one.name)
    assert re.fullmatch(r"[a-zA-Z0-9._-]{1,249}", one.dead)


@EACH
def test_words_are_kept_a_month_at_most(one: Topic) -> None:
    """So that erasing a person in the store is complete by then."""
    if one.has_words:
        assert one.retention_ms is not None
        assert one.retention_ms <= MONTH_MS


def _payload_fields(event: type[Event]) -> set[str]:
    data = {field.name: field.type for field in msgspec.structs.fields(event)}["data"]
    return {field.name for field in msgspec.structs.fields(data)}


@EACH
def test_what_carries_a_text_field_of_people_says_that_it_has_words(one: Topic) -> None:
    """The flag must not be forgotten on a new topic."""
    fields = {name for event in one.events for name in _payload_fields(event)}
    assert one.has_words or "words" not in fields


@EACH
def test_a_topic_has_a_dead_twin_unless_it_says_otherwise(one: Topic) -> None:
    """The twin takes whatever the topic took, and why it is dead besides."""
    twins = [twin for twin in dead_twins() if twin.name == one.dead]
    assert len(twins) == one.has_dead_twin
    for twin in twins:
        assert twin.retention_ms == MONTH_MS
        assert twin.cleanup == "delete"
        assert twin.key == one.key
        assert not twin.has_dead_twin
        assert int(twin.config["max.message.bytes"]) > int(one.config["max.message.bytes"])


def test_only_the_control_topic_has_no_dead_twin() -> None:
    """Nothing on it can be wrong: it only wakes."""
    assert [one for one in TOPICS if not one.has_dead_twin] == [CONTROL]


def test_names_are_unique() -> None:
    """Twins too."""
    names = [one.name for one in chain(TOPICS, dead_twins())]
    assert len(names) == len(set(names))
    assert not any(one.name.endswith(DEAD_SUFFIX) for one in TOPICS)


@pytest.mark.parametrize(
    ("name", "retention_ms"),
    [
        ("feedback.received", MONTH_MS),
        ("crm.changed", None),
        ("epic.changed", None),
        ("feedback.linked", MONTH_MS),
        ("feature.shipped", YEAR_MS),
        ("feature.withdrawn", YEAR_MS),
        ("notification.requested", YEAR_MS),
        ("notification.settled", YEAR_MS),
        ("loop.changed", None),
        ("closeloop.control", DAY_MS),
    ],
)
def test_a_topic_is_kept_as_the_design_says(name: str, retention_ms: int | None) -> None:
    """Compacted, or deleted after its time."""
    assert topic(name).retention_ms == retention_ms


def test_the_design_names_every_topic_there_is() -> None:
    """Ten by name, and one for each source."""
    assert all(one.retention_ms == MONTH_MS and one.has_words for one in SOURCES)
    assert {one.name for one in TOPICS[len(SOURCES) :]} == {
        "feedback.received",
        "crm.changed",
        "epic.changed",
        "feedback.linked",
        "feature.shipped",
        "feature.withdrawn",
        "notification.requested",
        "notification.settled",
        "loop.changed",
        "closeloop.control",
    }


@EACH
def test_the_brokers_configuration_follows_from_the_registry(one: Topic) -> None:
    """Both policies, and room for the largest body and its framing."""
    config = one.config
    compacted = one.retention_ms is None
    assert config["cleanup.policy"] == ("compact" if compacted else "delete")
    assert ("retention.ms" in config) != compacted
    assert int(config["max.message.bytes"]) > LARGEST_BODY_BYTES


def test_a_topic_that_nobody_declared_is_unknown() -> None:
    """Also one that only nearly exists."""
    for name in ("feedback", "feedback.received.dead.dead", "", "Feedback.received"):
        with pytest.raises(UnknownType, match="no topic is called"):
            topic(name)


def test_the_pages_table_is_todays() -> None:
    """`python -m schemas.render docs/topics.md` renews it."""
    assert PAGE.count(BEGIN) == 1
    assert with_table(PAGE) == PAGE


def test_the_page_names_the_topics_that_others_may_publish_onto() -> None:
    """As the registry has them."""
    sentence = re.search(r"may publish onto (.*)\.\n", PAGE)
    assert sentence
    named = set(re.findall(r"`([a-z.]+)`", sentence[1]))
    assert named == {one.name for one in TOPICS if OUTSIDE & set(one.producers)}


def _blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)


def test_the_pages_example_is_read_in_both_modes_and_is_the_same() -> None:
    """Whoever copies it must get through."""
    structured, payload = _blocks("json")
    lines = _blocks("text")[0].splitlines()
    headers: Any = [
        (name, value.encode()) for name, value in (line.split(": ", 1) for line in lines)
    ]
    events = topic("feedback.received").events
    event = decode(structured.encode(), STRUCTURED_HEADERS, events)
    assert decode(payload.encode(), headers, events) == event
    assert json.loads(structured)["data"] == json.loads(payload)
    assert f"`{event.data.origin}:{event.data.record}`" in PAGE  # type: ignore[attr-defined]


def test_the_pages_commands_publish_onto_a_topic_that_there_is() -> None:
    """A name misspelt in a page is found by its reader, or here."""
    published = re.findall(r"closeloop publish (\S+)", "".join(_blocks("console")))
    assert published
    assert all(topic(name) for name in published)
