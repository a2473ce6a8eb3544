"""Rewrites the sentence model so that it multiplies whole numbers, as its weights are stored.

The packaged model turns its int8 weights into floats when it is opened, and multiplies those. Here
each activation is rounded to 8 bits by the span of its own row, so that a word piece's numbers
depend on no other text; the products are exact. A few numbers of a norm stand far above all others
and would make every step of its row coarse: they are multiplied as floats, and added. The file is
in the wire format of protocol buffers, of which only what is needed is read and written:
https://protobuf.dev/programming-guides/encoding and ``onnx.proto3`` of ONNX 1.12 (opset 17).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streams.link.likeness import wire

GRAPH, OPSETS = 7, 8
NODE, INITIALIZER = 1, 5
INPUT, OUTPUT, OPERATOR, ATTRIBUTE, DOMAIN = 1, 2, 4, 5, 7
NAME = 8
DIMS, TYPE, RAW = 1, 2, 9
FLOAT = 1

STEPS = 255

MIDDLE = 128
"""Steps below zero, of `STEPS` in all."""

BENT = 16
"""The same for what bends away from below zero: GELU is never under -.17, and as many steps below
zero as above would leave half of them unused."""

OUTLYING = (63, 99, 157, 223)
"""Which numbers of every norm stand out, in all layers of this model and for whatever text: those
with the largest mean square (docs/decisions/0007-likeness.md)."""

NORM, ERF = "LayerNormalization", "Erf"

_KINDS = {"float32": FLOAT, "uint8": 2, "int64": 7}
_LEAST, _INNER, _PLACES = "closeloop.least", "closeloop.inner", "closeloop.places"


class Node(NamedTuple):
    """What is read of an operation."""

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def rewritten(model: bytes) -> bytes:
    """The model with whole-number products wherever a stored int8 matrix is a factor.

    Raises:
        wire.Unreadable: nothing in it can be multiplied so.
    """
    parts = list(wire.fields(model))
    graphs = [body for number, _, body in parts if number == GRAPH]
    if len(graphs) != 1:
        raise wire.Unreadable("the model has no graph")
    kept = b"".join(wire.field(*part) for part in parts if part[0] != GRAPH)
    opset = wire.text(1, "com.microsoft") + wire.number(2, 1)
    return kept + wire.inner(OPSETS, opset) + wire.inner(GRAPH, _graph(graphs[0]))


def _graph(graph: bytes) -> bytes:
    parts = list(wire.fields(graph))
    held = {_name(body): body for number, _, body in parts if number == INITIALIZER}
    nodes = [(_node(body), body) for number, _, body in parts if number == NODE]
    stored = {node.inputs[1] for node, _ in nodes if _multiplies_stored(node, held)}
    if not stored:
        raise wire.Unreadable("no stored matrix is multiplied")
    kinds = _kinds(node for node, _ in nodes)
    products = (node.inputs for node, _ in nodes if _multiplies_stored(node, held))
    normed = [right for left, right in products if kinds.get(left) == NORM]
    added = [*_constants(), *_outlying(normed, held)]
    every = [*((NODE, body) for body in _replaced(nodes, stored, kinds))]
    every += [(INITIALIZER, body) for body in added]
    rest = b"".join(wire.field(*part) for part in parts if part[0] != NODE)
    return rest + b"".join(wire.inner(*each) for each in every)


def _multiplies_stored(node: Node, held: Mapping[str, bytes]) -> bool:
    if node.operator != "MatMul":
        return False
    return {f"{node.inputs[1]}_q", f"{node.inputs[1]}_scale"} <= held.keys()


def _replaced(
    nodes: Sequence[tuple[Node, bytes]], stored: Collection[str], kinds: Mapping[str, str]
) -> Iterator[bytes]:
    """The operations, in order; what is rounded already is not again."""
    unneeded = {*stored, *(f"{name}_f" for name in stored)}
    rounded: set[str] = set()
    for node, body in nodes:
        if node.outputs[0] in unneeded:
            continue
        if node.operator != "MatMul" or node.inputs[1] not in stored:
            yield body
            continue
        left = node.inputs[0]
        if left not in rounded:
            yield from _rounded(left, kinds.get(left, ""))
        rounded.add(left)
        yield from _product(node, kinds.get(left, ""))


def _kinds(nodes: Iterable[Node]) -> dict[str, str]:
    """What each operation gives, where that asks for other steps: output -> kind."""
    found: dict[str, str] = {}
    for node in nodes:
        found[node.outputs[0]] = _kind(node, found)
    return found


def _kind(node: Node, known: Mapping[str, str]) -> str:
    if node.operator in {NORM, ERF}:
        return node.operator
    bent = node.operator in {"Add", "Mul"} and ERF in {known.get(name) for name in node.inputs}
    return ERF if bent else ""


def _rounded(left: str, kind: str) -> Iterator[bytes]:
    """The whole numbers of a factor, and the span of each of its rows."""
    step, zero, turned = _names(kind)
    inner = left
    if kind == NORM:
        inner = f"{left}.inner"
        yield _operation("Mul", [left, _INNER], inner)
        yield _operation("Gather", [left, _PLACES], f"{left}.outlying", _last_axis())
    yield _operation("ReduceMax", [inner], f"{left}.high", _ints("axes", [-1]))
    yield _operation("ReduceMin", [inner], f"{left}.low", _ints("axes", [-1]))
    yield _operation("Mul", [f"{left}.low", turned], f"{left}.deep")
    yield _operation("Max", [f"{left}.high", f"{left}.deep", _LEAST], f"{left}.far")
    yield _operation("Div", [inner, f"{left}.far"], f"{left}.share")
    yield _operation("QuantizeLinear", [f"{left}.share", step, zero], f"{left}.whole")


def _product(node: Node, kind: str) -> Iterator[bytes]:
    """A product of whole numbers for one of floats."""
    (left, right), out = node.inputs, node.outputs[0]
    step, zero, _ = _names(kind)
    factors = [f"{left}.whole", f"{right}_q", step, f"{right}_scale", zero]
    own = wire.text(DOMAIN, "com.microsoft")
    yield _operation("MatMulIntegerToFloat", factors, f"{out}.share", own)
    if kind != NORM:
        yield _operation("Mul", [f"{out}.share", f"{left}.far"], out)
        return
    yield _operation("Mul", [f"{out}.share", f"{left}.far"], f"{out}.inner")
    yield _operation("MatMul", [f"{left}.outlying", f"{right}.outlying"], f"{out}.outlying")
    yield _operation("Add", [f"{out}.inner", f"{out}.outlying"], out)


def _names(kind: str) -> tuple[str, str, str]:
    below = BENT if kind == ERF else MIDDLE
    return f"closeloop.step{below}", f"closeloop.zero{below}", f"closeloop.turned{below}"


def _constants() -> Iterator[bytes]:
    yield _constant(_LEAST, np.float32(1e-12))
    for kind, below in ((ERF, BENT), ("", MIDDLE)):
        step, zero, turned = _names(kind)
        yield _constant(step, np.float32(1 / (STEPS - below)))
        yield _constant(zero, np.uint8(below))
        yield _constant(turned, np.float32(-(STEPS - below) / below))


def _outlying(names: Sequence[str], held: Mapping[str, bytes]) -> Iterator[bytes]:
    """What outlying numbers need: a mask, their places, their rows of each matrix as floats."""
    places = np.array(OUTLYING, np.int64)
    inner = np.ones(0, np.float32)
    for name in names:
        whole, scale = (_array(held[f"{name}_{part}"]) for part in ("q", "scale"))
        inner = np.ones(len(whole), np.float32)
        yield _constant(f"{name}.outlying", whole[places] * scale)
    if names:
        inner[places] = 0
        yield _constant(_INNER, inner)
        yield _constant(_PLACES, places)


def _array(tensor: bytes) -> npt.NDArray[np.float32]:
    """A stored int8 matrix or its scale."""
    dims: list[int] = []
    kind, raw = "int8", b""
    for number, how, body in wire.fields(tensor):
        if number == DIMS:
            dims += _packed(body) if how == wire.BYTES else [wire.varint(body, 0)[0]]
        elif number == TYPE and wire.varint(body, 0)[0] == FLOAT:
            kind = "float32"
        elif number == RAW:
            raw = body
    return np.frombuffer(raw, kind).reshape(dims).astype(np.float32)


def _packed(body: bytes) -> list[int]:
    found, at = [], 0
    while at < len(body):
        value, at = wire.varint(body, at)
        found.append(value)
    return found


def _constant(name: str, value: npt.ArrayLike) -> bytes:
    array = np.asarray(value)
    dims = b"".join(wire.number(DIMS, size) for size in array.shape)
    kind = wire.number(TYPE, _KINDS[array.dtype.name])
    return dims + kind + wire.text(NAME, name) + wire.inner(RAW, array.tobytes())


def _operation(operator: str, inputs: Iterable[str], output: str, more: bytes = b"") -> bytes:
    taken = b"".join(wire.text(INPUT, name) for name in inputs)
    return taken + wire.text(OUTPUT, output) + wire.text(OPERATOR, operator) + more


def _last_axis() -> bytes:
    return wire.inner(ATTRIBUTE, wire.text(1, "axis") + wire.number(3, -1) + wire.number(20, 2))


def _ints(name: str, values: Sequence[int]) -> bytes:
    listed = b"".join(wire.number(8, value) for value in values)
    return wire.inner(ATTRIBUTE, wire.text(1, name) + listed + wire.number(20, 7))


def _node(body: bytes) -> Node:
    held: dict[int, list[str]] = {INPUT: [], OUTPUT: [], OPERATOR: []}
    for number, _, value in wire.fields(body):
        if number in held:
            held[number].append(value.decode())
    return Node("".join(held[OPERATOR]), tuple(held[INPUT]), tuple(held[OUTPUT]))


def _name(tensor: bytes) -> str:
    return "".join(body.decode() for number, _, body in wire.fields(tensor) if number == NAME)
