"""One remark can do so much and no more, whatever an attacker puts into it."""

import time

from hypothesis import given
from hypothesis import strategies as st

from streams.link.bound import MOST_ALIKE, MOST_TITLES, bound, is_crowded, titles_in
from streams.link.keys import MOST_KEYS, mentions
from streams.link.likeness import table
from streams.link.likeness.index import Index
from streams.link.passages import MOST_PASSAGES, passages
from streams.link.rules import Claim

TITLES = [f"{verb} the {noun}" for verb in ("Export", "Print", "Hide") for noun in "abcdefgh"]

numbers = st.lists(st.integers(1, 30), max_size=40)


def claims(issues: list[int], rule: str) -> list[Claim]:
    """One for each issue."""
    return [Claim(f"ABC-{n}", n, rule, 1.0) for n in issues]


@given(numbers, numbers, st.integers(0, 100))
def test_no_remark_is_linked_beyond_the_bound(
    named: list[int], likely: list[int], whole_titles: int
) -> None:
    """Five issues in all, two by likeness, each once."""
    found = bound(claims(named, "key"), claims(likely, "likeness"), whole_titles)
    keys = [claim.issue_key for claim in found.claims]
    assert len(keys) == len(set(keys)) <= MOST_KEYS
    if found.outcome == "linked":
        assert not found.crowded
        assert sum(claim.rule == "likeness" for claim in found.claims) <= MOST_ALIKE
    assert (found.outcome == "unmatched") == (not named and not likely)


def test_a_remark_within_the_bound_is_linked() -> None:
    """To all that it names and is like; what it names is not like it again."""
    found = bound(claims([1, 2], "key"), claims([2, 3, 4], "likeness"), MOST_TITLES)
    assert found.outcome == "linked"
    assert [(claim.issue_id, claim.rule) for claim in found.claims] == [
        (1, "key"),
        (2, "key"),
        (3, "likeness"),
        (4, "likeness"),
    ]


def test_a_remark_full_of_keys_is_asked_about() -> None:
    """Ten thousand of them, in time."""
    start = time.process_time()
    found = mentions(" ".join(f"ABC-{n}" for n in range(1, 10_001)))
    told = bound([Claim(each.key, None, each.rule, 1.0) for each in found], [])
    assert (told.outcome, told.crowded) == ("suggested", "names more than 5 issues")
    assert time.process_time() - start < 1


def test_a_remark_full_of_titles_is_asked_about() -> None:
    """Even where likeness would be sure of every passage."""
    index = Index(table.packaged())
    index.put_all((str(n), title, "") for n, title in enumerate(TITLES))
    text = "\n\n".join(f"{title} now please" for title in TITLES)
    pieces = passages(text)
    assert len(pieces) <= MOST_PASSAGES
    best = [found[0] for found in index.rank(pieces, 1)]
    told = bound([], [Claim(f"ABC-{each.epic_id}", None, "likeness", 1.0) for each in best])
    assert told.outcome == "suggested"
    assert titles_in(text, TITLES) == len(TITLES)
    assert bound([], claims([1], "likeness"), titles_in(text, TITLES)).outcome == "suggested"


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
