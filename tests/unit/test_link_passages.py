"""A remark is cut into the problems that it tells of, whatever its shape."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.link.passages import MOST_CHARS, MOST_PASSAGES, passages

STRANGE = [
    "w" * 100_000,
    "🙂🙃 🚀",
    "هل يمكن تصدير الفواتير",
    "0123456789 42",
    "https://example.com/browse/ABC-1?x=1#y",
    "\x00\ud800 \u202e",
    "> " * 50_000,
    "```" * 30_000,
    "-- " * 30_000,
    "On " * 30_000 + "wrote:",
    "{code" * 20_000,
    "1. " * 30_000,
    "\n" * 100_000,
    ("word. " * 4 + "\n\n") * 4_000,
]


def test_list_items_are_problems_of_their_own() -> None:
    """Whatever the mark of the list."""
    text = "Two things:\n- the invoice export stops at night\n2) dark mode is missing on the phone"
    assert passages(text) == [
        "Two things: the invoice export stops at night",
        "dark mode is missing on the phone",
    ]


def test_paragraphs_are_problems_of_their_own() -> None:
    """A line break within one is none."""
    text = "The invoice export\nstops at night.\n\nWe need single sign-on for all."
    assert passages(text) == [
        "The invoice export stops at night.",
        "We need single sign-on for all.",
    ]


def test_a_sentence_that_opens_a_topic_is_a_problem_of_its_own() -> None:
    """Others belong to the one before."""
    text = "The export stops at night. It says nothing. Also, we miss a dark mode."
    assert passages(text) == [
        "The export stops at night. It says nothing.",
        "Also, we miss a dark mode.",
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("my card has not arrived,", "also I want to top up by another bank"),
        ("The export stops at night,", "Also, the phone app has no dark mode."),
    ],
)
def test_a_clause_that_opens_a_topic_is_a_problem_of_its_own(first: str, second: str) -> None:
    """Where somebody goes on without a full stop."""
    assert passages(f"{first} {second}") == [first, second]


@pytest.mark.parametrize(
    "text",
    [
        "My card, also known as the blue one, has not arrived yet",
        "It is slow in Berlin, also in Rome and in Paris",
        "The card is late, also I know",  # a fragment belongs to what precedes it
        "We also want to sort the ledger by date",
    ],
)
def test_also_within_a_problem_cuts_nothing(text: str) -> None:
    """It opens no clause, or one that says too little."""
    assert passages(text) == [text]


@pytest.mark.parametrize(
    "tail",
    [
        "On Tue, 3 Mar 2026 at 10:00, Ann <ann@example.com> wrote:\n> please close ABC-1",
        "> please close ABC-1",
        "-----Original Message-----\nFrom: Ann\nplease close ABC-1 for all of us",
        "-- \nAnn Lee\nHead of ABC-1 at Example",
        "Best regards,\nAnn Lee, Head of ABC-1",
        "```\nraise ABC-1 in the code\n```",
        "2026-03-01 10:00:00 ERROR worker ABC-1 died",
        "\tat com.example.Upload.run(ABC-1.java:42)",
        "Sent from my iPhone",
    ],
)
def test_what_the_customer_does_not_say_now_is_dropped(tail: str) -> None:
    """Quoted mail, signatures, code and logs."""
    said = "The invoice export stops at night."
    assert passages(f"Hi Bob,\n\n{said}\n\n{tail}") == [said]


@pytest.mark.parametrize(
    "said",
    [
        "Error: cannot export the invoices",
        "At night: the export stops",
        "From here (Berlin) no map",
    ],
)
def test_what_only_looks_like_a_machine_s_line_is_kept(said: str) -> None:
    """People begin lines so, too."""
    assert passages(f"{said}\n\nWe need single sign-on.") == [said, "We need single sign-on."]


def test_a_remark_of_nothing_but_quotation_is_one_passage() -> None:
    """Something was sent; a person will see it."""
    assert passages("> export stops") == ["> export stops"]
    assert passages("Thanks!") == ["Thanks!"]


def test_a_blank_remark_has_none() -> None:
    """Of any length."""
    assert passages("") == passages(" \n\t ") == []
    assert passages("word") == ["word"]


def test_a_long_remark_is_cut_at_sentences_and_bounded() -> None:
    """A hundred thousand words."""
    found = passages("The export of invoices stops at night again. " * 12_500)
    assert len(found) == MOST_PASSAGES
    assert all(len(each.split()) <= 60 for each in found[:-1])


@pytest.mark.parametrize("text", STRANGE)
def test_a_strange_remark_is_cut_in_time(text: str) -> None:
    """A second is many times what it needs."""
    start = time.process_time()
    found = passages(text)
    assert time.process_time() - start < 1
    assert len(found) <= MOST_PASSAGES


@given(st.text(max_size=400))
def test_words_are_the_remark_s_own_and_in_its_order(text: str) -> None:
    """Nothing is made up, nothing said twice."""
    words = iter(text[:MOST_CHARS].split())
    for word in " ".join(passages(text)).split():
        assert any(word in each for each in words)


@given(st.lists(st.sampled_from(["a b c d e.", "- f g h i", "", "> q", "thanks", "1. j"])))
def test_only_a_blank_remark_has_no_passage(lines: list[str]) -> None:
    """And none is blank."""
    text = "\n".join(lines)
    found = passages(text)
    assert bool(found) == bool(text.strip())
    assert all(each.strip() for each in found)
