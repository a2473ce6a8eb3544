"""Whether a changed schema still takes everything that was ever published under the old one.

Pure: two JSON Schemas in, a sentence for each break out. What was first committed stands in
``schemas/frozen/<topic>/`` and is never edited; ``python -m schemas.freeze`` adds to it. A keyword
that the checker does not know is a break as soon as it changes: it never passes what it cannot
judge.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from jsonschema import Draft202012Validator

Json: TypeAlias = Mapping[str, Any]

_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_SAME_OR_GONE = ("pattern", "format", "multipleOf", "uniqueItems")
_NOTES = ("title", "description", "examples", "$comment", "$id", "$schema", "$defs", "deprecated")
_JUDGED = (
    *_LOWER,
    *_UPPER,
    *_SAME_OR_GONE,
    *_NOTES,
    *("type", "enum", "const", "anyOf", "properties", "required", "items", "default"),
    "additionalProperties",
)
_MISSING = object()


class _Pair(NamedTuple):
    """An old and a new schema for the same place, each with its own ``$defs``."""

    old: Json
    new: Json
    old_defs: Json
    new_defs: Json
    seen: frozenset[tuple[str, str]] = frozenset()

    def at(self, old: Any, new: Any) -> _Pair:
        """The same, one step further inside."""
        return self._replace(old=_schema(old), new=_schema(new))


def breaks(old_schema: Json, new_schema: Json) -> list[str]:
    """Each way in which `new_schema` takes less than `old_schema`, with its path; empty if none.

    A changed default is one too: records leave defaults out, so it changes what old ones say.
    """
    defs = (old_schema.get("$defs", {}), new_schema.get("$defs", {}))
    return list(_breaks(_Pair(old_schema, new_schema, *defs), "$"))


def topic_breaks(
    old: Mapping[str, Collection[str]], new: Mapping[str, Collection[str]]
) -> list[str]:
    """Each event type that a topic carried in `old` (topic -> types) and does not in `new`."""
    return [
        f"{topic}: no longer carries {kind}"
        for topic, kinds in sorted(old.items())
        for kind in sorted(kinds)
        if kind not in new.get(topic, ())
    ]


def _breaks(pair: _Pair, path: str) -> Iterator[str]:
    if pair.new.get("default", _MISSING) != pair.old.get("default", _MISSING):
        yield f"{path}: default changed"
    names = (str(pair.old.get("$ref")), str(pair.new.get("$ref")))
    if "$ref" in pair.old and "$ref" in pair.new:
        if names in pair.seen:
            return
        pair = pair._replace(seen=pair.seen | {names})
    new_choices = list(_choices(pair.new, pair.new_defs))
    for old in _choices(pair.old, pair.old_defs):
        yield from _least_broken(pair, old, new_choices, path)


def _least_broken(pair: _Pair, old: Json, new_choices: list[Json], path: str) -> list[str]:
    """The breaks against the new choice that comes nearest to the old one."""
    fitting = [new for new in new_choices if _fits(_kind(old), _kind(new))]
    if not fitting:
        return [f"{path}: no longer takes {_kind(old) or 'any value'}"]
    return min((list(_narrowed(pair.at(old, new), path)) for new in fitting), key=len)


def _narrowed(pair: _Pair, path: str) -> Iterator[str]:
    values = _values(pair.old)
    if values is not None:
        yield from (f"{path}: no longer takes {v!r}" for v in values if not _takes(pair.new, v))
        return
    allowed = _values(pair.new)
    if allowed is not None:
        yield f"{path}: takes only {allowed} now"
    yield from _tighter(pair.old, pair.new, path)
    yield from _fields(pair, path)
    if "items" in pair.new:
        yield from _breaks(pair.at(pair.old.get("items", {}), pair.new["items"]), f"{path}[]")
    for keyword in sorted((pair.old.keys() | pair.new.keys()) - set(_JUDGED)):
        if pair.old.get(keyword) != pair.new.get(keyword):
            yield f"{path}: {keyword} changed, which cannot be judged"


def _takes(schema: Json, value: Any) -> bool:
    return Draft202012Validator(schema).is_valid(value)


def _tighter(old: Json, new: Json, path: str) -> Iterator[str]:
    for keyword in _LOWER:
        if keyword in new and new[keyword] > old.get(keyword, float("-inf")):
            yield f"{path}: {keyword} rose to {new[keyword]}"
    for keyword in _UPPER:
        if keyword in new and new[keyword] < old.get(keyword, float("inf")):
            yield f"{path}: {keyword} fell to {new[keyword]}"
    for keyword in _SAME_OR_GONE:
        if keyword in new and new[keyword] != old.get(keyword):
            yield f"{path}: {keyword} changed to {new[keyword]}"


def _fields(pair: _Pair, path: str) -> Iterator[str]:
    had, has = pair.old.get("properties", {}), pair.new.get("properties", {})
    for name in had:
        if name not in has:
            yield f"{path}.{name}: field removed"
        else:
            yield from _breaks(pair.at(had[name], has[name]), f"{path}.{name}")
    for name in pair.new.get("required", ()):
        if name not in pair.old.get("required", ()):
            yield f"{path}.{name}: {'optional' if name in had else 'new'} field is required now"
    yield from _other_fields(pair, path)


def _other_fields(pair: _Pair, path: str) -> Iterator[str]:
    """Fields that no property names: taken as they are, by a schema of their own, or refused."""
    had = pair.old.get("additionalProperties", True)
    has = pair.new.get("additionalProperties", True)
    if has is True or has == had or had is False:
        return
    if has is False or had is True:
        yield f"{path}: other fields are refused now"
    else:
        yield from _breaks(pair.at(had, has), f"{path}.*")


def _choices(schema: Json, defs: Json) -> Iterator[Json]:
    """What a schema lets one choose from, without references and without unions."""
    if "$ref" in schema:
        yield from _choices(defs[schema["$ref"].rpartition("/")[2]], defs)
    elif "anyOf" in schema:
        for inner in schema["anyOf"]:
            yield from _choices(inner, defs)
    elif isinstance(schema.get("type"), list):
        yield from ({**schema, "type": kind} for kind in schema["type"])
    else:
        yield schema


def _kind(schema: Json) -> str | None:
    """The JSON type that a schema takes; None where it takes any."""
    values = _values(schema)
    if "type" in schema or not values:
        return schema.get("type")
    return "string" if all(isinstance(value, str) for value in values) else None


def _fits(old: str | None, new: str | None) -> bool:
    return new is None or old == new or (old, new) == ("integer", "number")


def _values(schema: Json) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    return schema.get("enum")


def _schema(schema: Any) -> Json:
    """A schema as a mapping: true takes everything, as an empty one does."""
    return schema if isinstance(schema, Mapping) else {}
