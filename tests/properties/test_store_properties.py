"""Invariants of what the store remembers, whatever comes in whatever order."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.events import Epic, FixVersion
from sinks.contracts import Sighting
from sinks.store.fake import FakeStore
from sinks.store.lookup import Standing, survivors
from sinks.store.mailstate import LADDER, PROVES, SETTLED, after, higher
from sinks.store.rows import EpicRow, Message, MessageState, Report, Tell
from sinks.store.verdicts import key_of

CALM = settings(deadline=None, max_examples=300)  # a busy machine is no fault of the store
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
hours = st.integers(0, 3).map(lambda number: NOW + timedelta(hours=number))
outcomes = st.sampled_from([*PROVES, "a word of tomorrow"])
states: st.SearchStrategy[MessageState] = st.sampled_from(LADDER)
MAIL = "mail-1"


def opened() -> FakeStore:
    """An empty store."""
    store = FakeStore()
    store.open()
    return store


@given(states, outcomes, outcomes)
def test_two_reports_come_to_the_same_in_either_order(
    state: MessageState, one: str, other: str
) -> None:
    """The state machine of a mail commutes."""
    assert after(after(state, one), other) == after(after(state, other), one)


@given(states, outcomes)
def test_a_report_that_is_repeated_changes_nothing(state: MessageState, outcome: str) -> None:
    """The state machine of a mail is idempotent."""
    assert after(after(state, outcome), outcome) == after(state, outcome)


@given(states, outcomes)
def test_a_mail_never_goes_back(state: MessageState, outcome: str) -> None:
    """What has been proved stays proved."""
    assert higher(state, after(state, outcome)) == after(state, outcome)


@st.composite
def reports_twice(draw: st.DrawFn) -> tuple[list[Report], list[list[Report]]]:
    """Reports on one mail; and the same in another order, in batches, some of them repeated."""
    said = draw(st.lists(st.tuples(outcomes, hours), max_size=6))
    reports = [
        Report(id=str(number), message_id=MAIL, outcome=outcome, reason=f"why {number}", at=at)
        for number, (outcome, at) in enumerate(said)
    ]
    again = draw(st.lists(st.sampled_from(reports), max_size=4)) if reports else []
    shuffled = draw(st.permutations([*reports, *again]))
    cut = draw(st.integers(0, len(shuffled)))
    return reports, [shuffled[:cut], shuffled[cut:]]


def settled(batches: list[list[Report]]) -> Message | None:
    """A mail that is being sent, after each batch has come in a transaction of its own."""
    store = opened()
    with store.transaction() as tx:
        assert tx.messages.join("R", "r@us.example", "Rae", NOW, NOW) == MAIL
        tx.messages.claim(NOW, 60, 1)
    for batch in batches:
        with store.transaction() as tx:
            tx.messages.settle(batch)
    with store.transaction() as tx:
        return tx.messages.find(MAIL)


@CALM
@given(reports_twice())
def test_settling_is_free_of_order_and_repetition(
    reports: tuple[list[Report], list[list[Report]]],
) -> None:
    """State, times and reason: a worker that reads a partition again comes to the same."""
    once, shuffled = reports
    assert settled([once]) == settled(shuffled)


@CALM
@given(reports_twice(), st.booleans())
def test_a_mail_has_settled_exactly_when_it_says_since_when(
    reports: tuple[list[Report], list[list[Report]]],
    failed: bool,  # noqa: FBT001 - Hypothesis fills it
) -> None:
    """Also when we gave up on it and it went out after all."""
    store = opened()
    with store.transaction() as tx:
        tx.messages.join("R", "r@us.example", "Rae", NOW, NOW)
        tx.messages.claim(NOW, 60, 1)
        if failed:
            tx.messages.fail(MAIL, NOW, "refused")
        tx.messages.settle(reports[0])
        mail = tx.messages.find(MAIL)
    assert mail is not None
    assert (mail.settled_at is not None) == (mail.state in SETTLED)


@st.composite
def verdicts(draw: st.DrawFn) -> Tell:
    """A verdict among so few people, addresses and ships that they meet all the time."""
    person = draw(st.sampled_from("RST"))
    generation = draw(st.integers(1, 2))
    return Tell(
        id=f"{person}/{generation}",
        person_id=person,
        person_name=person,
        email=draw(st.sampled_from([None, "a@us.example", "A@us.example", "b@us.example"])),
        account_id="A",
        issue_id=10,
        generation=generation,
        kind="shipped",
        role="owner",
        verdict=draw(st.sampled_from(["tell", "skip"])),
        reason="",
        decided_at=draw(hours),
    )


batches_of_verdicts = st.lists(st.lists(verdicts(), max_size=5), max_size=5)


@CALM
@given(batches_of_verdicts)
def test_nobody_is_told_twice(batches: list[list[Tell]]) -> None:
    """Of one account, issue, generation and kind: not one person, and not one address."""
    store, told = opened(), []
    for batch in batches:
        with store.transaction() as tx:
            told += tx.tells.put(batch)
    keys = [key_of(tell) for tell in told]
    addresses = [(tell.email, *key_of(tell)[1:]) for tell in told if tell.email]
    assert len(keys) == len(set(keys))
    assert len(addresses) == len(set(addresses))


@CALM
@given(batches_of_verdicts)
def test_who_was_told_stays_told_and_whoever_was_considered_has_a_verdict(
    batches: list[list[Tell]],
) -> None:
    """What was returned as new is what stands; nobody is lost."""
    store, told = opened(), []
    for batch in batches:
        with store.transaction() as tx:
            told += tx.tells.put(batch)
    with store.transaction() as tx:
        standing = [*tx.tells.of_ship(10, 1), *tx.tells.of_ship(10, 2)]
    assert {tell.id for tell in standing} == {tell.id for batch in batches for tell in batch}
    said = [tell for tell in standing if tell.verdict == "tell"]
    assert sorted(said, key=key_of) == sorted(told, key=key_of)


@st.composite
def sightings(draw: st.DrawFn) -> list[Sighting]:
    """Sightings of two issues that share versions, no two at one instant."""
    at = draw(st.lists(st.integers(0, 50), max_size=6, unique=True))
    return [
        Sighting(
            updated_at=NOW + timedelta(hours=hour),
            epic=Epic(
                id=draw(st.sampled_from(["10", "11"])),
                key=draw(st.sampled_from(["PROJ-1", "PROJ-2"])),
                fix_versions=(FixVersion(id="7", name="1.0", released=draw(st.booleans())),),
            ),
        )
        for hour in at
    ]


def seen(sighted: list[Sighting]) -> dict[int, EpicRow]:
    """The issues after each sighting has come in a transaction of its own."""
    store = opened()
    for each in sighted:
        with store.transaction() as tx:
            tx.epics.put([each])
    with store.transaction() as tx:
        return tx.epics.get([10, 11])


@CALM
@given(sightings().flatmap(lambda all_: st.tuples(st.just(all_), st.permutations(all_))))
def test_issues_are_the_same_in_whatever_order_they_are_seen(
    orders: tuple[list[Sighting], list[Sighting]],
) -> None:
    """The tracker's clock decides, for issues and for the versions that they name."""
    assert seen(orders[0]) == seen(orders[1])


@given(
    st.dictionaries(
        st.sampled_from("ABCDE"),
        st.builds(Standing, st.none() | st.sampled_from("ABCDEF"), st.booleans()),
    )
)
def test_whoever_survives_a_merge_goes_by_its_own_id(known: dict[str, Standing]) -> None:
    """Chains and circles alike come to an end, at an account that exists."""
    found = survivors("ABCDEF", known)
    assert all(found[last] == last for last in found.values())
    assert not any(known[last].deleted for last in found.values())
