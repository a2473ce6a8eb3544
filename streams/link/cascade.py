"""What a tier's links are certified on, where other tiers are asked before it. Pure.

A tier is asked what the tiers before it leave open, and that is harder than the rest: audits from
before they linked anything hold easy remarks too, and would promise too much. So every label is
taken as it would be made now: as a link of the first tier that is sure of it by its certificate of
today, else as the later tier's. What is promised holds for the links of all of them together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sinks.store.learned import Certificate, Labelled
from streams.link.certificate import NEVER, After, certainty_of
from streams.link.labels import Place, arrays, in_order, of_basis, place


class Earlier(NamedTuple):
    """A tier that is asked before another one.

    Attributes:
        labelled: its labels, the oldest decision first.
        certificate, basis, epics: what it links by, its vectors, and among how many issues.
    """

    labelled: Sequence[Labelled]
    certificate: Certificate | None
    basis: str
    epics: int

    @property
    def links(self) -> bool:
        """Whether it links anything."""
        _, least = certainty_of(self.certificate, self.basis, self.epics)
        return least < NEVER


class Divided(NamedTuple):
    """Labels as they would be made now.

    Attributes:
        open: the later tier's, of what it would be asked.
        linked: those of the tiers before that they would link.
    """

    open: list[Labelled]
    linked: list[Labelled]


def divided(labelled: Sequence[Labelled], earlier: Sequence[Earlier]) -> Divided:
    """The labels of a tier and of those before it, by what these are sure of today.

    Left out is what cannot be told: a label of the later tier where one before it links, and has
    none of the same passage that its curve of today can judge.
    """
    open_, linked = list(labelled), list[Labelled]()
    for tier in earlier:
        if not tier.links:
            continue
        judged = of_basis(tier.labelled, tier.basis)
        sure = _sure(judged, tier)
        fresh = sure - {place(one) for one in linked}
        linked = in_order(linked, [one for one in judged if place(one) in fresh])
        unsure = {place(one) for one in judged} - sure
        open_ = [one for one in open_ if place(one) in unsure]
    return Divided(open_, linked)


def linking(earlier: Sequence[Earlier]) -> After:
    """By which certificates these tiers link, those that do."""
    return {
        each.certificate.tier: each.certificate.at
        for each in earlier
        if each.certificate is not None and each.links
    }


def _sure(judged: Sequence[Labelled], tier: Earlier) -> set[Place]:
    """Of what the tier would link now."""
    model, least = certainty_of(tier.certificate, tier.basis, tier.epics)
    features, _ = arrays(judged)
    sure = model.rank(features) >= least
    return {place(one) for one, is_sure in zip(judged, sure, strict=True) if is_sure}
