"""Whatever a sender wrote, its dead letter can be read, explained, and put back as it was."""

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Headers
from schemas.errors import InvalidEvent
from streams.collect.rereading import Kept
from streams.commands.terminal import safe
from streams.dead.burial import dead_letter
from streams.dead.excerpt import AROUND, MOST_BYTES, MOST_CHARS, around, steps_of
from streams.dead.explain import explain
from streams.dead.letters import Letter, Place, Settled, Wanted, put_back, read, remembered

NOW = datetime(2026, 3, 11, tzinfo=UTC)
TOPIC = "feedback.received"
KEYS = st.none() | st.binary(max_size=40)
NAMES = st.text(max_size=20).filter(lambda name: not name.startswith("dead_"))
FORGED = [("letter_place", b"0:1"), ("letter_fate", b"dropped"), ("letter_by", b"mallory")]
FORGED += [("letter_at", b"2026-03-11T00:00:00Z")]
HEADERS = st.just(FORGED) | st.lists(st.tuples(NAMES, st.binary(max_size=40)), max_size=5)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=60,
)
VALUES = st.none() | st.binary(max_size=2000) | JSON.map(lambda one: json.dumps(one).encode())
PATHS = st.text(max_size=40) | st.lists(
    st.from_regex(r"\.[a-z_]{1,9}|\[[0-9]{1,3}\]|\[\.\.\.\]", fullmatch=True), max_size=6
).map(lambda steps: "$" + "".join(steps))


def _letter(
    value: bytes | None, key: bytes | None, headers: Headers, error: Exception
) -> tuple[Kept, Letter]:
    record = Kept(TOPIC, 2, 17, key, value, headers)
    out = dead_letter(record, error, NOW)
    found = read(TOPIC, Kept(out.topic, 0, 3, out.key, out.value, out.headers))
    assert isinstance(found, Letter)
    return record, found


@given(VALUES, KEYS, HEADERS, PATHS, st.text(max_size=80))
def test_a_letter_is_put_back_as_the_record_was(
    value: bytes | None, key: bytes | None, headers: Headers, path: str, reason: str
) -> None:
    """Value, key and headers, byte for byte, whatever they are."""
    record, letter = _letter(value, key, headers, InvalidEvent(reason, path))
    back = put_back(letter)
    assert (back.topic, back.key, back.value) == (TOPIC, record.key, record.value)
    assert list(back.headers) == list(record.headers)


@given(VALUES, HEADERS, PATHS, st.text(max_size=80))
def test_every_letter_can_be_explained(
    value: bytes | None, headers: Headers, path: str, reason: str
) -> None:
    """Nothing that was sent keeps us from showing it, and no terminal obeys what is shown."""
    _, letter = _letter(value, b"k", headers, InvalidEvent(reason, path))
    said = explain(letter, None)
    assert said.advice
    assert len(said.lines) <= 2 * AROUND + 3
    for line in said.lines:
        assert len(line.text) < 8 * (MOST_BYTES + MOST_CHARS)
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(safe(line.text))


@given(JSON, st.data())
def test_the_line_at_fault_is_marked(document: Any, data: st.DataObject) -> None:
    """Whatever part of a document the path names, its line is the one that is marked."""
    node, path, steps = document, "$", []
    while isinstance(node, dict | list) and node and data.draw(st.booleans()):
        step = data.draw(
            st.sampled_from(list(node) if isinstance(node, dict) else range(len(node)))
        )
        path += f"[{step}]" if isinstance(node, list) else f".{step}"
        steps.append(step)
        node = node[step]
    lines = around(json.dumps(document).encode(), (), path, "wrong")
    readable = steps_of(path) == tuple(steps)  # a name with a dot in it reads as two
    assert not steps or not readable or any(line.marked for line in lines)


@given(st.integers(0, 9), st.integers(0, 2**40), st.text(max_size=60), KEYS)
def test_what_was_done_is_remembered(
    partition: int, offset: int, why: str, key: bytes | None
) -> None:
    """And is never taken for a letter."""
    _, letter = _letter(b"{}", key, (), KeyError("x"))
    place = Place(partition, offset)
    settled = Settled(place=place, fate="dropped", at=NOW, by="kim", why=why)
    out = remembered(letter, settled)
    assert out.value is None
    assert read(TOPIC, Kept(out.topic, 0, 9, out.key, None, out.headers)) == settled


@given(st.sets(st.integers(0, 5)), st.text(max_size=5), st.text(max_size=5))
def test_a_place_that_is_named_is_all_that_counts(
    offsets: set[int], reason: str, error: str
) -> None:
    """Reason and error choose only where no place is named."""
    _, letter = _letter(b"{}", b"k", (), KeyError("x"))
    places = [Place(0, offset) for offset in offsets]
    if places:
        wanted = Wanted(places=places, reason=reason, error=error)
        assert wanted.fits(letter) == (letter.place in places)
    assert Wanted().fits(letter)
