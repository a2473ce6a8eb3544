"""What linking comes to for one remark: pure, from what the batch has looked up.

In this order:

1. an issue key or URL in the words, 2. the source's own link field, 3. the thread's earlier link,
4. likeness, which is never sure enough here to link by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

import msgspec

from schemas.events import FeedbackReceived
from sinks.store.rows import Age, Outcome, age
from streams.enrich.rules import domain_of
from streams.link.keys import MOST_KEYS, Mention, mentions


class Candidate(msgspec.Struct, frozen=True):
    """An issue that a text is like; `score` is 0..1, `why` the words that made them alike."""

    issue_id: int
    issue_key: str
    score: float
    why: str = ""


class Claim(msgspec.Struct, frozen=True):
    """One issue that a remark is linked to or might be, and by which rule."""

    issue_key: str
    issue_id: int | None
    rule: str
    score: float
    quote: str | None = None


class Read(msgspec.Struct, frozen=True):
    """A remark with what its own words say."""

    event: FeedbackReceived
    domain: str | None
    mentions: tuple[Mention, ...]

    @property
    def age(self) -> Age:
        """How new it is beside other versions of the same remark."""
        return age(self.event.time, self.event.replayed)


class Known(msgspec.Struct, frozen=True):
    """What a batch has looked up.

    Attributes:
        issues: issue key -> id.
        projects: project keys that exist.
        threads: (origin, thread) -> issues linked before.
        keys: issue id -> its present key, for the issues of `threads`.
    """

    issues: Mapping[str, int]
    projects: AbstractSet[str]
    threads: Mapping[tuple[str, str], AbstractSet[int]]
    keys: Mapping[int, str]


def read(event: FeedbackReceived) -> Read:
    """Everything that needs nothing but the remark."""
    said = event.data
    return Read(event, domain_of(said.customer.email), mentions(text_of(event), said.issue_keys))


def text_of(event: FeedbackReceived) -> str:
    """Title and words, as one text."""
    said = event.data
    return f"{said.title}\n{said.words}" if said.title else said.words


def decide(remark: Read, known: Known) -> tuple[Outcome, list[Claim]]:
    """Linked with the claims that hold, suggested with too many of them, or unmatched."""
    explicit = [claim for each in remark.mentions if (claim := _explicit(each, known))]
    if len(explicit) > MOST_KEYS:
        return "suggested", explicit[:MOST_KEYS]
    if explicit:
        return "linked", explicit
    earlier = _earlier(remark, known)
    if earlier:
        return "linked", earlier
    return "unmatched", []


def suggest(alike: Sequence[Candidate]) -> tuple[Outcome, list[Claim]]:
    """What likeness makes of a remark that nothing firmer decides."""
    likely = [Claim(c.issue_key, c.issue_id, "likeness", c.score, c.why or None) for c in alike]
    return ("suggested", likely) if likely else ("unmatched", [])


def with_batch(known: Known, items: Sequence[Read]) -> Known:
    """The same, also knowing what threads this very batch links by a key."""
    threads = {thread: set(issues) for thread, issues in known.threads.items()}
    keys = dict(known.keys)
    for item in items:
        said = item.event.data
        if said.thread is None:
            continue
        for claim in [c for m in item.mentions if (c := _explicit(m, known))]:
            if claim.issue_id is not None:
                threads.setdefault((said.origin, said.thread), set()).add(claim.issue_id)
                keys.setdefault(claim.issue_id, claim.issue_key)
    return Known(known.issues, known.projects, threads, keys)


def _explicit(mention: Mention, known: Known) -> Claim | None:
    """A key counts if it names an issue, or could: its project exists, the issue may come later."""
    issue_id = known.issues.get(mention.key)
    if issue_id is None and mention.key.rpartition("-")[0] not in known.projects:
        return None
    return Claim(mention.key, issue_id, mention.rule, 1.0, mention.quote)


def _earlier(remark: Read, known: Known) -> list[Claim]:
    said = remark.event.data
    if said.thread is None:
        return []
    issues = known.threads.get((said.origin, said.thread), frozenset())
    return [Claim(known.keys[i], i, "thread", 0.95) for i in sorted(issues) if i in known.keys]
