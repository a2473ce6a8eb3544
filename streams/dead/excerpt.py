"""Shows the part of a record that a path names, and what stands around it. Pure.

The lines may hold anything that a sender wrote: whoever prints them makes them safe.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import msgspec

from schemas.codec import Headers

Step: TypeAlias = str | int
AROUND = 12
"""Lines before and after the one at fault."""
MOST_CHARS = 160
"""Of one text; the rest is counted."""
MOST_BYTES = 400
"""Of a record that is no JSON."""
DEEPEST = 60
NOT_JSON = "not JSON"
"""How `schemas.codec` begins the reason of what is none."""
ANY = "..."
"""A step that stands for every member: `schemas.errors` cannot say which one it was."""
_STEP = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<index>[0-9]{1,9}|\.\.\.)\]")
_AT_BYTE = re.compile(r"\(byte (?P<at>[0-9]{1,12})\)|position (?P<position>[0-9]{1,12})")
_HALF = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])")
_MISSING = re.compile(r"missing required field `(?P<name>[^`]+)`")
_HEADERS = "$.headers."


class Line(msgspec.Struct, frozen=True):
    """One line of what is shown; `marked` is at fault."""

    text: str
    marked: bool = False


class Fault(msgspec.Struct, frozen=True):
    """What is at fault: what stands at `steps`, or that it has no field `missing`."""

    steps: tuple[Step, ...]
    missing: str = ""


def around(value: bytes | None, headers: Headers, path: str, reason: str) -> list[Line]:
    """The lines around what the path names, that marked; no lines where there is nothing."""
    if path.startswith(_HEADERS):
        return _headers(headers, path.removeprefix(_HEADERS))
    if value is None:
        return [Line("(no value)", marked=True)]
    if reason.startswith(NOT_JSON):  # Python's own reader takes some of what is none
        return list(_raw(value, reason))
    try:
        document = json.loads(value)
    except (ValueError, RecursionError):
        return list(_raw(value, reason))
    if any(name.startswith("ce_") for name, _ in headers) and path.startswith(("$.data", "$.")):
        document = _with_attributes(document, headers, path)
    missing = _MISSING.search(reason)
    fault = Fault(steps_of(path), missing["name"] if missing else "")
    return _window(list(_render((), document, "", "", fault)))


def steps_of(path: str) -> tuple[Step, ...]:
    """``$.data.links[2].issue_key`` as its steps."""
    return tuple(
        found["name"] or (ANY if found["index"] == ANY else int(found["index"]))
        for found in _STEP.finditer(path)
    )


def _with_attributes(document: Any, headers: Headers, path: str) -> Any:
    """A binary event as the envelope that the path is meant for."""
    names = steps_of(path)[:1]
    if isinstance(document, dict) and names and names[0] in document:
        return document
    said = {
        name.removeprefix("ce_"): (value or b"").decode("utf-8", "backslashreplace")
        for name, value in headers
        if name.startswith("ce_")
    }
    return {**said, "data": document}


def _headers(headers: Headers, name: str) -> list[Line]:
    shown = [Line(f"{one}: {_text(value)}", one.lower() == name.lower()) for one, value in headers]
    if not any(line.marked for line in shown):
        shown.append(Line(f"{name}: (missing)", marked=True))
    return _window(shown)


def _text(value: bytes | None) -> str:
    return "(no value)" if value is None else _cut(value.decode("utf-8", "backslashreplace"))


def _raw(value: bytes, reason: str) -> Iterator[Line]:
    """Bytes that are no JSON, around the byte that the reason names."""
    at = _place_of_fault(value, reason)
    start = max(0, at - MOST_BYTES // 2)
    piece = value[start : start + MOST_BYTES]
    after = len(value) - start - len(piece)
    if start:
        yield Line(f"… {start} bytes before")
    if at > start:
        yield Line(piece[: at - start].decode("utf-8", "backslashreplace"))
    yield Line(piece[at - start :].decode("utf-8", "backslashreplace") or "(end)", marked=True)
    if after > 0:
        yield Line(f"… {after} bytes after")


def _place_of_fault(value: bytes, reason: str) -> int:
    """The byte that a reason names; what was cut off lacks what comes after its end.

    Half of a surrogate pair is told as cut off too, wherever it stands.
    """
    found = _AT_BYTE.search(reason)
    if found:
        return min(int(found["at"] or found["position"]), len(value))
    half = _HALF.search(value)
    if half:
        return half.start()
    return len(value) if reason.endswith("truncated") else 0


def _render(
    at: tuple[Step, ...], node: Any, indent: str, lead: str, fault: Fault
) -> Iterator[Line]:
    """The node as indented JSON, line by line."""
    opening, closing, members = _members(node)
    is_fault = _same(at, fault.steps)
    marked = is_fault and bool(at) and not fault.missing
    if members is None or len(at) >= DEEPEST:
        text = _scalar(node) if members is None else f"{opening}…{closing}"
        yield Line(f"{indent}{lead}{text}", marked)
        return
    yield Line(f"{indent}{lead}{opening}", marked)
    if is_fault and fault.missing:
        yield Line(f"{indent}  {json.dumps(fault.missing)}: (missing)", marked=True)
    for step, inner in members:
        name = f"{json.dumps(step, ensure_ascii=False)}: " if isinstance(step, str) else ""
        yield from _render((*at, step), inner, indent + "  ", _cut(name), fault)
    yield Line(f"{indent}{closing}")


def _members(node: Any) -> tuple[str, str, list[tuple[Step, Any]] | None]:
    if isinstance(node, dict):
        return "{", "}", list(node.items())
    if isinstance(node, list):
        return "[", "]", list(enumerate(node))
    return "", "", None


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _cut(json.dumps(value, ensure_ascii=False))
    return _cut(json.dumps(value))


def _cut(text: str) -> str:
    more = len(text) - MOST_CHARS
    return text if more <= 0 else f"{text[:MOST_CHARS]}… ({more} more characters)"


def _same(at: Sequence[Step], target: Sequence[Step]) -> bool:
    return len(at) == len(target) and all(
        wanted in {ANY, step} or str(wanted) == str(step)
        for step, wanted in zip(at, target, strict=True)
    )


def _window(lines: Sequence[Line]) -> list[Line]:
    """The lines around the first that is marked; from the beginning where none is."""
    marked = next((place for place, line in enumerate(lines) if line.marked), 0)
    start, end = max(0, marked - AROUND), min(len(lines), marked + AROUND + 1)
    shown = list(lines[start:end])
    if start:
        shown.insert(0, Line(f"… {start} lines before"))
    if end < len(lines):
        shown.append(Line(f"… {len(lines) - end} lines after"))
    return shown
