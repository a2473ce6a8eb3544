"""Which labels a certificate rests on, and which show that it no longer holds."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from sinks.store.learned import Labelled
from streams.link.certificate import REFIT, Today, certify, is_due
from tests.unit.audits import NOW, audit

TODAY = Today(tier="fast", basis="table", epics=5, now=NOW)


def labels(size: int, since: datetime, *, right: bool = True, **guessed: Any) -> list[Labelled]:
    """So many decided audits, a second after each other."""
    return [
        Labelled(
            guess=audit(number, **guessed),
            right=right,
            decided_at=since + timedelta(seconds=number),
        )
        for number in range(size)
    ]


def test_audits_certify() -> None:
    """As many as are needed, all of them right."""
    assert certify(None, labels(200, NOW - timedelta(days=1)), TODAY).least is not None


@pytest.mark.parametrize("guessed", [{"audit": False}, {"basis": "another"}, {"epics": 50}])
def test_nothing_else_does(guessed: dict[str, Any]) -> None:
    """What people chose to decide is no sample; other vectors, or far fewer issues, say nothing."""
    made = certify(None, labels(200, NOW - timedelta(days=1), **guessed), TODAY)
    assert (made.audits, made.least) == (0, None)


@pytest.mark.parametrize(("sure", "due"), [(True, True), (False, False)])
def test_only_what_would_have_been_linked_shows_drift(*, sure: bool, due: bool) -> None:
    """An answer that nobody was sure of may be wrong."""
    before = labels(200, NOW - timedelta(days=1))
    last = certify(None, before, TODAY)
    wrong = labels(REFIT - 1, NOW + timedelta(seconds=1), right=False, sure=sure)
    later = msgspec.structs.replace(TODAY, now=NOW + timedelta(hours=1))
    assert is_due(last, [*before, *wrong], later) is due


def test_a_drift_is_not_forgotten_where_few_labels_are_open_after_it() -> None:
    """Audits from before it count no more, however many certificates come between."""
    before = labels(200, NOW - timedelta(days=1))
    wrong = labels(REFIT, NOW + timedelta(seconds=1), right=False)
    drifted = certify(
        certify(None, before, TODAY),
        [*before, *wrong],
        msgspec.structs.replace(TODAY, now=NOW + timedelta(hours=1)),
    )
    few = certify(drifted, [], msgspec.structs.replace(TODAY, now=NOW + timedelta(hours=2)))
    again = certify(few, before, msgspec.structs.replace(TODAY, now=NOW + timedelta(hours=3)))
    assert drifted.least is None
    assert (again.audits, again.least) == (0, None)
