"""A table adapted to texts comes nearer to what it is taught, and keeps what it never met."""

import random

import msgspec
import numpy as np
import pytest

from streams.link.likeness import adapting, fitting, table
from streams.link.likeness.scores import Matrix

WIDTH, TAUGHT = 16, 24
SAID = (
    "add", "remove", "sort", "share", "print", "lock", "export", "import", "hide", "show",
    "the", "a", "my", "our", "of", "in", "by", "ledger", "report", "bill", "calendar",
    "contract", "customer", "photo", "archive", "search", "mail", "phone", "page", "button",
    "colour", "order", "price", "account", "team", "user", "date", "time", "file", "list",
    "map", "road",
)  # fmt: skip
RARE, NEVER = "granite", "elephant"


class World:
    """A table, and a teacher to whom half of the words mean something else."""

    def __init__(self) -> None:
        tokenizer = table.parse(table.PACKAGED.read_bytes()).tokenizer
        self.vocabulary = msgspec.json.decode(tokenizer)["model"]["vocab"]
        chance = np.random.default_rng(1)
        rows = _drawn(chance, len(self.vocabulary))
        self.base = table.rounded(rows, tokenizer)
        self._meant = self.base.rows
        other = [self.vocabulary[word] for word in (*SAID[::2], RARE)]
        self._meant[other] = _drawn(chance, len(other))
        self._turn = np.linalg.qr(chance.normal(size=(TAUGHT, TAUGHT)))[0][:WIDTH]
        self._common = chance.normal(size=TAUGHT)

    def teach(self, texts: list[str]) -> Matrix:
        """The teacher's vectors: of more numbers than the table's, and a part common to all."""
        sums = fitting.unit(table.Table(self.base).counts(texts) @ self._meant)
        return fitting.unit(sums @ self._turn + 0.3 * self._common)

    def encode(self, parts: table.Parts, texts: list[str]) -> Matrix:
        """As the index does."""
        return table.Table(parts).encode(texts)

    def far(self, parts: table.Parts, word: str) -> float:
        """How far a word has moved."""
        at = self.vocabulary[word]
        return float(np.linalg.norm(parts.rows[at] - self.base.rows[at]))


@pytest.fixture(scope="module")
def world() -> World:
    """Made once: nothing changes it."""
    return World()


def _drawn(chance: np.random.Generator, count: int) -> Matrix:
    """Vectors of about the length that those of the packaged table have."""
    return np.asarray(chance.normal(size=(count, WIDTH)) / np.sqrt(WIDTH), np.float32)


def texts(count: int, seed: str) -> list[str]:
    """Six words each, any of them."""
    chance = random.Random(seed)  # noqa: S311 - a draw that must be repeatable
    return sorted({" ".join(chance.sample(SAID, 6)) for _ in range(count)})


def test_an_adapted_table_knows_better_what_is_alike(world: World) -> None:
    """Among texts that it was not adapted to."""
    read, held_out = texts(1_500, "read"), texts(300, "held out")
    found = adapting.adapted(world.base, read, world.teach(read))
    taught = world.teach(held_out)
    before = adapting.nearest(world.encode(world.base, held_out), taught).mean()
    after = adapting.nearest(world.encode(found, held_out), taught).mean()
    assert before < 0.6
    assert after > 0.9


def test_word_pieces_that_no_text_holds_keep_their_bytes(world: World) -> None:
    """And those that texts hold do not."""
    read = texts(1_500, "read")
    found = adapting.adapted(world.base, read, world.teach(read))
    moved = {world.vocabulary[word] for word in SAID}
    alike = (found.vectors == world.base.vectors).all(axis=1)
    alike &= found.scales == world.base.scales
    assert set(np.flatnonzero(~alike).tolist()) <= moved
    assert world.far(found, NEVER) == 0
    assert found.tokenizer == world.base.tokenizer


def test_a_word_of_one_text_moves_far_less_than_one_of_many(world: World) -> None:
    """Nobody's single text makes a word mean something else."""
    read = texts(1_500, "read")
    once = [*read, f"{RARE} report of the month"]
    often = [*read, *(f"{RARE} {text}" for text in read[:300])]
    few, many = (adapting.adapted(world.base, each, world.teach(each)) for each in (once, often))
    assert 0 < world.far(few, RARE) < 0.3 * world.far(many, RARE)


def test_the_same_texts_give_the_same_bytes(world: World) -> None:
    """So that a table can be made again."""
    read = texts(200, "read")
    first, again = (adapting.adapted(world.base, read, world.teach(read)) for _ in range(2))
    assert table.written(first, {}) == table.written(again, {})


def test_texts_that_the_teacher_finds_all_alike_teach_nothing_odd(world: World) -> None:
    """No number that is none."""
    read = texts(50, "read")
    one = np.repeat(world.teach(read[:1]), len(read), axis=0)
    found = adapting.adapted(world.base, read, one)
    assert table.parse(table.written(found, {})).rows.shape == world.base.rows.shape


def test_nearest_is_counted_among_the_others() -> None:
    """All where the two agree; a text is not its own neighbour."""
    chance = np.random.default_rng(2)
    taught = fitting.unit(chance.normal(size=(400, 8)).astype(np.float32))
    assert adapting.nearest(taught, taught).all()
    assert adapting.nearest(taught[::-1], taught).mean() < 0.1
