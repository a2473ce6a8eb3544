"""Tells whether a remark is in English, the one language that the word vectors know.

Small words say it: those of a language make up a third of what is written in it. Where there are
none, letters do, and how many pieces the table's tokenizer needs for a word: an English one is
mostly whole, others are crumbs. Nothing is fetched.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

Language = Literal["en", "other", "unknown"]
Pieces = Callable[[Sequence[str]], Sequence[int]]
"""How many word pieces each of some words has."""

LISTING = Path(__file__).parent / "small_words.txt"

MOST_OTHER = 0.25
"""A claim about a remark that is not in English is no higher: under every threshold there is."""

MOST_WORDS = 400
FOREIGN_SHARE = 0.25
"""Letters of other scripts from which a text is not English."""

CRUMBS, CRUMBLED_WORDS = 2.2, 2
"""Pieces a word from which words without any small word are foreign, and how many it takes."""

_LONG = 4
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_NOISE = re.compile(r"https?://\S+|\S+@\S+|\S*[\\/_]\S*|`[^`]*`")


@lru_cache(maxsize=1)
def small_words() -> dict[str, frozenset[str]]:
    """Language -> its small words, ``en`` first."""
    found: dict[str, list[str]] = {}
    for line in LISTING.read_text("utf-8").splitlines():
        name, _, words = line.rpartition(": ")
        if line.startswith("#"):
            continue
        found.setdefault(name or next(reversed(found)), []).extend(words.split())
    return {name: frozenset(words) for name, words in found.items()}


@lru_cache(maxsize=1)
def _languages() -> dict[str, tuple[str, ...]]:
    """Small word -> the languages that have it."""
    found: dict[str, tuple[str, ...]] = {}
    for name, words in small_words().items():
        for word in words:
            found[word] = (*found.get(word, ()), name)
    return found


def detect(text: str, pieces: Pieces) -> Language:
    """The language of a text; unknown where nothing tells, as of a name or a number.

    Args:
        text: of any length.
        pieces: how many word pieces each of some words has, as `Table.pieces`.
    """
    bare = _NOISE.sub(" ", text[: MOST_WORDS * 20])
    if _foreign_letters(bare):
        return "other"
    cased = _WORD.findall(bare.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))[:MOST_WORDS]
    words = [unicodedata.normalize("NFC", word.lower()) for word in cased]
    known = _languages()
    counts = Counter(name for word in words for name in known.get(word, ()))
    english = counts.pop("en", 0)
    if max(counts.values(), default=0) > english:
        return "other"
    if english:
        return "en"
    return _by_pieces([word for word in words if len(word) >= _LONG], pieces)


def detect_all(texts: Sequence[str], pieces: Pieces) -> list[Language]:
    """The language of each."""
    return [detect(text, pieces) for text in texts]


def lowered(
    probability: npt.NDArray[np.float64], languages: Sequence[Language]
) -> npt.NDArray[np.float64]:
    """The claims, those about remarks in other languages no higher than `MOST_OTHER`."""
    most = np.array([MOST_OTHER if each == "other" else 1.0 for each in languages])
    return np.asarray(np.minimum(probability, most), np.float64)


def _foreign_letters(text: str) -> bool:
    if text.isascii():
        return False
    letters = [letter for letter in text if letter.isalpha()]
    foreign = sum(not unicodedata.name(each, "").startswith("LATIN") for each in letters)
    return foreign > FOREIGN_SHARE * len(letters)


def _by_pieces(words: Sequence[str], pieces: Pieces) -> Language:
    if not words:
        return "unknown"
    if any(not word.isascii() for word in words):
        return "other"
    counts = pieces(words)
    if len(words) >= CRUMBLED_WORDS and sum(counts) >= CRUMBS * len(words):
        return "other"
    return "unknown"
