"""What was taught is a function of the decisions: order-free, and undone without a trace."""

import random

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.link.likeness import grams, table
from streams.link.likeness.learning import Taught

TEXT = st.lists(st.sampled_from(["export", "invoice", "login", "crash", "🙂", "7"]), max_size=4)
DECISIONS = st.lists(st.tuples(st.sampled_from("abc"), TEXT.map(" ".join)), max_size=6)


def taught(decisions: list[tuple[str, str]]) -> Taught:
    """What these teach, one by one."""
    made = Taught(table.packaged())
    for decision in decisions:
        made.learn(*decision)
    return made


def scores(made: Taught, texts: list[str]) -> npt.NDArray[np.float32]:
    """As the index asks for them."""
    return made.scores(table.packaged().encode(texts), grams.count(texts), 0.5)


@settings(max_examples=6, deadline=None)
@given(decisions=DECISIONS, wrong=DECISIONS, seed=st.randoms())
def test_undo_leaves_no_trace_and_order_does_not_matter(
    decisions: list[tuple[str, str]], wrong: list[tuple[str, str]], seed: random.Random
) -> None:
    """Bit for bit; and learning at once is learning one by one."""
    straight = taught(decisions)
    winding = taught(wrong)
    shuffled = list(decisions)
    seed.shuffle(shuffled)
    winding.learn_all(shuffled)
    for decision in wrong:
        winding.unlearn(*decision)
    assert winding.state() == straight.state()
    asked = ["export invoice", ""]
    assert (scores(winding, asked) == scores(straight, asked)).all()


def test_an_accepted_remark_draws_the_next_one_like_it() -> None:
    """Though the title shares no word with it."""
    made = taught([("a", "Reporting"), ("b", "Identity"), ("c", "Billing")])
    asked = ["our boss wants numbers in a spreadsheet"]
    made.learn("a", "please give me the numbers in a spreadsheet")
    assert made.ids[int(scores(made, asked).argmax())] == "a"
    assert made.size("a") == 2


@settings(max_examples=6, deadline=None)
@given(decisions=DECISIONS, met=st.lists(TEXT.map(" ".join), max_size=4))
def test_what_was_met_is_parted_with_without_a_trace(
    decisions: list[tuple[str, str]], met: list[str]
) -> None:
    """Titles come, change and go."""
    plain, winding = taught(decisions), taught(decisions)
    winding.meet(met)
    winding.part(met[::-1])
    assert winding.state() == plain.state()
