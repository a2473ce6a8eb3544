"""Whatever remarks a thread holds, and in whatever batches they come, the bound holds."""

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.link.bound import MOST_ALIKE
from streams.link.keys import MOST_KEYS
from tests.unit.link_world import TITLES, World

THINGS = ("calendar", "contract", "customer list")
MORE = [
    f"{verb} the {thing}" for verb in ("Speed up", "Print", "Lock", "Audit") for thing in THINGS
]

keys = st.lists(st.integers(1, len(TITLES) + len(MORE)), min_size=1, max_size=8).map(
    lambda numbers: " ".join(f"APP-{number}" for number in numbers)
)
remarks = st.one_of(
    keys,
    keys.map(lambda some: f"I saw this:\n> {some}"),
    st.sampled_from(["any news on this?", "still waiting"]),
    st.lists(st.sampled_from([*TITLES, *MORE]), min_size=1, max_size=4).map("\n\n".join),
)
batches = st.lists(
    st.tuples(
        st.lists(remarks, min_size=1, max_size=4),
        st.sampled_from(["T", "U"]),
        st.lists(st.integers(1, 9), max_size=4, unique=True),
    ),
    min_size=1,
    max_size=5,
)


@settings(deadline=None)
@given(batches)
def test_no_remark_is_linked_beyond_the_bound(
    heard: list[tuple[list[str], str, list[int]]],
) -> None:
    """By keys, links fields, threads and likeness that trusts everything, batch after batch."""
    world = World()
    world.epics(MORE, first=len(TITLES) + 1)
    world.certify(0.0, epics=None)
    for texts, thread, fields in heard:
        issue_keys = tuple(f"APP-{number}" for number in fields)
        for feedback in world.hears(*texts, thread=thread, issue_keys=issue_keys):
            found = world.rules(feedback)
            assert len(found) <= MOST_KEYS
            assert list(found.values()).count("likeness") <= MOST_ALIKE
