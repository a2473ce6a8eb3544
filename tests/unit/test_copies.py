"""No copy and no flood of one sender makes a certificate, or keeps one that no longer holds."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import Customer, Reporter
from sinks.store.learned import Certificate, Labelled
from streams.link.certificate import Today, certify
from streams.link.certifying import Certifying
from streams.link.copies import independent
from streams.link.linkers import Linkers
from tests.unit.audits import audit
from tests.unit.link_world import ACCOUNTS, ALWAYS, NOW, World

EASY = "Please sort the exported ledger by date"
A_FIFTH = 13
"""Of the 65 audits that are the fewest to certify .9."""


class Audits:
    """Audits in the order in which they are decided, a second each."""

    def __init__(self) -> None:
        self._numbers: Iterator[int] = count(1)
        self._labelled: list[Labelled] = []

    def decided(self, *right: bool, **marks: int) -> None:
        """A person looks at each."""
        self._labelled += [
            Labelled(guess=audit(number, **marks), right=one, decided_at=_at(number))
            for one, number in zip(right, self._numbers, strict=False)
        ]

    def certified(self, last: Certificate | None = None) -> Certificate:
        """What they carry by now."""
        now = self._labelled[-1].decided_at
        return certify(last, self._labelled, Today(tier="fast", basis="table", epics=5, now=now))


def _at(number: int) -> datetime:
    return NOW + timedelta(seconds=number)


def certified_of(texts: list[str], *said: dict[str, Any]) -> Certificate:
    """After each of these remarks, said in turn so, was accepted for the issue it is like."""
    world = World(ALWAYS)
    for turn, so in enumerate(said):
        for feedback in world.hears(*texts[turn :: len(said)], **so):
            world.accept(feedback, "APP-1")
    Certifying(world.store, Linkers(world.linker), (0.9, 0.1)).certify(NOW + timedelta(hours=1))
    with world.store.transaction() as tx:
        made = tx.learned.certificate("fast")
    assert made is not None
    return made


def test_copies_of_a_text_are_one_audit() -> None:
    """In whatever letters: a hundred right ones certify nothing, and it is said why."""
    made = certified_of([f"{EASY.upper() if n % 2 else EASY}{'!' * n}" for n in range(100)], {})
    assert (made.labels, made.audits, made.least) == (100, 1, None)
    assert made.why == (
        "1 audits are decided (99 more are copies, or too many of one account or without one), 65"
        " are needed"
    )


@pytest.mark.parametrize(
    "said",
    [
        [{"account_id": "A-1"}, {"customer": Customer(email="eve@a-1.example")}],
        [{"customer": Customer(email=f"{n}@{n}.example")} for n in range(90)],
        [{"customer": Customer(email=f"{n}@gmail.com")} for n in range(90)],
        [{"account_id": f"invented-{n}"} for n in range(90)],
        [{"customer": Customer()}],
    ],
    ids=["account", "unknown domains", "addresses", "invented accounts", "nobody"],
)
def test_one_sender_is_a_fifth_of_what_certifies_at_most(said: list[dict[str, Any]]) -> None:
    """However much they write, each time something else; who belongs to no account is one.

    Names cost nothing in a form that anybody may fill in.
    """
    texts = [f"{EASY} number {number}" for number in range(90)]
    made = certified_of(texts, *said)
    assert (made.audits, made.least) == (A_FIFTH, None)


def test_the_account_counts_and_not_who_typed_it_in() -> None:
    """Three agents, or a technical user, may write down what all customers say."""
    said = [
        {
            "account_id": account,
            "customer": Customer(email="crm-sync@vendor.example", id="sync"),
            "reporter": Reporter(email=f"agent{number % 3}@vendor.example"),
        }
        for number, account in enumerate(ACCOUNTS)
    ]
    made = certified_of([f"{EASY} number {number}" for number in range(90)], *said)
    assert made.audits == 90
    assert made.least is not None


def test_what_is_not_marked_counts_as_before() -> None:
    """Audits from before marks were kept."""
    audits = Audits()
    audits.decided(*[True] * 90)
    assert audits.certified().audits == 90


def test_a_flood_of_easy_remarks_certifies_nothing_for_others() -> None:
    """Others' are right six times in ten; three hundred right ones of one sender would hide it."""
    audits = Audits()
    audits.decided(*[True, True, False, True, False] * 12)
    audits.decided(*[True] * 300, sender=1)
    made = audits.certified()
    assert (made.audits, made.least) == (60 + A_FIFTH, None)


def test_a_flood_of_wrong_answers_does_not_bury_the_right_ones() -> None:
    """Two hundred good audits of others still certify."""
    audits = Audits()
    audits.decided(*[False] * 300, sender=1)
    audits.decided(*[True] * 200)
    assert audits.certified().least is not None


def test_a_flood_does_not_hide_that_links_went_wrong() -> None:
    """The watch over links counts as the certificate does."""
    audits = Audits()
    audits.decided(*[True] * 90)
    last = audits.certified()
    assert last.least is not None
    for right in ([True] * 80, [False] * 20, [True] * 80):
        audits.decided(*right, **({"sender": 1} if all(right) else {}))
    made = audits.certified(last)
    assert made.least is None
    assert "wrong" in made.why


MARK = st.one_of(st.none(), st.integers(0, 3))


@given(st.lists(st.tuples(MARK, MARK), max_size=60), st.integers(1, 5))
def test_what_counts_is_no_copy_and_no_crowd(
    marked: list[tuple[int | None, int | None]], most: int
) -> None:
    """In order, each once; and nothing is left out without a reason."""
    audits = [
        audit(number, said=said, sender=sender) for number, (said, sender) in enumerate(marked)
    ]
    kept = independent(audits, most)
    assert kept == sorted(set(kept))
    said = [marked[at][0] for at in kept if marked[at][0] is not None]
    senders = [marked[at][1] for at in kept if marked[at][1] is not None]
    assert len(said) == len(set(said))
    assert all(senders.count(one) <= most for one in senders)
    for at in set(range(len(marked))) - set(kept):
        assert marked[at][0] in said or senders.count(marked[at][1]) == most
