"""The linker in its stage: what decisions teach, when it links by itself, what it never does."""

from datetime import timedelta
from typing import cast

import pytest

from schemas.errors import SinkUnreachable
from schemas.events import Epic
from sinks.contracts import Sighting
from sinks.store.contract import Learned
from streams.link.bound import MOST_ALIKE, MOST_TITLES
from streams.link.certifying import Certifying
from streams.link.likeness.index import Index
from streams.link.likeness.learning import Taught
from streams.link.linker import Linker
from streams.link.linkers import Linkers
from tests.unit.link_world import NOW, THINGS, TITLES, VERBS, World


@pytest.fixture
def world() -> World:
    """Nothing is audited."""
    return World()


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


def test_titles_are_met_with_the_first_lesson_and_not_before(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker where nobody has accepted anything starts without them; afterwards all agree."""
    met: list[str] = []
    meet = Taught.meet
    monkeypatch.setattr(
        Taught, "meet", lambda self, texts: (met.extend(texts), meet(self, texts))[1]
    )
    (feedback,) = world.hears("rows come in a jumble on the printout")
    world.ask("x")
    world.epics(["One more"], first=6)
    world.ask("x")
    assert met == []
    world.accept(feedback, "APP-4")
    world.ask("x")
    assert sorted(met) == sorted([*TITLES, "One more"])
    world.epics(["Yet another"], first=7)
    world.epics(["A new name"], at=NOW + timedelta(hours=1))
    world.ask("x")
    late = Linker()
    world.ask("x", late)
    assert late.state() == world.linker.state()


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


@pytest.mark.parametrize(("many", "outcome"), [(MOST_TITLES, "linked"), (len(TITLES), "suggested")])
def test_a_sentence_full_of_titles_is_asked_about(world: World, many: int, outcome: str) -> None:
    """One problem, one issue that is sure: all that is wrong with it is the titles."""
    world.certify(0.0)
    (feedback,) = world.hears("I need this now: " + ", ".join(TITLES[:many]))
    assert world.remark(feedback).outcome == outcome


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
    assert not world.linker.keepable()
    late = Linker()
    assert world.ask(text, late) == expected
    assert not late.keepable()
    world.epics(["Sort everything that is exported"], first=6)
    assert world.ask("sort everything that is exported", late)[0] == "APP-6"
    assert late.keepable()


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
    world.accept(feedback, "APP-1")
    world.ask("x")
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


def test_an_issue_that_is_gone_is_linked_by_no_rule(world: World) -> None:
    """By its key, by its thread; one that is closed is, and so is one that comes back."""
    for hours, deleted, links in ((0, False, 2), (1, True, 0), (2, False, 2)):
        epic = Epic(id="2", key="APP-2", status_category="done", deleted=deleted)
        with world.store.transaction() as tx:
            tx.epics.put([Sighting(epic=epic, updated_at=NOW + timedelta(hours=hours))])
        found = [*world.hears("see APP-2", thread="T"), *world.hears("any news?", thread="T")]
        assert sum(world.links(each) == {"APP-2": "linked"} for each in found) == links
        assert sum("APP-2" not in world.links(each) for each in found) == 2 - links


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
