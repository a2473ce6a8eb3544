"""What is sure: how audits certify a threshold, and when that ends."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import count

import msgspec
import pytest

from sinks.store.contract import Transaction
from sinks.store.learned import Certificate
from streams.link.alike import AUDITS, Audits
from streams.link.certificate import NEVER, REFIT
from streams.link.certifying import OVERDUE, Certifying
from streams.link.likeness.features import NAMES
from streams.link.linker import Linker
from streams.link.linkers import Linkers
from streams.link.standing import standing
from streams.link.triage import accept
from tests.unit.link_world import ALWAYS, NOW, TITLES, World


@pytest.fixture
def world() -> World:
    """Nothing is audited."""
    return World()


def test_without_a_certificate_everything_is_asked(world: World) -> None:
    """However alike: nobody has shown yet that it would be right."""
    (feedback,) = world.hears("Please sort the exported ledger by date")
    assert world.remark(feedback).outcome == "suggested"
    assert next(iter(world.links(feedback).items())) == ("APP-1", "suggested")


def test_above_the_certified_threshold_it_links(world: World) -> None:
    """And says by which passage only where there are several."""
    world.certify(0.7)
    sure, unsure = world.hears("Please sort the exported ledger by date", "It is slow somehow")
    assert world.links(sure) == {"APP-1": "linked"}
    assert world.remark(unsure).outcome != "linked"


def test_an_audited_remark_is_asked_however_sure() -> None:
    """Else nobody would ever see whether the promise holds."""
    world = World(ALWAYS)
    world.certify(0.7)
    (feedback,) = world.hears("Please sort the exported ledger by date")
    remark = world.remark(feedback)
    assert remark.outcome == "suggested"
    with world.store.transaction() as tx:
        (guess,) = tx.learned.guesses_of({remark.id})[remark.id]
    assert guess.audit
    assert guess.sure
    assert len(guess.features) == len(NAMES)


def taken(names: Iterable[str], secret: bytes, *, early: bool = False) -> set[str]:
    """The tenth of them that is audited."""
    audits = Audits(0.1)
    return {name for name in names if audits.takes(name, secret, early=early)}


def test_the_audited_share_is_chosen_by_chance_and_stays_chosen() -> None:
    """By the remark's own id; another secret chooses others."""
    names = [f"form:{number}" for number in range(5_000)]
    tenth = taken(names, b"secret")
    assert 400 < len(tenth) < 600
    assert tenth == taken(names, b"secret")
    assert tenth != taken(names, b"other")


def test_more_is_audited_while_everything_is_asked_anyway() -> None:
    """Three times as much, the same ones among it; all of it at the most."""
    names = [f"form:{number}" for number in range(5_000)]
    early = taken(names, b"secret", early=True)
    assert 1_350 < len(early) < 1_650
    assert taken(names, b"secret") < early
    assert all(ALWAYS.takes(name, b"secret", early=True) for name in names)


def test_no_sender_can_foresee_what_is_audited() -> None:
    """It hangs on a secret of the store, which all its workers share, and on no setting.

    Before a certificate and with one.
    """
    drawn = []
    for each in (World(Audits(0.1, 1_000)), World(Audits(0.1, 1_000))):
        for certified in (False, True):
            if certified:
                each.certify(0.7)
            heard = each.hears(*(f"Dark mode for the mobile app {n}" for n in range(200)))
            ids = [each.remark(feedback).id for feedback in heard]
            with each.store.transaction() as tx:
                guesses, secret = tx.learned.guesses_of(ids), tx.learned.secret(AUDITS)
            audited = {name for name, id_ in zip(heard, ids, strict=True) if guesses[id_][0].audit}
            assert audited == taken(heard, secret, early=not certified)
            drawn.append(audited)
    assert drawn[:2] != drawn[2:]


def test_twice_as_many_issues_end_a_certificate_at_once(world: World) -> None:
    """With the remark after the import, before anybody certifies anew; the ranking stays."""
    said = "Please sort the exported ledger by date"
    world.certify(0.7)
    world.epics((f"Something else {number}" for number in range(len(TITLES))), first=6)
    (before,) = world.hears(said)
    world.epics(["One more"], first=11)
    (after,) = world.hears(said)
    assert world.links(before) == {"APP-1": "linked"}
    assert set(world.links(after).values()) == {"suggested"}
    assert next(iter(world.links(after))) == "APP-1"
    with world.store.transaction() as tx:
        said_of_it = standing(tx, Linker())
    assert said_of_it.least is None
    assert said_of_it.says.endswith("it was certified among 5 issues, and there are 11 now")


def test_half_as_many_issues_end_a_certificate_at_once(world: World) -> None:
    """As after a project is archived; it holds again once they are back."""
    said = "Please sort the exported ledger by date"
    world.certify(0.7, epics=11)
    (few,) = world.hears(said)
    world.epics(["One more"], first=6)
    (enough,) = world.hears(said)
    assert set(world.links(few).values()) == {"suggested"}
    assert world.links(enough) == {"APP-1": "linked"}


@pytest.mark.parametrize("among", [None, 2], ids=["not known", "far fewer"])
def test_one_that_was_made_among_other_issues_is_made_anew(world: World, among: int | None) -> None:
    """Without waiting for new labels, by a worker that was asked nothing yet; then not again."""
    world.certify(0.7, epics=among)
    (feedback,) = world.hears("okta")
    world.accept(feedback, "APP-3")
    work = Certifying(world.store, Linkers(Linker()), (0.9, 0.1))
    for minute in (1, 2):
        work.certify(NOW + timedelta(minutes=minute))
    made = certificate(world)
    assert (made.at, made.epics, made.least) == (NOW + timedelta(minutes=1), len(TITLES), None)


def test_a_certificate_of_other_vectors_says_nothing(world: World) -> None:
    """After a new table everything is asked again."""
    world.certify(0.7)
    with world.store.transaction() as tx:
        held = tx.learned.certificate("fast")
        assert held is not None
        tx.learned.certify(msgspec.structs.replace(held, basis="another table"))
    (feedback,) = world.hears("Please sort the exported ledger by date")
    assert world.remark(feedback).outcome == "suggested"


def test_certificates_come_of_audits_and_go_when_they_stop_holding() -> None:
    """Sixty right answers in a hundred audits say nothing; nearly all of them certify."""
    world = World(ALWAYS)
    work = Certifying(world.store, Linkers(world.linker), (0.9, 0.1))
    texts = [f"{title} number {n}" for n in range(30) for title in TITLES]
    keys = [f"APP-{n}" for _ in range(30) for n in range(1, 6)]
    for feedback, key in zip(world.hears(*texts), keys, strict=True):
        world.accept(feedback, key)
    work.certify(NOW + timedelta(minutes=1))
    assert certificate(world).least is not None
    wrong = world.hears(*(f"{title} indeed {n}" for n in range(8) for title in TITLES))
    late = NOW + timedelta(minutes=2)
    with world.store.transaction() as tx:
        _accept_late(tx, wrong, late)
    work.certify(late)
    after = certificate(world)
    assert after.least is None
    assert "wrong" in after.why


def test_audits_that_were_left_lying_count_once() -> None:
    """In the certificate after their time ran out; they are no news a month later."""
    world = World(ALWAYS)
    work = Certifying(world.store, Linkers(world.linker), (0.9, 0.1))
    texts = [f"{title} number {n}" for n in range(REFIT // 5) for title in TITLES]
    world.hears(*texts)
    first = NOW + OVERDUE + timedelta(days=1)
    work.certify(first)
    assert certificate(world).audits == REFIT
    work.certify(first + 3 * OVERDUE)
    assert certificate(world).at == first
    world.hears(*(f"{text} again" for text in texts), later=16 * 24 * 60)
    work.certify(first + 3 * OVERDUE)
    assert certificate(world).audits == 2 * REFIT


@pytest.mark.parametrize(
    "calibration",
    [
        {"logistic": [[0.0], [1.0], [1.0], None], "steps": None, "columns": 1},
        {"logistic": [[0.0, 0.0], [1.0, 1.0], [1.0, 1.0], 0.0], "steps": None, "columns": 1},
        {"curve": "of another release"},
    ],
)
def test_a_certificate_that_cannot_be_read_links_nothing_and_stops_nobody(
    world: World, calibration: dict[str, object]
) -> None:
    """Remarks are asked about, and the next certificate can be made."""
    world.certify(0.0)
    with world.store.transaction() as tx:
        held = tx.learned.certificate("fast")
        assert held is not None
        tx.learned.certify(msgspec.structs.replace(held, calibration=calibration))
    (feedback,) = world.hears("Please sort the exported ledger by date")
    assert world.remark(feedback).outcome == "suggested"
    Certifying(world.store, Linkers(world.linker), (0.9, 0.1)).certify(NOW + timedelta(minutes=1))


def test_another_promise_is_certified_at_once() -> None:
    """Who asks for more must not be served by what was promised before."""
    world = World(ALWAYS)
    texts = [f"{title} number {n}" for n in range(8) for title in TITLES]
    for feedback, number in zip(world.hears(*texts), count(), strict=False):
        world.accept(feedback, f"APP-{number % 5 + 1}")
    Certifying(world.store, Linkers(world.linker), (0.7, 0.2)).certify(NOW + timedelta(minutes=1))
    assert certificate(world).least is not None
    Certifying(world.store, Linkers(world.linker), (0.7, 0.2)).certify(NOW + timedelta(minutes=2))
    assert certificate(world).at == NOW + timedelta(minutes=1)
    Certifying(world.store, Linkers(world.linker), (0.99, 0.1)).certify(NOW + timedelta(minutes=3))
    assert certificate(world).least is None


def certificate(world: World) -> Certificate:
    """The last one."""
    with world.store.transaction() as tx:
        held = tx.learned.certificate("fast")
    assert held is not None
    return held


def _accept_late(tx: Transaction, remarks: Sequence[str], at: datetime) -> None:
    """A person finds that each belongs elsewhere."""
    for feedback in remarks:
        found = tx.remarks.find(feedback)
        assert found is not None
        best = tx.links.of_remark(found[0].id)[0][0].issue_key
        other = "APP-1" if best != "APP-1" else "APP-2"
        accept(tx, feedback, [other], by="ann", now=at)


def test_the_promise_is_said_exactly_or_why_there_is_none(world: World) -> None:
    """Before the first certificate, with one, and with one of other vectors."""

    def says() -> str:
        with world.store.transaction() as tx:
            return standing(tx, world.linker).says

    assert says() == "nothing is linked by likeness: too few of its answers have been decided"
    world.certify(0.7)
    assert says() == (
        "with probability of at least 90% over the audited sample, at least 90% of the links made"
        " by likeness are right, if new remarks are like the audited ones (100 audits, 0 of them"
        " wrong)"
    )
    with world.store.transaction() as tx:
        held = tx.learned.certificate("fast")
        assert held is not None
        tx.learned.certify(msgspec.structs.replace(held, basis="another table"))
    assert says().endswith("the word vectors are others than were certified")


def test_passages_of_one_remark_are_one_audit() -> None:
    """One decision settles them all: a long remark is no larger sample."""
    world = World(ALWAYS)
    said = "\n\n".join(f"{title} please, soon: NUMBER." for title in TITLES[:3])
    for feedback in world.hears(*(said.replace("NUMBER", str(number)) for number in range(40))):
        world.accept(feedback, "APP-1", "APP-2", "APP-3")
    Certifying(world.store, Linkers(world.linker), (0.9, 0.1)).certify(NOW + timedelta(minutes=1))
    held = certificate(world)
    assert (held.labels, held.audits) == (120, 40)
    assert held.why == "40 audits are decided, 65 are needed"


def test_never_is_above_every_confidence() -> None:
    """What nothing is compared with must not be reached."""
    assert NEVER > 1
