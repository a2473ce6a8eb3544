"""How a loop closes, whatever happens in whatever order."""

from datetime import datetime, timedelta
from itertools import permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import LoopState
from sinks.store.rows import LoopRow
from streams.verify.rules import advance, in_mail, is_told, open_loop, take_back
from tests.unit.tell_rows import ISSUE, NOW, tell

Happened = tuple[LoopState, int]
"""What happened, and after how many minutes."""


def _at(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


def _after(*happened: Happened) -> LoopRow:
    loop = open_loop("acme", ISSUE, NOW, "nobody")
    for action, minutes in happened:
        loop = advance(loop, action, _at(minutes), f"{action}@{minutes}")
    return loop


@pytest.mark.parametrize(
    ("happened", "state"),
    [
        ([("told", 1)], "told"),
        ([("told", 1), ("acknowledged", 2)], "acknowledged"),
        ([("told", 1), ("acknowledged", 2), ("customer_told", 3)], "customer_told"),
        ([("told", 1), ("customer_told", 3), ("solved", 4)], "solved"),
        ([("told", 1), ("customer_told", 3), ("not_solved", 4)], "not_solved"),
        ([("customer_told", 3), ("told", 4)], "customer_told"),
        ([("solved", 2)], "solved"),
        ([("solved", 2), ("customer_told", 9), ("acknowledged", 9)], "solved"),
        ([("not_solved", 2), ("customer_told", 9), ("acknowledged", 9)], "not_solved"),
        ([("solved", 2), ("not_solved", 3)], "not_solved"),
        ([("not_solved", 2), ("solved", 3)], "solved"),
        ([("solved", 2), ("not_solved", 2)], "not_solved"),
        ([("solved", 2), ("told", 3)], "solved"),
        ([("told", 1), ("customer_told", 2), ("not_solved", 3), ("told", 4)], "told"),
        ([("not_solved", 3), ("told", 4), ("customer_told", 5)], "customer_told"),
        ([("not_solved", 3), ("told", 4), ("solved", 5)], "solved"),
    ],
)
def test_the_state_follows_from_what_happened_in_any_order(
    happened: list[Happened], state: LoopState
) -> None:
    """A customer's answer outranks the rep's; told again after "not solved" begins anew."""
    for order in permutations(happened):
        assert _after(*order).state == state


def test_a_step_keeps_its_time_and_the_state_says_since_when_and_by_whom() -> None:
    """Times are kept for each step."""
    loop = _after(("told", 1), ("customer_told", 2), ("solved", 3), ("acknowledged", 4))
    assert (loop.told_at, loop.customer_told_at, loop.solved_at, loop.acknowledged_at) == (
        _at(1),
        _at(2),
        _at(3),
        _at(4),
    )
    assert (loop.changed_at, loop.by) == (_at(3), "solved@3")


def test_the_same_again_changes_nothing() -> None:
    """Nor does an earlier time of the same step."""
    loop = _after(("told", 1), ("solved", 3))
    assert advance(loop, "solved", _at(3), "somebody") is loop
    assert advance(loop, "solved", _at(2), "somebody") is loop


happened_lists = st.lists(
    st.tuples(
        st.sampled_from(("told", "acknowledged", "customer_told", "solved", "not_solved")),
        st.integers(0, 6),
    ),
    max_size=8,
)


@given(happened_lists, st.randoms())
def test_order_and_repetition_do_not_matter(happened: list[Happened], random: Random) -> None:
    """State, times and since when are the same; only who is named may differ."""
    shuffled = [*happened, *happened]
    random.shuffle(shuffled)
    one, other = _after(*happened), _after(*shuffled)
    names = [name for name in LoopRow.__struct_fields__ if name != "by"]
    assert [getattr(one, name) for name in names] == [getattr(other, name) for name in names]


def test_a_mail_that_comes_back_told_nobody() -> None:
    """The row stays, without a time."""
    loop = take_back(_after(("told", 1)), _at(1), _at(5), "mail came back")
    assert loop.told_at is None
    assert not is_told(loop)
    assert is_told(advance(loop, "told", _at(9), "rita"))


@pytest.mark.parametrize("then", ["acknowledged", "customer_told", "solved", "not_solved"])
def test_a_mail_that_comes_back_after_an_answer_was_read_by_somebody(then: LoopState) -> None:
    """An out-of-office reply is no proof that nobody read it."""
    loop = _after(("told", 1), (then, 2))
    assert take_back(loop, _at(1), _at(5), "mail came back") is loop


def test_a_mail_that_comes_back_leaves_what_another_mail_told() -> None:
    """A later one stands by itself; an earlier one is gone back to."""
    loop = _after(("told", 1), ("told", 3))
    assert take_back(loop, _at(1), _at(5), "mail came back") is loop
    assert take_back(loop, _at(3), _at(5), "mail came back", _at(1)).told_at == _at(1)


def test_what_is_announced_and_taken_back_in_one_mail_is_not_in_it() -> None:
    """The mail had not gone out, so its reader knows of neither."""
    other = tell("t3", account_id="globex")
    assert in_mail([tell("t1"), tell("t2", kind="correction"), other]) == [other]


def test_a_correction_of_what_an_earlier_mail_told_is_in_it() -> None:
    """Only the announcement of the same mail is left out."""
    late = tell("t1", kind="available", remark_ids=(2,))
    correction = tell("t2", kind="correction", remark_ids=(1, 2))
    assert in_mail([late, correction]) == [correction]
    assert in_mail([correction]) == [correction]


def test_a_correction_of_another_generation_takes_nothing_back() -> None:
    """It is about what shipped before."""
    tells = [tell("t1", generation=2), tell("t2", kind="correction", generation=1)]
    assert in_mail(tells) == tells
