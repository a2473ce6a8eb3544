"""The packaged table is small, knows synonyms, and gives the same vector whatever the batch."""

from pathlib import Path

import numpy as np

from streams.link.likeness import table
from streams.link.likeness.index import Index


def test_the_table_is_at_most_ten_megabytes() -> None:
    """With its tokenizer."""
    assert table.PACKAGED.stat().st_size <= 10_000_000


def test_words_of_like_meaning_are_nearer_than_others() -> None:
    """Without a letter in common."""
    near, far = (
        table.packaged().encode(["car", "automobile", "invoice"])[1:]
        @ (table.packaged().encode(["car"])[0])
    )
    assert near > far + 0.2


def test_a_vector_does_not_depend_on_its_batch() -> None:
    """Bit for bit."""
    texts = ["export invoices", "", "dark mode 🙂", "\ud800"]
    together = table.packaged().encode(texts)
    alone = np.concatenate([table.packaged().encode([text]) for text in texts])
    assert (together == alone).all()


def test_a_table_comes_back_from_its_file(tmp_path: Path) -> None:
    """Rounded to a hundredth or so of its longest number."""
    tokenizer = table.parse(table.PACKAGED.read_bytes()).tokenizer
    rows = np.random.default_rng(1).normal(size=(30_522, 8)).astype(np.float32)
    path = tmp_path / "small.safetensors"
    path.write_bytes(table.dump(rows, tokenizer, {"licence": "none"}))
    assert table.read(path).width == 8


def test_two_orders_of_arrival_rank_alike_with_the_table() -> None:
    """Products of integers are exact, so scores are equal to the last bit."""
    epics = [(str(n), f"export number {n} of invoices", f"as {n}") for n in range(700)]
    one, other = Index(table.packaged()), Index(table.packaged())
    one.put_all(epics)
    for epic in reversed(epics):
        other.put(*epic)
    texts = ["invoice export fails", "number 42", "🙂"]
    assert one.rank(texts, 700) == other.rank(texts, 700)
    assert one.rank(texts[:1], 5)[0] == other.rank(texts, 5)[0]
