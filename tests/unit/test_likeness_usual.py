"""What is usual in English is counted beside the epics, where they are too few to tell."""

from streams.link.likeness import grams, table, usual
from streams.link.likeness.blend import FAST
from streams.link.likeness.index import Index


def of(word: str) -> float:
    """In how many of a thousand ordinary texts the word's pieces are, on average."""
    return float(usual.texts(1_000).having[grams.count([word]).indices].mean())


def test_small_words_are_in_more_texts_than_rare_ones() -> None:
    """By their place in the vocabulary."""
    assert of("that") > of("please") > of("invoice") > of("saml")
    assert 0 <= of("zzyzx") < 1
    assert of("that") < 1_000


def test_counts_are_fractions_that_every_processor_has() -> None:
    """Exact in binary, so that two workers weigh alike."""
    steps = usual.texts(100).having * usual.STEPS
    assert (steps == steps.round()).all()


def test_the_vocabulary_is_listed_by_frequency() -> None:
    """Whole words alone."""
    words = table.packaged().words()
    assert words.index("the") < words.index("people") < words.index("ledger")
    assert all(word.isascii() and word.isalpha() for word in words)


def test_among_few_epics_a_small_word_says_less_than_a_rare_one() -> None:
    """Counted by the epics alone, each of these words is as rare as the other."""
    plain, beside = (Index(weights=FAST._replace(usual=size)) for size in (0, 100))
    for index in (plain, beside):
        index.put_all([("1", "after those", ""), ("2", "ledger", "")])
    said = ["because there were those after which the ledger"]
    assert [index.rank(said, 1)[0][0].epic_id for index in (plain, beside)] == ["1", "2"]
