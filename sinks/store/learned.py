"""What the store keeps of learning, as values."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sinks.store.rows import Row

SECRET_BYTES = 32


class Guess(Row, frozen=True, kw_only=True):
    """What likeness made of one passage of a remark.

    Attributes:
        passage: its number in the remark, from 0.
        issue_id: the likeliest; None where nothing is near.
        features: what the calibration looks at.
        confidence: 0..1, by the calibration of that day; ranks, and means more only with it.
        basis: name of the vectors behind it: another one's figures cannot be compared.
        epics: how many there were to choose from.
        audit: whether chance chose it to be asked, however sure it is.
        sure: whether it was at or above the certified threshold.
        said, sender: equal for equal words and for one sender; None where that is not known, as of
            guesses from before they were kept.
    """

    remark_id: int
    passage: int
    issue_id: int | None
    features: tuple[float, ...]
    confidence: float
    tier: str
    basis: str
    epics: int
    audit: bool
    sure: bool
    at: datetime
    said: int | None = None
    sender: int | None = None


class Undecided(NamedTuple):
    """Audits that wait for a person: of how many remarks, and when the oldest was drawn."""

    remarks: int
    oldest: datetime | None


class Labelled(Row, frozen=True, kw_only=True):
    """A guess, and whether a person found it right."""

    guess: Guess
    right: bool
    decided_at: datetime


class Lesson(Row, frozen=True, kw_only=True):
    """Words that a person accepted for an issue; not `learned` once that was taken back."""

    remark_id: int
    issue_id: int
    text: str
    learned: bool = True


class Certificate(Row, frozen=True, kw_only=True):
    """A calibration, and from which confidence on it may link by itself.

    Attributes:
        labels: decided guesses that it was fitted on; `audits` of them chosen by chance.
        calibration: its curve, as the linker writes and reads it.
        least: link at this confidence or above; None: nothing, and `why` says why not.
        passed: audits at or above it, `wrong` of them wrong.
        p: the share of right links promised, but for a chance of `delta`.
        epics: how many issues there were to choose from; None where it was not written down yet.
    """

    tier: str
    basis: str
    at: datetime
    labels: int
    audits: int
    calibration: dict[str, Any]
    least: float | None
    passed: int
    wrong: int
    p: float
    delta: float
    why: str = ""
    epics: int | None = None
