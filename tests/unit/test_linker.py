"""The linker in its stage: what decisions teach, when it links by itself, what it never does."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import cast

import msgspec
import pytest

from schemas.codec import STRUCTURED_HEADERS, encode
from schemas.errors import SinkUnreachable
from schemas.events import Epic, Feedback, FeedbackReceived
from sinks.contracts import Sighting
from sinks.store.contract import Learned, Transaction
from sinks.store.fake import FakeStore
from sinks.store.learned import Certificate
from sinks.store.rows import Remark
from streams.link.alike import Audits
from streams.link.bound import MOST_ALIKE
from streams.link.certificate import NEVER, REFIT
from streams.link.certifying import OVERDUE, Certifying
from streams.link.likeness.features import NAMES
from streams.link.likeness.index import Index
from streams.link.linker import Linker
from streams.link.linkers import Linkers
from streams.link.stage import LinkStage
from streams.link.standing import standing
from streams.link.triage import accept, carry_out, plan, undoing

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TITLES = (
    "Sort the exported ledger by date",
    "Dark mode for the mobile app",
    "Single sign-on with Okta",
    "Invoice reminders by e-mail",
    "Faster search in the archive",
)
VERBS = ("Speed up", "Translate", "Archive", "Share", "Print", "Undo", "Lock", "Audit")
THINGS = ("calendar", "start page", "contract", "customer list", "photo upload")
ALWAYS = Audits(share=1.0)
NONE = Audits(share=0.0)


class Kafka:
    """A record as the stage reads it."""

    topic, partition, key, headers = "feedback.received", 0, b"k", STRUCTURED_HEADERS

    def __init__(self, offset: int, event: FeedbackReceived) -> None:
        self.offset, self.value = offset, encode(event)


class World:
    """A store with five issues, and the stage over it."""

    def __init__(self, audits: Audits = NONE) -> None:
        self.store = FakeStore()
        self.store.open()
        self.linker = Linker()
        self.stage = LinkStage(Linkers(self.linker), frozenset({"form"}), 0, audits).stage()
        self._numbers = count(1)
        self.epics(TITLES)

    def epics(self, titles: Iterable[str], first: int = 1, at: datetime = NOW) -> None:
        """Issues APP-1, APP-2, ... with these titles."""
        with self.store.transaction() as tx:
            tx.epics.put(
                [
                    Sighting(
                        epic=Epic(id=str(number), key=f"APP-{number}", summary=title),
                        updated_at=at,
                    )
                    for number, title in enumerate(titles, first)
                ]
            )

    def hears(self, *texts: str, record: str | None = None, later: int = 0) -> list[str]:
        """Remarks come in; their ids."""
        events = [
            FeedbackReceived(
                id=f"e{number}",
                source="/form",
                specversion="1.0",
                time=NOW + timedelta(minutes=later),
                data=Feedback(origin="form", record=record or str(number), words=text),
            )
            for text, number in zip(texts, self._numbers, strict=False)
        ]
        now = NOW + timedelta(minutes=later)
        read = [
            self.stage.read(Kafka(at, event), now + timedelta(hours=1))
            for at, event in enumerate(events)
        ]
        with self.store.transaction() as tx:
            self.stage.write(tx, read, now)
        return [f"form:{event.data.record}" for event in events]

    def remark(self, feedback_id: str) -> Remark:
        """The remark as it is stored."""
        with self.store.transaction() as tx:
            found = tx.remarks.find(feedback_id)
        assert found is not None
        return found[0]

    def links(self, feedback_id: str) -> dict[str, str]:
        """Issue key -> state."""
        id_ = self.remark(feedback_id).id
        with self.store.transaction() as tx:
            return {link.issue_key: link.state for link, _ in tx.links.of_remark(id_)}

    def accept(self, feedback_id: str, *keys: str) -> None:
        """A person accepts."""
        self.accept_at(NOW, feedback_id, *keys)

    def accept_at(self, now: datetime, feedback_id: str, *keys: str) -> None:
        """A person accepts, then."""
        with self.store.transaction() as tx:
            accept(tx, feedback_id, keys, by="ann", now=now)

    def undo(self, feedback_id: str) -> None:
        """A person takes it back."""
        with self.store.transaction() as tx:
            carry_out(tx, plan(tx, feedback_id, undoing(())), "ann", NOW)

    def ask(self, text: str, linker: Linker | None = None) -> list[str]:
        """The likeliest issues, best first."""
        with self.store.transaction() as tx:
            answers = (linker or self.linker).ask(tx, [text])
        return [each.issue_key for each in answers[0].candidates]

    def certify(self, least: float) -> None:
        """As if audits had shown that this confidence is enough; ranks by the score alone."""
        curve = [[0.0], [1.0], [1.0], 0.0]
        with self.store.transaction() as tx:
            tx.learned.certify(
                Certificate(
                    tier="fast",
                    basis=self.linker.basis,
                    at=NOW,
                    labels=100,
                    audits=100,
                    calibration={"logistic": curve, "steps": None, "columns": 1},
                    least=least,
                    passed=100,
                    wrong=0,
                    p=0.9,
                    delta=0.1,
                )
            )


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


def test_the_audited_share_is_chosen_by_chance_and_stays_chosen() -> None:
    """By the remark's own id; another secret chooses others."""
    names = [f"form:{number}" for number in range(5_000)]
    tenth = {name for name in names if Audits(0.1, "secret").takes(name)}
    assert 400 < len(tenth) < 600
    assert tenth == {name for name in names if Audits(0.1, "secret").takes(name)}
    assert tenth != {name for name in names if Audits(0.1, "other").takes(name)}


def test_a_certificate_of_other_vectors_says_nothing(world: World) -> None:
    """After a new table everything is asked again."""
    world.certify(0.7)
    with world.store.transaction() as tx:
        held = tx.learned.certificate("fast")
        assert held is not None
        tx.learned.certify(msgspec.structs.replace(held, basis="another table"))
    (feedback,) = world.hears("Please sort the exported ledger by date")
    assert world.remark(feedback).outcome == "suggested"


def test_a_remark_with_two_problems_is_linked_to_both_with_its_quotes(world: World) -> None:
    """Each passage on its own."""
    world.certify(0.7)
    first, second = "Please sort the exported ledger by date.", "We need single sign-on with Okta."
    (feedback,) = world.hears(f"{first}\n\nAlso: {second}")
    assert world.links(feedback) == {"APP-1": "linked", "APP-3": "linked"}
    id_ = world.remark(feedback).id
    with world.store.transaction() as tx:
        quotes = {decision.quote for _, decision in tx.links.of_remark(id_)}
    assert quotes == {first, f"Also: {second}"}


def test_other_languages_are_never_linked_by_likeness(world: World) -> None:
    """The word vectors know English."""
    world.certify(0.0)
    (feedback,) = world.hears("Bitte sortiert das Ledger beim Export nach dem Datum")
    assert world.remark(feedback).outcome != "linked"


def test_what_was_accepted_is_found_by_words_that_its_title_has_not(world: World) -> None:
    """The next customer says it in the words of the one before."""
    world.epics((f"{verb} the {thing}" for verb in VERBS for thing in THINGS), first=6)
    said = "our bookkeeping crew cannot read the printout because rows come in a jumble"
    near = "the bookkeeping crew gets rows in a jumble on the printout"
    (feedback,) = world.hears(said)
    before = world.ask(near)
    world.accept(feedback, "APP-4")
    assert before[:1] != ["APP-4"]
    assert world.ask(near)[0] == "APP-4"


def test_undoing_takes_back_all_that_was_learned(world: World) -> None:
    """Bit for bit, also the title that was learned with it."""
    world.hears("nothing to see")
    world.ask("x")
    before = world.linker.state()
    (feedback,) = world.hears("rows come in a jumble on the printout")
    world.accept(feedback, "APP-4")
    world.ask("x")
    assert world.linker.state() != before
    world.undo(feedback)
    world.ask("x")
    assert world.linker.state() == before


def test_workers_that_read_in_other_steps_agree(world: World) -> None:
    """One follows each decision, one starts afterwards: the same state, the same answers."""
    texts = ["rows come in a jumble", "okta please", "remind me of invoices", "search is slow"]
    for text, key in zip(texts, ("APP-1", "APP-3", "APP-4", "APP-5"), strict=True):
        (feedback,) = world.hears(text)
        world.accept(feedback, key)
        world.ask(text)
    world.undo("form:2")
    world.epics(["Sort the ledger"], at=NOW + timedelta(hours=1))
    late = Linker()
    assert [world.ask(text) for text in texts] == [world.ask(text, late) for text in texts]
    assert world.linker.state() == late.state()


def test_a_revised_remark_leaves_what_was_learned_of_it(world: World) -> None:
    """A person accepted the words as they were."""
    (feedback,) = world.hears("rows come in a jumble on the printout", record="r1")
    world.accept(feedback, "APP-4")
    world.ask("x")
    before = world.linker.state()
    world.hears("something else altogether", record="r1", later=5)
    world.ask("x")
    assert world.linker.state() == before


def test_links_that_nobody_saw_teach_nothing(world: World) -> None:
    """By a key or by likeness."""
    world.certify(0.7)
    world.ask("x")
    before = world.linker.state()
    world.hears("Please sort the exported ledger by date", "as APP-2 says, rows come in a jumble")
    world.ask("x")
    assert world.linker.state() == before


def test_an_attack_with_titles_links_nothing_and_teaches_nothing(world: World) -> None:
    """Every title in one remark, each in a paragraph of its own, and a certificate that trusts."""
    world.certify(0.0)
    world.ask("x")
    before = world.linker.state()
    (feedback,) = world.hears("\n\n".join(f"I need this now: {title}." for title in TITLES))
    assert "linked" not in world.links(feedback).values()
    world.accept(feedback, "APP-2")
    world.ask("x")
    assert world.linker.state() == before


def test_likeness_alone_links_to_no_more_than_the_bound(world: World) -> None:
    """Three problems that are each sure: a person is asked."""
    world.certify(0.0)
    parts = [
        "Sort the exported ledger by date",
        "Single sign-on with Okta",
        "Dark mode for the app",
    ]
    for many in (MOST_ALIKE, MOST_ALIKE + 1):
        (feedback,) = world.hears("\n\n".join(f"{part} please, soon." for part in parts[:many]))
        linked = [key for key, state in world.links(feedback).items() if state == "linked"]
        assert len(linked) == (MOST_ALIKE if many == MOST_ALIKE else 0)


def test_a_key_in_quoted_mail_or_code_is_only_suggested(world: World) -> None:
    """It is not what the customer says now; said as well, it counts."""
    quoted, said = world.hears(
        "Same as always, thanks\n\nOn Monday Bob wrote:\n> please see APP-2",
        "I mean APP-2\n\n> please see APP-3",
    )
    assert world.links(quoted) == {"APP-2": "suggested"}
    assert world.links(said) == {"APP-2": "linked"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "word " * 100_000,
        "😀" * 500,
        "مرحبا هذا طلب",
        "1234567",
        "https://example.com/a?b=c",
    ],
    ids=["none", "blank", "long", "emoji", "right to left", "digits", "url"],
)
def test_every_text_gets_an_answer(world: World, text: str) -> None:
    """Whatever it is; nothing odd is linked."""
    world.certify(0.9)
    with world.store.transaction() as tx:
        (answer,) = world.linker.ask(tx, [text])
    assert not answer.sure
    assert all(0 <= each.score <= 1 for each in answer.candidates)


def test_an_index_that_was_kept_is_loaded_instead_of_computed(world: World) -> None:
    """The same answers; only what changed since is computed."""
    text = "sort exported ledger"
    expected = world.ask(text)
    certifying = Certifying(world.store, Linkers(world.linker), (0.9, 0.1))
    certifying.keep(NOW)
    assert world.linker.keepable() is None
    late = Linker()
    assert world.ask(text, late) == expected
    assert late.keepable() is None
    world.epics(["Sort everything that is exported"], first=6)
    assert world.ask("sort everything that is exported", late)[0] == "APP-6"
    assert late.keepable() is not None


class Away:
    """A shelf that is away for its first calls of one verb, as a store is that restarts."""

    def __init__(self, shelf: object, verb: str) -> None:
        self._shelf, self._verb, self.away = shelf, verb, True

    def __getattr__(self, name: str) -> object:
        if name == self._verb and self.away:
            self.away = False
            raise SinkUnreachable("store: gone")
        return getattr(self._shelf, name)


@pytest.mark.parametrize("verb", ["lessons", "kept", "certificate"])
def test_a_store_that_goes_away_while_it_is_read_costs_no_issue_and_no_lesson(
    world: World, verb: str
) -> None:
    """At the first question, and at a later one."""
    (feedback,) = world.hears("rows come in a jumble")
    world.accept(feedback, "APP-1")
    late = Linker()
    with world.store.transaction() as tx:
        tx.learned = cast(Learned, Away(tx.learned, verb))
        with pytest.raises(SinkUnreachable):
            late.ask(tx, ["dark mode"])
    assert world.ask("dark mode", late) == world.ask("dark mode")
    assert late.state() == world.linker.state()


def test_a_fault_while_rows_are_taken_in_has_them_all_taken_in_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is counted twice, nothing is left out."""
    (feedback,) = world.hears("rows come in a jumble")
    world.ask("x")
    world.accept(feedback, "APP-1")
    world.epics(["Photo upload"], at=NOW + timedelta(hours=1))
    with monkeypatch.context() as patched:
        patched.setattr(Index, "put_all", _without_memory)
        with pytest.raises(MemoryError):
            world.ask("x")
    late = Linker()
    assert world.ask("photo upload")[0] == "APP-1"
    assert world.ask("photo upload") == world.ask("photo upload", late)
    assert world.linker.state() == late.state()


def _without_memory(*_: object) -> None:
    raise MemoryError


def test_an_issue_that_goes_is_suggested_no_more(world: World) -> None:
    """And comes back under another name."""
    assert world.ask("dark mode")[0] == "APP-2"
    gone = Epic(id="2", key="APP-2", summary=TITLES[1], deleted=True)
    with world.store.transaction() as tx:
        tx.epics.put([Sighting(epic=gone, updated_at=NOW + timedelta(hours=1))])
    assert "APP-2" not in world.ask("dark mode")
    moved = Epic(id="2", key="MOB-7", summary="Dark mode everywhere")
    with world.store.transaction() as tx:
        tx.epics.put([Sighting(epic=moved, updated_at=NOW + timedelta(hours=2))])
    assert world.ask("dark mode")[0] == "MOB-7"


def test_links_and_lessons_follow_an_issue_that_moves_and_closes(world: World) -> None:
    """By its id: under the new key, with other words, done or not."""
    world.epics((f"{verb} the {thing}" for verb in VERBS for thing in THINGS), first=6)
    said = "our bookkeeping crew cannot read the printout because rows come in a jumble"
    (feedback,) = world.hears(said)
    world.accept(feedback, "APP-4")
    assert world.ask(said)[0] == "APP-4"
    moved = Epic(id="4", key="FIN-9", summary="Dunning", status="Done", status_category="done")
    with world.store.transaction() as tx:
        tx.epics.put([Sighting(epic=moved, updated_at=NOW + timedelta(hours=1))])
    assert world.ask(said)[0] == "FIN-9"
    assert world.ask("dunning")[0] == "FIN-9"
    late = Linker()
    assert world.ask("dunning", late)[0] == "FIN-9"
    assert late.state() == world.linker.state()
    with world.store.transaction() as tx:
        assert tx.epics.ids_of_keys(["APP-4", "FIN-9"]) == {"APP-4": 4, "FIN-9": 4}


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
    world.hears(*texts, later=16 * 24 * 60)
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
    said = "\n\n".join(f"{title} please, soon." for title in TITLES[:3])
    for feedback in world.hears(*(f"{said} {number}" for number in range(40))):
        world.accept(feedback, "APP-1", "APP-2", "APP-3")
    Certifying(world.store, Linkers(world.linker), (0.9, 0.1)).certify(NOW + timedelta(minutes=1))
    held = certificate(world)
    assert (held.labels, held.audits) == (120, 40)
    assert held.why == "40 audits are decided, 65 are needed"


def test_never_is_above_every_confidence() -> None:
    """What nothing is compared with must not be reached."""
    assert NEVER > 1
