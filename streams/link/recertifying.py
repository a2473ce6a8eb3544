"""Makes the last certificate anew of the labels that it was made of, and compares the two."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

import msgspec
import numpy as np

from sinks.store.contract import Transaction
from sinks.store.learned import Certificate, Labelled
from streams.link.cascade import Earlier, divided, linking
from streams.link.certificate import WINDOW, Today, after_of, certify
from streams.link.certifying import OVERDUE

AN_INSTANT = timedelta(microseconds=1)
"""Certificates of all tiers that are made together bear the same time, to the microsecond."""
DIGITS = 6
"""The store keeps shares as single floats: what was asked for is the rounded one."""
Verdict = Literal["none", "same", "different", "not comparable"]


class Recertified(msgspec.Struct, frozen=True):
    """What came of it.

    Attributes:
        verdict: ``none`` where there is no certificate; ``not comparable`` where the labels that it
            was made of are not all there any more, or have changed.
        why: what differs, or why it cannot be compared.
    """

    verdict: Verdict
    why: str = ""


def recertify(tx: Transaction, tier: str, epics: int) -> Recertified:
    """The tier's last certificate beside one made anew. Nothing is written.

    Args:
        tx: where they are.
        tier: as the linker calls it.
        epics: how many issues there are to choose from now; the last certificate's own where it
            says so.
    """
    last = tx.learned.certificate(tier)
    if last is None:
        return Recertified("none")
    before = tx.learned.certificate(tier, before=last.at)
    earlier = [_earlier(tx, last, name) for name in after_of(last)]
    return compared(last, before, _labelled(tx, last, tier), epics, earlier)


def _labelled(tx: Transaction, last: Certificate, tier: str) -> list[Labelled]:
    """The labels that a certificate of that moment was made of, the oldest decision first."""
    labelled = tx.learned.labelled(tier, 2 * WINDOW, last.at, OVERDUE)
    return [one for one in labelled if one.decided_at <= last.at][-WINDOW:]


def _earlier(tx: Transaction, last: Certificate, tier: str) -> Earlier:
    """A tier that was asked before, as it linked then: by its certificate of that moment."""
    held = tx.learned.certificate(tier, before=last.at + AN_INSTANT)
    basis = held.basis if held else ""
    among = held.epics if held and last.epics is None else last.epics
    return Earlier(_labelled(tx, last, tier), held, basis, among or 0)


def compared(
    last: Certificate,
    before: Certificate | None,
    labelled: Sequence[Labelled],
    epics: int,
    earlier: Sequence[Earlier] = (),
) -> Recertified:
    """A certificate beside one made anew. Pure.

    Args:
        last: the certificate.
        before: the one before it.
        labelled: the last `WINDOW` of them from before `last`, the oldest decision first.
        epics: how many issues there were, where `last` does not say.
        earlier: the tiers that were asked before and linked then.
    """
    p, delta = round(last.p, DIGITS), round(last.delta, DIGITS)
    among = epics if last.epics is None else last.epics
    today = Today(
        tier=last.tier,
        basis=last.basis,
        epics=among,
        now=last.at,
        p=p,
        delta=delta,
        after=linking(earlier),
    )
    of = divided(labelled, earlier)
    made = msgspec.structs.replace(certify(before, of.open, today, of.linked), epics=last.epics)
    if made.labels != last.labels:
        there = f"made of {last.labels} labels, and {made.labels} from before it count now"
        return Recertified("not comparable", there)
    if made.audits != last.audits:
        there = f"{last.audits} audits counted then, {made.audits} now"
        return Recertified("not comparable", there)
    differ = [
        name
        for name in Certificate.__struct_fields__
        if _stored(getattr(made, name)) != _stored(getattr(last, name))
    ]
    return Recertified("different", ", ".join(differ)) if differ else Recertified("same")


def _stored(value: object) -> object:
    """A number as the store keeps it: in 32 bits. A calibration as it is, bit for bit."""
    return float(np.float32(value)) if isinstance(value, float) else value
