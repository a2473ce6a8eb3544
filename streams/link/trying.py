"""What the rules would make of a text, with everything that they looked at. Writes nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from schemas.events import Feedback, FeedbackReceived
from sinks.store.contract import Transaction
from sinks.store.rows import Outcome
from streams.link.keys import Mention
from streams.link.rules import Candidate, Claim, Known, decide, read, suggest
from streams.link.stage import TOP, Likeness


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What would become of a remark.

    Attributes:
        claims: the issues that it would be linked to, or that a person would be asked about.
        passed_over: keys in it that name no issue of a project that we know.
        alike: the issues that it is like, also where a key decides.
        titles: issue key -> title, of `alike`.
    """

    outcome: Outcome
    claims: list[Claim]
    passed_over: list[Mention]
    alike: list[Candidate]
    titles: dict[str, str]


def try_text(tx: Transaction, likeness: Likeness, text: str) -> Tried:
    """As a new remark of nobody's, in no thread, with these words."""
    remark = read(_remark(text))
    keys = {mention.key for mention in remark.mentions}
    known = Known(tx.epics.ids_of_keys(keys), tx.epics.projects(), {}, {})
    outcome, claims = decide(remark, known)
    likeness.refresh(tx)
    alike = likeness.rank([text], TOP)[0]
    if outcome == "unmatched":
        outcome, claims = suggest(alike)
    counted = {claim.issue_key for claim in claims}
    rows = tx.epics.get({each.issue_id for each in alike}).values()
    return Tried(
        outcome=outcome,
        claims=claims,
        passed_over=[each for each in remark.mentions if each.key not in counted],
        alike=alike,
        titles={row.epic.key: row.epic.summary for row in rows},
    )


def _remark(text: str) -> FeedbackReceived:
    said = Feedback(origin="try", record="1", words=text)
    at = datetime.now(UTC)
    return FeedbackReceived(id="try", source="/try", time=at, specversion="1.0", data=said)
