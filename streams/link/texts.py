"""The customer's own texts, as likeness meets them: what the table is adapted to."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from typing import NamedTuple

from sinks.store.contract import Store
from sinks.store.contract.heard import PAGE
from sinks.store.rows import EpicRow, Words
from streams.link.likeness.clean import first_words, strip_template
from streams.link.passages import passages, whole

HELD_OUT = 0.1
"""The share of remarks and issues that is not read but measured on."""

Advance = Callable[[int], object]
_REMARK = "remark:"


class Text(NamedTuple):
    """One text.

    Attributes:
        owner: the remark or issue that it is of, as `of_remark` and `of_issue` name it.
    """

    owner: str
    text: str

    @property
    def is_said(self) -> bool:
        """Whether it is of a remark."""
        return self.owner.startswith(_REMARK)

    @property
    def is_held_out(self) -> bool:
        """Whether it is measured on: all texts of an owner are, or none of them."""
        return is_held_out(self.owner)


def of_remark(remark_id: int) -> str:
    """A remark as an owner."""
    return f"{_REMARK}{remark_id}"


def of_issue(issue_id: int) -> str:
    """An issue as an owner."""
    return f"issue:{issue_id}"


def is_held_out(owner: str) -> bool:
    """The same for an owner each time, whatever else there is."""
    return _place(owner, b"held out") < HELD_OUT


def read(store: Store, advance: Advance) -> Iterator[Text]:
    """Every text of the store, in a fixed order, a page a transaction.

    Of remarks their passages, of issues the title, and the title with the first words of the
    description. What was erased or withdrawn, and issues that were deleted, are not there.

    Args:
        store: nothing is written.
        advance: told how many remarks are read.
    """
    with store.transaction() as tx:
        issues, _ = tx.epics.since(0)
    for row in sorted(issues, key=lambda row: row.issue_id):
        yield from _of_epic(row)
    after = 0
    while True:
        with store.transaction() as tx:
            page = tx.remarks.said(after, PAGE)
        if not page:
            return
        for words in page:
            yield from _of_words(words)
        after = page[-1].remark_id
        advance(len(page))


def draw(texts: Iterable[Text], most: int) -> list[Text]:
    """At most so many, each text once, in order; the same ones of the same store.

    Which ones is chance, but for the owner: more remarks later do not choose anew.
    """
    drawn = heapq.nsmallest(most, texts, key=lambda one: (_place(one.owner, b"draw"), one))
    owners = {one.text: one.owner for one in drawn}
    return [Text(owner, text) for text, owner in sorted(owners.items())]


def _of_words(words: Words) -> Iterator[Text]:
    text = whole(words.title, words.words)
    for passage in passages(text):
        if any(letter.isalpha() for letter in passage):
            yield Text(of_remark(words.remark_id), passage)


def _of_epic(row: EpicRow) -> Iterator[Text]:
    epic = row.epic
    if epic.deleted:
        return
    title, body = epic.summary, strip_template(epic.description)
    for text in dict.fromkeys((first_words(title), first_words(f"{title} {body}"))):
        if any(letter.isalpha() for letter in text):
            yield Text(of_issue(row.issue_id), text)


def _place(owner: str, person: bytes) -> float:
    """Where chance puts an owner, 0..1."""
    drawn = blake2b(owner.encode(), digest_size=8, person=person).digest()
    return int.from_bytes(drawn, "big") / 2**64
