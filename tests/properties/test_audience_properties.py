"""Nobody is told twice, whatever comes in whatever order: invariants of the audience."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.events import Rep
from sinks.store.rows import Linked, Tell
from streams.tell.audience import decide_audience
from streams.tell.customers import Customers
from streams.tell.staff import House
from tests.unit.tell_rows import NOW, SAID, SETTLED, account, deal, linked, rep, ship

IDS = ("r0", "r1", "r2", "r3")
ACCOUNTS = ("acme", "globex", None)
LATE = SETTLED + timedelta(hours=1)
OURS = House(staff_domains=frozenset({"us.example"}), unowned_email="queue@us.example")

ADDRESSES = (
    "r1@us.example",
    "R1+form@us.example",
    "Sam@x.example",
    "sam@us.example",
    "sam+a@us.example",
    "sam@sub.us.example",
    None,
)

some_id = st.sampled_from(IDS) | st.none()
reps = st.builds(
    lambda id_, manager, active, email: rep(
        id_, manager_id=manager, active=active, email=email, team="north"
    ),
    st.just("r0"),
    some_id,
    st.booleans(),
    st.sampled_from(("r0@us.example", "shared@us.example", None)),
)


def _reps(parts: list[Rep]) -> dict[str, Rep]:
    """The four of them; managers may go round in circles, two may share an address."""
    return {
        id_: rep(
            id_,
            manager_id=part.manager_id,
            active=part.active,
            team="north",
            email=part.email.replace("r0@", f"{id_}@") if isinstance(part.email, str) else None,
        )
        for id_, part in zip(IDS, parts, strict=True)
    }


@st.composite
def remarks(draw: st.DrawFn) -> list[Linked]:
    """Up to six, of known and unknown accounts, linked before or after the ship settled."""
    return [
        linked(
            id_,
            linked_at=draw(st.sampled_from((SAID, LATE))),
            account_id=draw(st.sampled_from(ACCOUNTS)),
            domain=draw(st.sampled_from(("acme.example", None))),
            reporter_id=draw(some_id),
            reporter_email=draw(st.sampled_from(ADDRESSES)),
            opportunity_id=draw(st.sampled_from(("d1", None))),
        )
        for id_ in range(1, draw(st.integers(1, 6)) + 1)
    ]


@st.composite
def worlds(draw: st.DrawFn) -> Customers:
    """Owners who may be missing, gone or unknown, and deals of either account."""
    people = _reps(draw(st.lists(reps, min_size=4, max_size=4)))
    accounts = {one: account(one, owner_id=draw(some_id)) for one in ("acme", "globex")}
    deals = {
        "acme": [deal(f"d{n}", owner_id=draw(some_id)) for n in range(draw(st.integers(0, 2)))]
    }
    by_email = {r.email: r for r in people.values() if isinstance(r.email, str)}
    return Customers(
        accounts=accounts,
        survivors={"acme": "acme", "globex": "globex"},
        deals=deals,
        named_deals={"d1": deal("d1", owner_id=draw(some_id))},
        reps=people,
        by_email=by_email,
        owners_then={"acme": draw(st.sampled_from(IDS))},
        previous_owners={"globex": draw(st.lists(st.sampled_from(IDS), max_size=2))},
    )


def _decide(items: Sequence[Linked], known: Customers, already: Sequence[Tell] = ()) -> list[Tell]:
    return decide_audience(ship(), items, known, already, now=NOW, house=OURS)


def _told(tells: Sequence[Tell]) -> list[Tell]:
    return [one for one in tells if one.verdict == "tell"]


@settings(max_examples=200, deadline=None)
@given(remarks(), worlds())
def test_one_tell_per_person_address_account_kind_and_ship(
    items: list[Linked], known: Customers
) -> None:
    """By person and by mail address, and every tell has somewhere to go."""
    tells = _told(_decide(items, known))
    people = Counter((one.person_id, one.account_id, one.kind) for one in tells)
    addresses = Counter((one.email, one.account_id, one.kind) for one in tells)
    assert set(people.values()) | set(addresses.values()) <= {1}
    assert all(one.email and one.remark_ids for one in tells)


@settings(max_examples=100, deadline=None)
@given(remarks(), worlds(), st.randoms())
def test_the_audience_does_not_depend_on_order(
    items: list[Linked], known: Customers, random: Random
) -> None:
    """Of remarks, nor of the verdicts before."""
    first = _decide(items, known)
    shuffled, before = list(items), list(first)
    random.shuffle(shuffled)
    random.shuffle(before)
    assert _decide(shuffled, known) == first
    assert _decide(shuffled, known, before) == _decide(items, known, first)


@settings(max_examples=100, deadline=None)
@given(remarks(), worlds())
def test_deciding_again_tells_nobody(items: list[Linked], known: Customers) -> None:
    """Idempotent, also where everybody's verdict is looked at again."""
    first = _decide(items, known)
    again = _decide(items, known, first)
    assert _told(again) == []
    assert {one.id for one in again} == {one.id for one in first}


@settings(max_examples=100, deadline=None)
@given(remarks(), worlds(), worlds())
def test_nobody_is_told_twice_of_one_remark_whatever_changes_in_between(
    items: list[Linked], known: Customers, later: Customers
) -> None:
    """Owners, managers and addresses may change: a person hears of a remark once a generation."""
    first = _told(_decide(items, known))
    more = _told(_decide(items, later, first))
    heard = Counter((one.person_id, id_) for one in [*first, *more] for id_ in one.remark_ids)
    assert set(heard.values()) <= {1}


@settings(max_examples=100, deadline=None)
@given(remarks(), worlds())
def test_every_remark_is_told_to_somebody_or_was(items: list[Linked], known: Customers) -> None:
    """With an unowned queue nothing that was said is lost."""
    told = {id_ for one in _told(_decide(items, known)) for id_ in one.remark_ids}
    assert told == {item.remark.id for item in items}
