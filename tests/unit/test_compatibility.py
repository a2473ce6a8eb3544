"""Today's events take everything ever released; and the checker that says so is itself checked."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.codec import STRUCTURED_HEADERS, decode, type_of, validate
from schemas.compatibility import breaks, topic_breaks
from schemas.freeze import FROZEN, freeze, frozen_examples, frozen_schemas
from schemas.render import json_schema
from schemas.topics import TOPICS, topic

TODAY = {type_of(event): json_schema(event) for topic in TOPICS for event in topic.events}
TOPIC_TYPES = {topic.name: [type_of(event) for event in topic.events] for topic in TOPICS}


def test_no_topic_lost_an_event_type() -> None:
    """Nor is a topic itself gone."""
    frozen: dict[str, set[str]] = {}
    for name, kind, _ in frozen_schemas():
        frozen.setdefault(name, set()).add(kind)
    assert topic_breaks(frozen, TOPIC_TYPES) == []


@pytest.mark.parametrize(
    "frozen", [pytest.param(schema, id=f"{name}-{kind}") for name, kind, schema in frozen_schemas()]
)
def test_todays_schema_takes_what_the_frozen_one_took(frozen: dict[str, Any]) -> None:
    """Records of then are still on the topics, and senders of then still send."""
    assert breaks(frozen, TODAY[frozen["$id"].rpartition(":")[2]]) == []


@pytest.mark.parametrize(("name", "example"), list(frozen_examples()))
def test_a_frozen_example_is_still_read(name: str, example: bytes) -> None:
    """By the codec itself, not only by its schema."""
    event = decode(example, STRUCTURED_HEADERS, topic(name).events)
    validate(event, example, datetime(2026, 7, 1, tzinfo=UTC))


def test_every_event_is_frozen_with_an_example() -> None:
    """Else nothing would hold it: `python -m schemas.freeze` adds what is missing."""
    assert {kind for _, kind, _ in frozen_schemas()} == TODAY.keys()
    shown = {(name, json.loads(example)["type"]) for name, example in frozen_examples()}
    assert shown == {(name, kind) for name, kinds in TOPIC_TYPES.items() for kind in kinds}


def test_freezing_adds_everything_once_and_overwrites_nothing(tmp_path: Path) -> None:
    """What was released stays as it was, whatever the code says today."""
    assert len(freeze(tmp_path)) == len(TODAY) + len(list(frozen_examples(tmp_path)))
    assert freeze(tmp_path) == []
    victim = next(tmp_path.glob("loop.changed/*v1.schema.json"))
    older = json.loads(victim.read_text())
    del older["$defs"]["Loop"]["properties"]["by"]
    victim.write_text(json.dumps(older))
    added = freeze(tmp_path)
    assert [path.name for path in added] == ["closeloop.loop.changed.v1.2.schema.json"]
    assert json.loads(victim.read_text()) == older
    assert freeze(tmp_path) == []


def test_freezing_today_would_add_no_first_generation() -> None:
    """A first generation that is missing was deleted, or never made."""
    assert all(
        (FROZEN / name / f"{kind}.schema.json").exists() for name, kind, _ in frozen_schemas()
    )


def schema(**fields: Any) -> dict[str, Any]:
    """An object in the shape that msgspec renders, behind a reference."""
    required = [name.rstrip("_") for name in fields if name.endswith("_")]
    properties = {name.rstrip("_"): field for name, field in fields.items()}
    data = {"type": "object", "properties": properties, "required": required}
    return {"$ref": "#/$defs/Data", "$defs": {"Data": data, "Other": {"type": "string"}}}


TEXT = {"type": "string"}
NUMBER = {"type": "number"}
WHOLE = {"type": "integer"}
NULL = {"type": "null"}
LIST = {"type": "array", "items": TEXT}
CHOICE = {"enum": ["a", "b"]}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (schema(f=TEXT), schema(), ["$.f: field removed"]),
        (schema(f=TEXT), schema(f_=TEXT), ["$.f: optional field is required now"]),
        (schema(), schema(f_=TEXT), ["$.f: new field is required now"]),
        (schema(f=TEXT), schema(f=WHOLE), ["$.f: no longer takes string"]),
        (schema(f=NUMBER), schema(f=WHOLE), ["$.f: no longer takes number"]),
        (schema(f={}), schema(f=TEXT), ["$.f: no longer takes any value"]),
        (schema(f={"anyOf": [TEXT, NULL]}), schema(f=TEXT), ["$.f: no longer takes null"]),
        (schema(f={"type": ["string", "null"]}), schema(f=NULL), ["$.f: no longer takes string"]),
        (schema(f={"$ref": "#/$defs/Other"}), schema(f=WHOLE), ["$.f: no longer takes string"]),
        (schema(f=CHOICE), schema(f={"const": "a"}), ["$.f: no longer takes 'b'"]),
        (schema(f=CHOICE), schema(f={"enum": ["b", "c"]}), ["$.f: no longer takes 'a'"]),
        (
            schema(f=CHOICE),
            schema(f={**TEXT, "minLength": 2}),
            ["$.f: no longer takes 'a'", "$.f: no longer takes 'b'"],
        ),
        (schema(f=TEXT), schema(f=CHOICE), ["$.f: takes only ['a', 'b'] now"]),
        (schema(f={"const": 1}), schema(f={"const": 2}), ["$.f: no longer takes 1"]),
        (schema(f=TEXT), schema(f={**TEXT, "minLength": 1}), ["$.f: minLength rose to 1"]),
        (schema(f=TEXT), schema(f={**TEXT, "maxLength": 9}), ["$.f: maxLength fell to 9"]),
        (
            schema(f={**TEXT, "maxLength": 9}),
            schema(f={**TEXT, "maxLength": 8}),
            ["$.f: maxLength fell to 8"],
        ),
        (schema(f=WHOLE), schema(f={**WHOLE, "minimum": 0}), ["$.f: minimum rose to 0"]),
        (
            schema(f={**WHOLE, "maximum": 1}),
            schema(f={**WHOLE, "maximum": 0}),
            ["$.f: maximum fell to 0"],
        ),
        (
            schema(f=WHOLE),
            schema(f={**WHOLE, "exclusiveMinimum": 0}),
            ["$.f: exclusiveMinimum rose to 0"],
        ),
        (schema(f=LIST), schema(f={**LIST, "maxItems": 3}), ["$.f: maxItems fell to 3"]),
        (schema(f=LIST), schema(f={**LIST, "items": WHOLE}), ["$.f[]: no longer takes string"]),
        (schema(f={"type": "array"}), schema(f=LIST), ["$.f[]: no longer takes any value"]),
        (schema(f=TEXT), schema(f={**TEXT, "pattern": "a"}), ["$.f: pattern changed to a"]),
        (
            schema(f={**TEXT, "pattern": "a"}),
            schema(f={**TEXT, "pattern": "b"}),
            ["$.f: pattern changed to b"],
        ),
        (schema(f=TEXT), schema(f={**TEXT, "format": "date"}), ["$.f: format changed to date"]),
        (
            schema(f={**TEXT, "default": "a"}),
            schema(f={**TEXT, "default": "b"}),
            ["$.f: default changed"],
        ),
        (schema(f={**TEXT, "default": "a"}), schema(f=TEXT), ["$.f: default changed"]),
        (
            schema(f=schema(g=TEXT)["$defs"]["Data"]),
            schema(f=schema()["$defs"]["Data"]),
            ["$.f.g: field removed"],
        ),
        (
            {"type": "object"},
            {"type": "object", "additionalProperties": False},
            ["$: other fields are refused now"],
        ),
        (
            {"type": "object"},
            {"type": "object", "additionalProperties": TEXT},
            ["$: other fields are refused now"],
        ),
        (
            {"type": "object", "additionalProperties": TEXT},
            {"type": "object", "additionalProperties": WHOLE},
            ["$.*: no longer takes string"],
        ),
        (TEXT, {**TEXT, "not": {"const": ""}}, ["$: not changed, which cannot be judged"]),
    ],
)
def test_each_kind_of_break_is_found(old: Any, new: Any, said: list[str]) -> None:
    """And named, with its path."""
    assert breaks(old, new) == said


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (schema(f=TEXT), schema(f=TEXT)),
        (schema(f_=TEXT), schema(f=TEXT)),
        (schema(), schema(f={**TEXT, "default": ""})),
        (schema(f=TEXT), schema(f={"anyOf": [NULL, TEXT]})),
        (schema(f=TEXT), schema(f={"type": ["null", "string"]})),
        (schema(f=TEXT), schema(f={})),
        (schema(f=TEXT), schema(f={"$ref": "#/$defs/Other"})),
        (schema(f=WHOLE), schema(f=NUMBER)),
        (schema(f=CHOICE), schema(f={"enum": ["c", "b", "a"]})),
        (schema(f=CHOICE), schema(f={**TEXT, "minLength": 1})),
        (schema(f={"const": "a"}), schema(f=CHOICE)),
        (schema(f={**TEXT, "minLength": 2}), schema(f={**TEXT, "minLength": 1})),
        (schema(f={**TEXT, "maxLength": 2}), schema(f={**TEXT, "maxLength": 3})),
        (schema(f={**WHOLE, "minimum": 0, "maximum": 9}), schema(f=WHOLE)),
        (schema(f={**TEXT, "pattern": "a"}), schema(f=TEXT)),
        (
            schema(f={**TEXT, "maxLength": 5}),
            schema(f={"anyOf": [{**TEXT, "maxLength": 3}, {**TEXT, "maxLength": 9}]}),
        ),
        (schema(f={**LIST, "maxItems": 1}), schema(f={"type": "array"})),
        ({"type": "object", "additionalProperties": False}, {"type": "object"}),
        (
            {"type": "object", "additionalProperties": False},
            {"type": "object", "additionalProperties": TEXT},
        ),
        (schema(f={**TEXT, "title": "a"}), schema(f={**TEXT, "description": "b"})),
    ],
)
def test_a_widening_is_no_break(old: Any, new: Any) -> None:
    """Else nobody could ever add a field."""
    assert breaks(old, new) == []


def test_a_schema_that_holds_itself_is_compared_to_its_end() -> None:
    """A tree of answers, say."""

    def tree(**more: Any) -> dict[str, Any]:
        inner = {"answers": {"type": "array", "items": {"$ref": "#/$defs/Node"}}, **more}
        node = {"type": "object", "properties": inner}
        return {"$ref": "#/$defs/Node", "$defs": {"Node": node}}

    assert breaks(tree(), tree()) == []
    assert breaks(tree(text=TEXT), tree()) == ["$.text: field removed"]


@pytest.mark.parametrize("kind", TODAY)
def test_a_break_in_our_own_events_is_found(kind: str) -> None:
    """The checker understands what msgspec really renders: every field removed is seen."""
    today: dict[str, Any] = TODAY[kind]
    for name, part in today["$defs"].items():
        for field in part["properties"]:
            spoilt = json.loads(json.dumps(today))
            del spoilt["$defs"][name]["properties"][field]
            found = breaks(today, spoilt)
            assert any(sentence.endswith(f".{field}: field removed") for sentence in found)


def test_a_struct_renamed_is_the_same_to_everybody_else() -> None:
    """Names of Structs are ours, not the wire's."""
    old: Any = msgspec.json.schema(msgspec.defstruct("Old", [("a", int)]))
    new: Any = msgspec.json.schema(msgspec.defstruct("New", [("a", int)]))
    assert breaks(old, new) == []


def test_a_topic_that_lost_a_type_or_itself_is_named() -> None:
    """And one that gained a type is not."""
    old = {"a.changed": ["x.v1", "y.v1"], "b.changed": ["z.v1"]}
    assert topic_breaks(old, {"a.changed": ["y.v1", "w.v1"]}) == [
        "a.changed: no longer carries x.v1",
        "b.changed: no longer carries z.v1",
    ]
    assert topic_breaks(old, {**old, "a.changed": ["w.v1", "y.v1", "x.v1"]}) == []
