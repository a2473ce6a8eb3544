"""What the Structs and topics say, in the words of others: JSON Schema, AsyncAPI, a table.

All of it is rendered, nothing is kept by hand, and the same code always renders the same bytes.
``python -m schemas.render`` writes the AsyncAPI document to standard output, and
``python -m schemas.render docs/topics.md`` renews the table in that page.

Source: AsyncAPI 3.1.0 and its Kafka bindings 0.5.0; JSON Schema 2020-12 (read 2026-07).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from inspect import cleandoc
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from schemas.codec import STRUCTURED, type_of
from schemas.events import Event
from schemas.examples import examples_of
from schemas.topics import DAY_MS, OUTSIDE, TOPICS, Topic, dead_twins

Json: TypeAlias = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
BEGIN, END = "<!-- topics: begin -->", "<!-- topics: end -->"
_KAFKA = {"bindingVersion": "0.5.0"}
_STRUCTURED = STRUCTURED.decode()
_ABOUT = """\
Events are CloudEvents 1.0. The payloads here are the structured mode, envelope and data in the
record's value; the binary mode of the Kafka protocol binding, with the attributes in `ce_` headers,
is read as well. An unknown field is not an error, a null character in text is, and so is a time
before 1990 or more than a quarter of an hour ahead."""


def json_schema(event: type[Event]) -> Json:
    """The JSON Schema of an event's structured form, envelope and all."""
    schema = _tidy(msgspec.json.schema(event))
    return {"$schema": DIALECT, "$id": f"urn:closeloop:event:{type_of(event)}", **schema}


def asyncapi() -> Json:
    """The AsyncAPI 3.1.0 document of every topic and every dead-letter twin."""
    topics = (*TOPICS, *dead_twins())
    events = [event for topic in topics for event in topic.events]
    _, schemas = msgspec.json.schema_components(events, ref_template="#/components/schemas/{name}")
    return {
        "asyncapi": "3.1.0",
        "info": {"title": "Closeloop", "version": "1.0.0", "description": _ABOUT},
        "defaultContentType": "application/cloudevents+json",
        "channels": {topic.name: _channel(topic) for topic in topics},
        "operations": dict(_operations(topics)),
        "components": {
            "schemas": dict(sorted(_tidy(schemas).items())),
            "messages": {event.__name__: _message(event) for event in events} | {"Raw": _raw()},
        },
    }


def topics_table() -> str:
    """Every topic as one row of a Markdown table, in the order of the flow."""
    head = "| topic | key | carries | written by | read by | kept | partitions |\n" + "| --- " * 7
    return "\n".join((head + "|", *map(_row, TOPICS)))


def with_table(page: str) -> str:
    """The page with today's table between its markers."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{topics_table()}\n{END}{after}"


def dumps(document: Json) -> str:
    """A document as JSON text, always the same for the same document."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def kept(topic: Topic) -> str:
    """How long a record is kept, in words."""
    if topic.retention_ms is None:
        return "compacted"
    days = topic.retention_ms // DAY_MS
    return "1 day" if days == 1 else f"{days} days"


def _channel(topic: Topic) -> Json:
    names = [event.__name__ for event in topic.events] or ["Raw"]
    return {
        "address": topic.name,
        "summary": topic.description,
        "description": _about(topic),
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": _configuration(topic),
                **_KAFKA,
            }
        },
        "x-key": topic.key,
        "x-owner": topic.owner,
    }


def _about(topic: Topic) -> str:
    dead = f"`{topic.dead}`" if topic.has_dead_twin else "none"
    return "\n".join(
        (
            f"- Key: {_markdown(topic.key)}",
            f"- Written by: {', '.join(topic.producers)}",
            f"- Read by: {', '.join(topic.consumers)}",
            f"- Kept: {kept(topic)}",
            f"- Dead letters: {dead}",
        )
    )


def _configuration(topic: Topic) -> Json:
    """The broker's configuration in the types that the Kafka binding wants."""
    return {
        name: [value] if name == "cleanup.policy" else int(value)
        for name, value in topic.config.items()
    }


def _operations(topics: tuple[Topic, ...]) -> Iterator[tuple[str, Json]]:
    """What Closeloop itself does: sends what its rooms produce, receives what they consume."""
    for topic in topics:
        for action, parties in (("send", topic.producers), ("receive", topic.consumers)):
            ours = [party for party in parties if party not in OUTSIDE]
            if ours:
                yield f"{action}.{topic.name}", _operation(topic, action, ours)


def _operation(topic: Topic, action: str, rooms: list[str]) -> Json:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "summary": f"{', '.join(rooms)}: {topic.description}",
        "bindings": {"kafka": dict(_KAFKA)},
    }


def _message(event: type[Event]) -> Json:
    return {
        "name": type_of(event),
        "title": event.__name__,
        "summary": cleandoc(event.__doc__ or "").partition("\n")[0],
        "contentType": "application/cloudevents+json",
        "headers": {
            "type": "object",
            "properties": {"content-type": {"type": "string", "const": _STRUCTURED}},
        },
        "payload": {"$ref": f"#/components/schemas/{event.__name__}"},
        "bindings": {"kafka": {"key": {"type": "string"}, **_KAFKA}},
        "examples": [
            {"headers": {"content-type": _STRUCTURED}, "payload": json.loads(example)}
            for example in examples_of(event)
        ],
    }


def _raw() -> Json:
    return {
        "name": "raw",
        "title": "Raw",
        "summary": "Bytes as they came; what is known of them stands in the headers.",
        "contentType": "application/octet-stream",
        "payload": {"type": "string", "format": "binary"},
        "bindings": {"kafka": {"key": {"type": "string"}, **_KAFKA}},
    }


def _row(topic: Topic) -> str:
    carries = ", ".join(f"`{type_of(event)}`" for event in topic.events) or topic.description
    cells = (
        f"`{topic.name}`",
        _markdown(topic.key),
        carries,
        ", ".join(topic.producers),
        ", ".join(topic.consumers),
        kept(topic),
        str(topic.partitions),
    )
    return f"| {' | '.join(cells)} |"


def _markdown(words: str) -> str:
    """Words as Markdown, where ``<record>`` would be a tag and not be shown."""
    return words.replace("<", r"\<")


def _tidy(schema: Any) -> Any:
    """The schema with docstrings unindented, and a constant where there is but one choice."""
    if isinstance(schema, list | tuple):
        return [_tidy(inner) for inner in schema]
    if not isinstance(schema, Mapping):
        return schema
    tidied = {key: _tidy(inner) for key, inner in schema.items()}
    if isinstance(tidied.get("description"), str):
        tidied["description"] = cleandoc(tidied["description"])
    choices = tidied.get("enum")
    if isinstance(choices, list) and len(choices) == 1:
        tidied["const"] = tidied.pop("enum")[0]
    return tidied


def main(arguments: list[str]) -> None:
    """Write the AsyncAPI document to standard output, or renew the table of the pages named."""
    if not arguments:
        sys.stdout.write(dumps(asyncapi()))
    for page in map(Path, arguments):
        page.write_text(with_table(page.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
