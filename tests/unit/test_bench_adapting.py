"""The bench of adapting reads what the command would read, and no label."""

from streams.link.evaluate_reading import Epic, Query
from streams.link.likeness import table
from streams.link.texts import is_held_out
from tests.bench.adapting import Labelled, places, texts_of

DATA = Labelled(
    [
        Epic(id="a", pool="p", title="Export invoices", description="As one file."),
        Epic(id="b", pool="p", title="Dark mode"),
        Epic(id="c", pool="q", title="Dark mode"),
    ],
    [
        Query(id="1", pool="p", text="export invoices"),
        Query(id="2", pool="q", text="dark mode"),
        Query(id="3", pool="p", text="neither"),
    ],
    {"1": frozenset("b"), "2": frozenset("c"), "3": frozenset()},
    [f"what is said in remark {n}" for n in range(50)],
)


def test_what_would_be_held_out_is_not_read() -> None:
    """Of issues the titles, and with the first words of the description; of remarks all."""
    found = texts_of(DATA)
    said = {f"what is said in remark {n}" for n in range(50) if not is_held_out(f"remark:{n}")}
    assert said < set(found)
    assert len(said) < 50
    of_issues = {"Export invoices", "Export invoices As one file.", "Dark mode"}
    assert set(found) - said <= of_issues
    assert not {query.text for query in DATA.queries} & set(found)


def test_places_are_within_the_pool_of_a_query() -> None:
    """Only of queries that have a right epic."""
    assert places(DATA, table.packaged()).tolist() == [2, 1]
