"""What linking comes to for one remark: pure, from what the batch has looked up.

In this order:

1. an issue key or URL in the words, 2. the source's own link field, 3. the thread's earlier link,
4. likeness (`streams.link.alike`). A key that stands only in code, a log or quoted mail is not what
the customer says now: it is suggested, and only where nothing else is named. Whichever of them it
is by, a remark is linked to at most `MOST_KEYS` issues; one that would go beyond is crowded: none
of them is linked, and its thread does not learn of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

import msgspec

from schemas.events import FeedbackReceived
from sinks.store.rows import Age, Outcome, age
from streams.enrich.rules import domain_of
from streams.link.keys import MOST_KEYS, QUOTED, Mention, mentions
from streams.link.passages import whole

QUOTED_SCORE = 0.5
_WORD = re.compile(r"\w{4,}")


class Candidate(msgspec.Struct, frozen=True):
    """An issue that a text is like; `score` is 0..1, `why` the words that made them alike."""

    issue_id: int
    issue_key: str
    score: float
    why: str = ""
    title: str = ""


class Claim(msgspec.Struct, frozen=True):
    """One issue that a remark is linked to or might be, and by which rule.

    Attributes:
        quote: the passage that it rests on; None for all of the remark.
        sure: whether it is linked where the remark is; else it is only suggested beside.
    """

    issue_key: str
    issue_id: int | None
    rule: str
    score: float
    quote: str | None = None
    sure: bool = True


class Read(msgspec.Struct, frozen=True):
    """A remark with what its own words say."""

    event: FeedbackReceived
    domain: str | None
    mentions: tuple[Mention, ...]

    @property
    def feedback_id(self) -> str:
        """The identity that people and topics use."""
        return f"{self.event.data.origin}:{self.event.data.record}"

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
        keys: issue id -> its present key, for the issues of `threads` that are still there.
        gone: the ids, of those in `issues`, of issues that the tracker deleted.
    """

    issues: Mapping[str, int]
    projects: AbstractSet[str]
    threads: Mapping[tuple[str, str], AbstractSet[int]]
    keys: Mapping[int, str]
    gone: AbstractSet[int] = frozenset()


def read(event: FeedbackReceived, site: str = "") -> Read:
    """Everything that needs nothing but the remark, and the host that shows people our Jira."""
    said = event.data
    named = mentions(said.words, said.issue_keys, said.title, site)
    return Read(event, domain_of(said.customer.email), named)


def text_of(event: FeedbackReceived) -> str:
    """Title and words, as one text."""
    said = event.data
    return whole(said.title, said.words)


def decide(remark: Read, known: Known) -> tuple[Outcome, list[Claim]]:
    """Linked with the claims that hold, suggested with too many of them, or unmatched."""
    named = _named(remark, known)
    firm = _firm(named) or _earlier(remark, known)
    if len(firm) > MOST_KEYS:
        return "suggested", firm[:MOST_KEYS]
    if firm:
        return "linked", firm
    return ("suggested", by_issue(named)[:MOST_KEYS]) if named else ("unmatched", [])


def by_issue(claims: Iterable[Claim]) -> list[Claim]:
    """Of each issue the first claim: an issue that moved has several keys."""
    found: dict[int | str, Claim] = {}
    for claim in claims:
        found.setdefault(claim.issue_key if claim.issue_id is None else claim.issue_id, claim)
    return list(found.values())


def with_batch(known: Known, items: Sequence[Read]) -> Known:
    """The same, also knowing what threads this very batch links by a key."""
    threads = {thread: set(issues) for thread, issues in known.threads.items()}
    keys = dict(known.keys)
    for item in items:
        said = item.event.data
        firm = _firm(_named(item, known)) if said.thread is not None else []
        if said.thread is None or len(firm) > MOST_KEYS:
            continue
        for claim in firm:
            if claim.issue_id is not None:
                threads.setdefault((said.origin, said.thread), set()).add(claim.issue_id)
                keys.setdefault(claim.issue_id, claim.issue_key)
    return msgspec.structs.replace(known, threads=threads, keys=keys)


def _named(remark: Read, known: Known) -> list[Claim]:
    """What its words and fields name."""
    return [claim for each in remark.mentions if (claim := _explicit(each, known))]


def _firm(named: Sequence[Claim]) -> list[Claim]:
    """Of what is named that which links, each issue once."""
    return by_issue(claim for claim in named if claim.rule != QUOTED)


def _explicit(mention: Mention, known: Known) -> Claim | None:
    """A key counts if it names an issue, or could: its project exists, the issue may come later."""
    issue_id = known.issues.get(mention.key)
    if issue_id is None and mention.key.rpartition("-")[0] not in known.projects:
        return None
    if issue_id in known.gone:
        return None
    score = QUOTED_SCORE if mention.rule == QUOTED else 1.0
    return Claim(mention.key, issue_id, mention.rule, score, mention.quote)


def _earlier(remark: Read, known: Known) -> list[Claim]:
    said = remark.event.data
    if said.thread is None:
        return []
    issues = known.threads.get((said.origin, said.thread), frozenset())
    return [Claim(known.keys[i], i, "thread", 0.95) for i in sorted(issues) if i in known.keys]


def shared_words(text: str, title: str) -> str:
    """The words of a title that a text has as well, in the title's order."""
    said = set(_WORD.findall(text.lower()))
    return ", ".join(word for word in _WORD.findall(title.lower()) if word in said)
