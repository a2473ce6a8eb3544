"""One remark can do so much and no more, whatever an attacker puts into it."""

import time

from hypothesis import given
from hypothesis import strategies as st

from streams.link.bound import MOST_ALIKE, MOST_TITLES, bound, is_crowded, titles_in
from streams.link.keys import mentions
from streams.link.likeness import table
from streams.link.likeness.index import Index
from streams.link.passages import MOST_PASSAGES, passages
from streams.link.rules import Claim

TITLES = [f"{verb} the {noun}" for verb in ("Export", "Print", "Hide") for noun in "abcdefgh"]

numbers = st.lists(st.integers(1, 30), max_size=40)


def claims(issues: list[int]) -> list[Claim]:
    """One for each issue, by likeness."""
    return [Claim(f"ABC-{n}", n, "likeness", 1.0) for n in issues]


@given(numbers, st.integers(0, 100))
def test_likeness_links_to_no_more_than_its_bound(likely: list[int], whole_titles: int) -> None:
    """Two issues, each once; all that are too many are suggested."""
    found = bound(claims(likely), whole_titles)
    keys = [claim.issue_key for claim in found.claims]
    assert len(keys) == len(set(keys)) == len(set(likely))
    assert (found.outcome == "linked") == bool(keys and not found.crowded)
    assert found.outcome != "linked" or len(keys) <= MOST_ALIKE
    assert (found.outcome == "unmatched") == (not likely)


def test_a_remark_within_the_bound_is_linked() -> None:
    """To all that it is like, each once; it may hold a few titles."""
    found = bound(claims([3, 4, 3]), MOST_TITLES)
    assert found.outcome == "linked"
    assert [claim.issue_id for claim in found.claims] == [3, 4]


def test_a_remark_full_of_keys_is_read_in_time() -> None:
    """Ten thousand of them, each found."""
    start = time.process_time()
    assert len(mentions(" ".join(f"ABC-{n}" for n in range(1, 10_001)))) == 10_000
    assert time.process_time() - start < 1


def test_a_remark_full_of_titles_is_asked_about() -> None:
    """Even where likeness would be sure of every passage."""
    index = Index(table.packaged())
    index.put_all((str(n), title, "") for n, title in enumerate(TITLES))
    text = "\n\n".join(f"{title} now please" for title in TITLES)
    pieces = passages(text)
    assert len(pieces) <= MOST_PASSAGES
    best = [found[0] for found in index.rank(pieces, 1)]
    told = bound([Claim(f"ABC-{each.epic_id}", None, "likeness", 1.0) for each in best])
    assert told.outcome == "suggested"
    assert titles_in(text, TITLES) == len(TITLES)
    assert bound(claims([1]), titles_in(text, TITLES)).outcome == "suggested"


def test_only_whole_titles_are_counted() -> None:
    """In any case; one word is no title, a part of a word no word."""
    titles = ["Dark mode for maps", "Maps", "Mode for map", "dark  MODE for maps!"]
    assert titles_in("a dark mode for maps, please", titles) == 1
    assert titles_in("", titles) == titles_in("a dark mode", [""]) == 0


def test_a_remark_full_of_keys_or_titles_is_crowded() -> None:
    """Nothing is to be learned of it, whatever a person accepts."""
    titles = [f"Sort the exported ledger number {n} again" for n in "abcdef"]
    assert is_crowded(" ".join(f"APP-{n}" for n in range(1, 8)), [])
    assert is_crowded(". ".join(titles), titles)
    assert not is_crowded("As APP-1 says: sort the exported ledger number a again", titles)
