"""Rewrites the sentence model so that it multiplies whole numbers, as its weights are stored.

The packaged model turns its int8 weights into floats when it is opened, and multiplies those. Here
each activation is rounded to 8 bits by the largest of its own row, so that a word piece's numbers
depend on no other text; the products are exact. The file is in the wire format of protocol buffers,
of which only what is needed is read and written: https://protobuf.dev/programming-guides/encoding
and ``onnx.proto3`` of ONNX 1.12 (opset 17).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

GRAPH, OPSETS = 7, 8
NODE, INITIALIZER = 1, 5
INPUT, OUTPUT, OPERATOR, ATTRIBUTE, DOMAIN = 1, 2, 4, 5, 7
NAME = 8
FLOAT, UINT8 = 1, 2
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5

STEPS = 127
"""Steps of the largest number of a row."""

_STEP, _ZERO, _LEAST = "closeloop.step", "closeloop.zero", "closeloop.least"


class Unreadable(ValueError):
    """The file is not of the form that is rewritten. Fatal for the quality tier."""


class Node(NamedTuple):
    """What is read of an operation."""

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def rewritten(model: bytes) -> bytes:
    """The model with whole-number products wherever a stored int8 matrix is a factor.

    Raises:
        Unreadable: nothing in it can be multiplied so.
    """
    parts = list(_fields(model))
    graphs = [body for number, _, body in parts if number == GRAPH]
    if len(graphs) != 1:
        raise Unreadable("the model has no graph")
    kept = b"".join(_field(*part) for part in parts if part[0] != GRAPH)
    opset = _text(1, "com.microsoft") + _number(2, 1)
    return kept + _inner(OPSETS, opset) + _inner(GRAPH, _graph(graphs[0]))


def _graph(graph: bytes) -> bytes:
    parts = list(_fields(graph))
    names = {_name(body) for number, _, body in parts if number == INITIALIZER}
    nodes = [(_node(body), body) for number, _, body in parts if number == NODE]
    stored = {
        node.inputs[1]
        for node, _ in nodes
        if node.operator == "MatMul" and {f"{node.inputs[1]}_q", f"{node.inputs[1]}_scale"} <= names
    }
    if not stored:
        raise Unreadable("no stored matrix is multiplied")
    unneeded = stored | {f"{name}_f" for name in stored}
    rounded: set[str] = set()
    written: list[bytes] = []
    for node, body in nodes:
        if node.outputs[0] in unneeded:
            continue
        if node.operator == "MatMul" and node.inputs[1] in stored:
            written += _product(node, rounded)
        else:
            written.append(body)
    rest = b"".join(_field(*part) for part in parts if part[0] != NODE)
    return b"".join(_inner(NODE, body) for body in written) + rest + _constants()


def _product(node: Node, rounded: set[str]) -> Iterator[bytes]:
    """A product of whole numbers for one of floats; what is rounded already is not again."""
    left, right = node.inputs
    if left not in rounded:
        rounded.add(left)
        yield _operation("Abs", [left], f"{left}.abs")
        yield _operation("ReduceMax", [f"{left}.abs"], f"{left}.most", _ints("axes", [-1]))
        yield _operation("Max", [f"{left}.most", _LEAST], f"{left}.far")
        yield _operation("Div", [left, f"{left}.far"], f"{left}.share")
        yield _operation("QuantizeLinear", [f"{left}.share", _STEP, _ZERO], f"{left}.whole")
    out = node.outputs[0]
    factors = [f"{left}.whole", f"{right}_q", _STEP, f"{right}_scale", _ZERO]
    own = _text(DOMAIN, "com.microsoft")
    yield _operation("MatMulIntegerToFloat", factors, f"{out}.share", own)
    yield _operation("Mul", [f"{out}.share", f"{left}.far"], out)


def _constants() -> bytes:
    return b"".join(
        _inner(INITIALIZER, _number(2, kind) + _text(NAME, name) + _inner(9, raw))
        for name, kind, raw in (
            (_STEP, FLOAT, struct.pack("<f", 1 / STEPS)),
            (_ZERO, UINT8, bytes([128])),
            (_LEAST, FLOAT, struct.pack("<f", 1e-12)),
        )
    )


def _operation(operator: str, inputs: Iterable[str], output: str, more: bytes = b"") -> bytes:
    taken = b"".join(_text(INPUT, name) for name in inputs)
    return taken + _text(OUTPUT, output) + _text(OPERATOR, operator) + more


def _ints(name: str, values: Sequence[int]) -> bytes:
    listed = b"".join(_number(8, value) for value in values)
    return _inner(ATTRIBUTE, _text(1, name) + listed + _number(20, 7))


def _node(body: bytes) -> Node:
    held: dict[int, list[str]] = {INPUT: [], OUTPUT: [], OPERATOR: []}
    for number, _, value in _fields(body):
        if number in held:
            held[number].append(value.decode())
    return Node("".join(held[OPERATOR]), tuple(held[INPUT]), tuple(held[OUTPUT]))


def _name(tensor: bytes) -> str:
    return "".join(body.decode() for number, _, body in _fields(tensor) if number == NAME)


def _fields(message: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Number, wire type and body of each field, in order."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind == VARINT:
            _, end = _varint(message, at)
        elif kind == BYTES:
            size, at = _varint(message, at)
            end = at + size
        elif kind in (FIXED32, FIXED64):
            end = at + (4 if kind == FIXED32 else 8)
        else:
            raise Unreadable(f"wire type {kind}")
        if end > len(message):
            raise Unreadable("it ends within a field")
        yield tag >> 3, kind, message[at:end]
        at = end


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message):
        byte = message[at]
        value, shift, at = value | (byte & 127) << shift, shift + 7, at + 1
        if byte < 128:  # noqa: PLR2004 - the continuation bit
            return value, at
    raise Unreadable("it ends within a number")


def _written(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:  # noqa: PLR2004 - the continuation bit
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _field(number: int, kind: int, body: bytes) -> bytes:
    size = _written(len(body)) if kind == BYTES else b""
    return _written(number << 3 | kind) + size + body


def _inner(number: int, body: bytes) -> bytes:
    return _field(number, BYTES, body)


def _text(number: int, value: str) -> bytes:
    return _inner(number, value.encode())


def _number(number: int, value: int) -> bytes:
    return _field(number, VARINT, _written(value))
