"""How far each loop has closed, and the links of mails that were used."""

from datetime import UTC, datetime, timedelta

from schemas.events import LoopState
from sinks.store.contract import Store, Transaction
from sinks.store.rows import Answer, LoopRow
from tests.contract.store.ways import Waits

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def loop(
    account: str = "A",
    issue: int = 10,
    state: LoopState = "told",
    at: datetime = NOW,
    **times: datetime,
) -> LoopRow:
    """How far a loop is."""
    return LoopRow(
        account_id=account, issue_id=issue, state=state, changed_at=at, by="closeloop", **times
    )


def put(store: Store, *rows: LoopRow) -> None:
    """Write loops in a transaction."""
    with store.transaction() as tx:
        tx.loops.put(rows)


def get(store: Store, *pairs: tuple[str, int]) -> dict[tuple[str, int], LoopRow]:
    """Look at loops in a transaction."""
    with store.transaction() as tx:
        return tx.loops.get(pairs)


def test_a_loop_that_never_began_is_absent(store: Store) -> None:
    """Neither another account nor another issue."""
    put(store, loop())
    assert get(store, ("A", 11), ("B", 10)) == {}
    assert get(store) == {}


def test_a_loop_is_as_it_was_last_written(store: Store) -> None:
    """Every time and state."""
    put(store, loop(), loop("B"))
    put(store, loop(state="solved", told_at=NOW, solved_at=NOW + HOUR))
    assert get(store, ("A", 10), ("B", 10)) == {
        ("A", 10): loop(state="solved", told_at=NOW, solved_at=NOW + HOUR),
        ("B", 10): loop("B"),
    }


def test_of_one_loop_written_twice_at_once_the_last_counts(store: Store) -> None:
    """Two replies of one batch."""
    put(store, loop(), loop(state="acknowledged"))
    assert get(store, ("A", 10))["A", 10].state == "acknowledged"


def test_writing_nothing_writes_nothing(store: Store) -> None:
    """No statement without rows."""
    put(store)
    with store.transaction() as tx:
        assert tx.loops.all(9) == []


def test_a_loop_is_locked_while_somebody_looks_at_it_even_before_it_begins(
    store: Store, waits: Waits
) -> None:
    """Two replies at once must not both begin it."""

    def begin(tx: Transaction) -> None:
        assert tx.loops.get([("A", 10)]) == {}
        tx.loops.put([loop(state="acknowledged")])

    seen = waits(store, begin, lambda tx: tx.loops.get([("A", 10)]))
    assert seen["A", 10].state == "acknowledged"


def test_a_link_is_used_once(store: Store) -> None:
    """Another link is another matter."""
    with store.transaction() as tx:
        assert not tx.loops.reply_used("token")
        assert tx.loops.use_reply("token", NOW)
    with store.transaction() as tx:
        assert not tx.loops.use_reply("token", NOW + HOUR)
        assert tx.loops.reply_used("token")
        assert tx.loops.use_reply("another", NOW)


def test_two_clicks_at_once_count_as_one(store: Store, waits: Waits) -> None:
    """A mail scanner and a person, say."""
    assert (
        waits(
            store,
            lambda tx: tx.loops.use_reply("token", NOW),
            lambda tx: tx.loops.use_reply("token", NOW),
        )
        is False
    )


def test_the_last_changed_come_first(store: Store) -> None:
    """For a person who looks."""
    put(store, loop("A"), loop("B", at=NOW + HOUR), loop("C", at=NOW - HOUR))
    with store.transaction() as tx:
        assert [row.account_id for row in tx.loops.all(2)] == ["B", "A"]


def answer(link: str = "link", words: str = "The totals.", at: datetime = NOW) -> Answer:
    """What a customer wrote beside "not solved"."""
    return Answer(
        token_id=link,
        account_id="A",
        issue_id=10,
        said="not_solved",
        at=at,
        by="customer",
        words=words,
    )


def test_what_was_written_beside_an_answer_is_kept_once(store: Store) -> None:
    """By the link that was used; of its own loop alone, the oldest first."""
    later = answer("another", "And dates.", NOW + HOUR)
    with store.transaction() as tx:
        tx.loops.keep([later, answer()])
        tx.loops.keep([answer(words="changed")])
        tx.loops.keep([])
    with store.transaction() as tx:
        assert tx.loops.answers("A", 10) == [answer(), later]
        assert tx.loops.answers("A", 11) == tx.loops.answers("B", 10) == []
