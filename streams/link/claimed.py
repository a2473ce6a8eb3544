"""What claimed a link before a person decided on it, and how surely: an undo goes back to it. Pure.

Every decision of a person hands it on, so that it is known however often people decide.
"""

from __future__ import annotations

from schemas.events import LinkClaim
from sinks.store.rows import PERSON, Decision, Link, LinkState

Claimed = tuple[str, float]
"""The rule, and its score."""


def claimed(decision: Decision) -> Claimed | None:
    """What stands behind a link when no person's word counts; None where nothing does."""
    if decision.rule == PERSON:
        by, score = decision.claimed_by, decision.claimed_score
        return None if by is None or score is None else (by, score)
    return None if decision.verdict == "reject" else (decision.rule, decision.score)


def once_undone(decision: Decision) -> LinkState | None:
    """Where an undo puts the link: before a person again, or nowhere where only people saw it."""
    return "suggested" if claimed(decision) else None


def shown_as(decision: Decision) -> Claimed:
    """By what rule a link stands, and how surely: of one that was put back as it was claimed."""
    own = (decision.rule, decision.score)
    return (claimed(decision) or own) if decision.verdict == "undo" else own


def claim(link: Link, decision: Decision) -> LinkClaim:
    """The link as it is announced."""
    issue_id = None if link.issue_id is None else str(link.issue_id)
    rule, score = shown_as(decision)
    return LinkClaim(issue_key=link.issue_key, rule=rule, score=score, issue_id=issue_id)
