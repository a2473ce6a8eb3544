"""What is promised holds for the links of all tiers together, each asked what others leave open."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import msgspec
import numpy as np
import numpy.typing as npt
import pytest

from sinks.store.learned import Certificate, Guess, Labelled
from streams.link.cascade import Divided, Earlier, divided, linking
from streams.link.certificate import NEVER, Today, certainty_of, certify, is_due
from streams.link.certifying import Certifying
from streams.link.labels import arrays
from streams.link.likeness.features import NAMES
from streams.link.recertifying import recertify
from tests.unit.audits import NOW, audit

DAY = timedelta(days=1)
EPICS = 50


class Said(NamedTuple):
    """What two tiers said of as many remarks, and whether they were right."""

    fast: list[Labelled]
    quality: list[Labelled]


def heard(seed: int, size: int) -> Said:
    """Remarks more or less hard; of the hard ones the quality tier is too sure."""
    chance = np.random.default_rng(seed)
    hard = chance.random(size)
    noise = chance.normal(0, 0.08, (2, size))
    luck = chance.random((2, size))
    return Said(
        labels("fast", 1 - hard + noise[0], luck[0] > 0.8 * hard**2),
        labels("quality", 1 - 0.6 * hard + noise[1], luck[1] > 0.55 * hard**2),
    )


def labels(
    tier: str, scores: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]
) -> list[Labelled]:
    """Audits, a minute after each other."""
    rest = (0.0,) * (len(NAMES) - 1)
    return [
        Labelled(
            guess=guess(tier, at, (float(score), *rest)), right=bool(one), decided_at=minute(at)
        )
        for at, (score, one) in enumerate(zip(scores, right, strict=True))
    ]


def guess(tier: str, remark_id: int, features: tuple[float, ...]) -> Guess:
    """An audit of a remark of one passage."""
    return audit(
        remark_id, tier=tier, basis=tier, features=features, epics=EPICS, confidence=0.5, sure=False
    )


def minute(at: int) -> datetime:
    """When a remark was decided."""
    return NOW + timedelta(minutes=at)


def today(tier: str, **more: Any) -> Today:
    """Certified among as many issues as the audits were of."""
    return Today(tier=tier, basis=tier, epics=EPICS, **{"now": NOW + DAY, **more})


def earlier_of(said: Said) -> list[Earlier]:
    """The fast tier, certified by what was heard."""
    made = certify(None, said.fast, today("fast"))
    return [Earlier(said.fast, made, "fast", EPICS)]


def sure(labelled: list[Labelled], certificate: Certificate) -> npt.NDArray[np.bool_]:
    """What a tier links by its certificate."""
    model, least = certainty_of(certificate, certificate.basis, EPICS)
    return np.asarray(model.rank(arrays(labelled)[0]) >= least)


def test_at_least_as_many_links_are_right_as_is_promised() -> None:
    """In nine of ten runs, or nearly; of both tiers' links, on remarks that nobody audited."""
    kept, more = [], []
    for seed in range(60):
        said, new = heard(seed, 700), heard(1_000 + seed, 2_000)
        earlier = earlier_of(said)
        of = divided(said.quality, earlier)
        made = certify(None, of.open, today("quality", after=linking(earlier)), of.linked)
        assert earlier[0].certificate is not None
        first = sure(new.fast, earlier[0].certificate)
        second = ~first & sure(new.quality, made)
        right = np.where(first, arrays(new.fast)[1], arrays(new.quality)[1])
        kept.append(right[first | second].mean() >= 0.9)
        more.append(second.sum() > 0)
    assert np.mean(kept) >= 0.87
    assert np.mean(more) > 0.5, "the second tier is certified for what is left"


def test_what_a_tier_before_links_is_not_asked_of_the_next() -> None:
    """It counts as linked, by that tier's own answer; all is open where it links nothing."""
    said = heard(7, 700)
    earlier = earlier_of(said)
    of = divided(said.quality, earlier)
    assert earlier[0].certificate is not None
    links = sure(said.fast, earlier[0].certificate)
    assert 0 < links.sum() < len(links)
    assert of.linked == [one for one, is_sure in zip(said.fast, links, strict=True) if is_sure]
    assert of.open == [one for one, is_sure in zip(said.quality, links, strict=True) if not is_sure]
    silent = [earlier[0]._replace(basis="another table")]
    assert divided(said.quality, silent) == Divided(said.quality, [])


def test_what_nobody_can_tell_of_a_tier_before_is_left_out() -> None:
    """Where it has no answer by its vectors of today, it may or may not be linked."""
    said = heard(7, 700)
    earlier = earlier_of(said)
    old = [
        msgspec.structs.replace(one, guess=msgspec.structs.replace(one.guess, basis="old"))
        for one in said.fast[:100]
    ]
    of = divided(said.quality, [earlier[0]._replace(labelled=[*old, *said.fast[100:600]])])
    places = {one.guess.remark_id for one in (*of.open, *of.linked)}
    assert places == set(range(100, 600))


def test_a_link_of_the_tier_before_that_was_wrong_counts() -> None:
    """Though this tier would not have been asked: its links are promised with the others."""
    said = heard(7, 700)
    of = divided(said.quality, earlier_of(said))
    wrong = [msgspec.structs.replace(one, right=False) for one in of.linked]
    made = certify(None, of.open, today("quality"), of.linked)
    worse = certify(None, of.open, today("quality"), wrong)
    assert made.least is not None
    assert worse.least is None
    assert worse.audits == made.audits


def test_another_certificate_of_the_tier_before_makes_a_new_one_due() -> None:
    """Whatever else is new."""
    said = heard(7, 700)
    earlier = earlier_of(said)
    of = divided(said.quality, earlier)
    after = linking(earlier)
    made = certify(None, of.open, today("quality", after=after), of.linked)
    assert not is_due(made, of.open, today("quality", after=after), of.linked)
    assert is_due(made, of.open, today("quality", after={"fast": NOW}), of.linked)
    assert is_due(made, of.open, today("quality"), of.linked)


class Kept:
    """A store of labels and certificates alone."""

    def __init__(self, said: Said) -> None:
        self.labels = {"fast": said.fast, "quality": said.quality}
        self.certificates: list[Certificate] = []

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        """One whose `learned` is this."""
        yield SimpleNamespace(learned=self)

    def alone(self) -> bool:
        """Nobody else certifies."""
        return True

    def labelled(self, tier: str, *_: object) -> list[Labelled]:
        """All of the tier."""
        return self.labels[tier]

    def certificate(self, tier: str, before: datetime | None = None) -> Certificate | None:
        """As the store has it."""
        held = [
            each
            for each in self.certificates
            if each.tier == tier and (before is None or each.at < before)
        ]
        return held[-1] if held else None

    def certify(self, certificate: Certificate) -> None:
        """Keep it, as JSON gives it back."""
        self.certificates.append(certificate)


def linkers() -> Any:
    """Two tiers that have their vectors and issues, and nothing else."""
    return SimpleNamespace(
        tiers=[
            SimpleNamespace(tier=tier, refresh=lambda _tx, tier=tier: (tier, EPICS))
            for tier in ("fast", "quality")
        ]
    )


@pytest.fixture
def certified() -> Kept:
    """Both tiers were certified at once."""
    kept = Kept(heard(7, 700))
    Certifying(cast("Any", kept), linkers(), (0.9, 0.1)).certify(NOW + DAY)
    return kept


def test_the_tiers_are_certified_in_turn(certified: Kept) -> None:
    """The second by the first's new certificate; none is made anew for nothing."""
    fast, quality = certified.certificates
    of = divided(
        certified.labels["quality"], [Earlier(certified.labels["fast"], fast, "fast", EPICS)]
    )
    assert (fast.tier, quality.tier) == ("fast", "quality")
    assert quality == certify(None, of.open, today("quality", after={"fast": NOW + DAY}), of.linked)
    Certifying(cast("Any", certified), linkers(), (0.9, 0.1)).certify(NOW + 2 * DAY)
    assert len(certified.certificates) == 2


def test_a_certificate_behind_another_tier_can_be_made_again(certified: Kept) -> None:
    """Bit for bit, though the tier before has another one since."""
    with certified.transaction() as tx:
        assert recertify(tx, "quality", EPICS).verdict == "same"
        fast = certified.certificates[0]
        later = msgspec.structs.replace(fast, at=NOW + 3 * DAY, least=NEVER)
        certified.certify(later)
        assert recertify(tx, "quality", EPICS).verdict == "same"
