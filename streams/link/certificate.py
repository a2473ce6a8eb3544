"""From labelled guesses to a certificate: pure, so that the same rows give the same certificate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from sinks.store.learned import Certificate, Labelled
from streams.link.copies import LARGEST_SHARE, independent
from streams.link.labels import arrays, in_order, of_basis, one_a_remark, place
from streams.link.likeness import certainty, drift
from streams.link.likeness.certainty import Certainty
from streams.link.likeness.features import NAMES
from streams.link.likeness.logistic import Logistic, Steps

FEWEST = 30
"""Labels from which a calibration is fitted; before, `COLD` stands in."""

REFIT = 50
"""New labels after which it is done again."""

SAME_SHARE = 1e-6
"""The store keeps shares as single floats: those that differ by less are one."""

WINDOW = 5_000
"""The last labels that are looked at."""

MOST_GROWTH = 2.0
"""What was shown among so many times fewer or more issues says nothing of today's."""

NEVER = 2.0
"""A threshold above every confidence."""
SETTLED = 1.0
"""The confidence, as the test sees it, of what a tier before links."""

Promise: TypeAlias = tuple[float, float]
"""The share of right links, and the chance of being wrong about it."""
_COLD_COLUMNS = ("score", "margin", "log_words")

After: TypeAlias = Mapping[str, datetime]
"""Of each tier that is asked before and links: when the certificate was made that it links by."""
NONE_BEFORE: After = MappingProxyType({})


class _Written(msgspec.Struct):
    """A calibration as a certificate holds it, without a curve where too few labels were open.

    Attributes:
        since: earlier audits count no more.
        after: as in `Today`.
    """

    logistic: Logistic | None = None
    steps: Steps | None = None
    columns: int = 0
    since: datetime | None = None
    after: dict[str, datetime] = msgspec.field(default_factory=dict)


class Cold:
    """What a claim is worth before anybody has decided anything; certifies nothing.

    Fitted once on 987 remarks of six public sets (``docs/decisions/0007-likeness.md``), where it
    told right from wrong with an AUROC of .82 and an ECE of .04.
    """

    curve = Logistic((1.435, 0.347, 2.91), (0.574, 0.384, 0.93), (0.647, 1.014, -0.647), -0.421)

    def rank(self, features: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """As `Certainty.rank`."""
        columns = [NAMES.index(name) for name in _COLD_COLUMNS]
        return self.curve.probability(features[:, columns])

    probability = rank


def certainty_of(
    certificate: Certificate | None, basis: str, epics: int
) -> tuple[Certainty | Cold, float]:
    """The calibration to use and the threshold to link from, above all where nothing is certified.

    A certificate of another basis, or that this release cannot read, says nothing. One made among
    far fewer or more issues than these ranks, and links nothing.
    """
    held = _held(certificate, basis)
    if certificate is None or held is None:
        return Cold(), NEVER
    if certificate.least is None or not holds_among(certificate, epics):
        return held, NEVER
    return held, certificate.least


def holds_among(certificate: Certificate, epics: int) -> bool:
    """Whether there are about as many issues as it was made among."""
    return certificate.epics is None or _about_as_many(certificate.epics, epics)


class Today(msgspec.Struct, frozen=True, kw_only=True):
    """What a certificate is made for.

    Attributes:
        basis: the vectors in use.
        epics: how many issues there are to choose from.
        p, delta: the share of right links to promise, and the chance of being wrong about it.
        after: the tiers that are asked before, as far as they link.
    """

    tier: str
    basis: str
    epics: int
    now: datetime
    p: float = 0.9
    delta: float = 0.1
    after: After = NONE_BEFORE


def is_due(
    last: Certificate | None,
    labelled: Sequence[Labelled],
    today: Today,
    linked: Sequence[Labelled] = (),
) -> bool:
    """Whether there is enough new to say, another promise to be made, or another number of issues.

    Also where the tiers before link by other certificates. One that does not say among how many
    issues it was made is made anew. Arguments as of `certify`.
    """
    known = of_basis(labelled, today.basis)
    if last is None or _held(last, today.basis) is None:
        return len(known) >= FEWEST
    if after_of(last) != today.after:
        return True
    if max(abs(last.p - today.p), abs(last.delta - today.delta)) > SAME_SHARE:
        return True
    if last.epics is None or not holds_among(last, today.epics):
        return True
    new = [one for one in known if one.decided_at > last.at]
    return len(new) >= REFIT or _drift(last, in_order(known, linked)).drifted


def certify(
    last: Certificate | None,
    labelled: Sequence[Labelled],
    today: Today,
    linked: Sequence[Labelled] = (),
) -> Certificate:
    """The certificate that these labels carry.

    Args:
        last: the one before, whose links the audits since have watched.
        labelled: the oldest decision first; of what the tiers before leave open.
        today: what it is made for.
        linked: what the tiers before link: it is linked whatever the threshold is, so that the
            promise holds for the links of all of them together.
    """
    p, delta, now = today.p, today.delta, today.now
    known = of_basis(labelled, today.basis)
    every = in_order(known, linked)
    watched = _drift(last, every)
    since = now.astimezone(UTC) if watched.drifted else _written_in(last).since
    valid = [at for at, one in enumerate(every) if _is_valid(one, today.epics, since)]
    settled = one_a_remark(every, valid)
    audits = _counted(every, settled, (p, delta))
    why = watched.reason if watched.drifted else _too_few(len(audits), len(settled), (p, delta))
    found = None
    if len(known) >= FEWEST and not why:
        found = _tested(known, [every[at] for at in audits], (p, delta))
        why = "" if found else f"the audits do not show that {p:.0%} of any links are right"
    return Certificate(
        tier=today.tier,
        basis=today.basis,
        at=now,
        labels=len(known),
        audits=len(audits),
        calibration=_calibration(known, since, today.after),
        least=found.least if found else None,
        passed=found.passed if found else 0,
        wrong=found.wrong if found else 0,
        p=p,
        delta=delta,
        why=why,
        epics=today.epics,
    )


def guarantee(certificate: Certificate) -> str:
    """What is promised, exactly, or why nothing is."""
    if certificate.least is None:
        return f"nothing is linked by likeness: {certificate.why}"
    return (
        f"with probability of at least {1 - certificate.delta:.0%} over the audited sample, at"
        f" least {certificate.p:.0%} of the links made by likeness are right, if new remarks are"
        f" like the audited ones ({certificate.passed} audits, {certificate.wrong} of them wrong)"
    )


def after_of(certificate: Certificate) -> After:
    """As in `Today`; nothing where another release wrote it."""
    return _written_in(certificate).after


def _written_in(certificate: Certificate | None) -> _Written:
    """Its calibration; an empty one where there is none that this release can read."""
    if certificate is None:
        return _Written()
    try:
        return msgspec.convert(certificate.calibration, _Written)
    except msgspec.ValidationError:
        return _Written()


def _calibration(known: Sequence[Labelled], since: datetime | None, after: After) -> dict[str, Any]:
    """As JSON gives it back, so that it is the same before and after the store."""
    written = _Written(since=since, after={tier: at.astimezone(UTC) for tier, at in after.items()})
    if len(known) >= FEWEST:
        written.logistic, written.steps, written.columns = certainty.fit(*arrays(known))
    return dict(msgspec.json.decode(msgspec.json.encode(written)))


def _tested(
    known: Sequence[Labelled], audits: Sequence[Labelled], promise: Promise
) -> certainty.Threshold | None:
    """The threshold that these audits carry; those not `known` are links of tiers before."""
    ranked = dict(zip(map(place, known), certainty.cross_rank(*arrays(known)), strict=True))
    confidence = np.array([ranked.get(place(one), SETTLED) for one in audits])
    right = np.array([one.right for one in audits], np.bool_)
    p, delta = promise
    return certainty.certify(confidence, right, p=p, delta=delta)


def _counted(known: Sequence[Labelled], settled: Sequence[int], promise: Promise) -> list[int]:
    """Of these places those that count: no copies, and not too many of one sender."""
    most = certainty.smallest_sample(*promise) // LARGEST_SHARE
    kept = independent([known[at].guess for at in settled], most)
    return [settled[at] for at in kept]


def _is_valid(one: Labelled, epics: int, since: datetime | None) -> bool:
    if not one.guess.audit or (since is not None and one.decided_at <= since):
        return False
    return _about_as_many(one.guess.epics, epics)


def _about_as_many(then: int, now: int) -> bool:
    return max(then, now) <= MOST_GROWTH * max(1, min(then, now))


def _too_few(audits: int, settled: int, promise: Promise) -> str:
    needed = certainty.smallest_sample(*promise)
    if audits >= needed:
        return ""
    copies = settled - audits
    besides = (
        f" ({copies} more are copies, or too many of one account or without one)" if copies else ""
    )
    return f"{audits} audits are decided{besides}, {needed} are needed"


def _drift(last: Certificate | None, every: Sequence[Labelled]) -> drift.Drift:
    """What the audits of links that would have been made since the last certificate say."""
    if last is None or last.least is None:
        return drift.watch([])
    new = [one for one in every if one.decided_at > last.at]
    settled = one_a_remark(
        new, [at for at, one in enumerate(new) if one.guess.audit and one.guess.sure]
    )
    counted = _counted(new, settled, (last.p, last.delta))
    return drift.watch([new[at].right for at in counted], p=last.p)


def _held(certificate: Certificate | None, basis: str) -> Certainty | None:
    """Its calibration; None where it has none for this basis, or none that can be read."""
    if certificate is None or certificate.basis != basis:
        return None
    return _read(msgspec.json.encode(certificate.calibration))


@lru_cache(maxsize=4)
def _read(calibration: bytes) -> Certainty | None:
    """None where another release wrote it of other columns, or in another form."""
    try:
        held = msgspec.json.decode(calibration, type=_Written)
    except msgspec.DecodeError:
        return None
    if held.logistic is None:
        return None
    width = certainty.shaped(np.zeros((1, len(NAMES))), held.columns).shape[1]
    sizes = {len(column) for column in held.logistic[:3]}
    return Certainty(held.logistic, held.steps, held.columns) if sizes == {width} else None
