"""How far each loop has closed, and which links of mails have been used."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sinks.store.fake.state import State
from sinks.store.rows import Answer, LoopRow


class FakeLoops:
    """`sinks.store.contract.Loops`."""

    def __init__(self, state: State) -> None:
        self._loops = state.loops
        self._replies = state.replies
        self._answers = state.answers

    def get(self, pairs: Collection[tuple[str, int]]) -> dict[tuple[str, int], LoopRow]:
        """(account id, issue id) -> where it stands; locks them until the transaction ends."""
        return {pair: self._loops[pair] for pair in pairs if pair in self._loops}

    def put(self, rows: Sequence[LoopRow]) -> None:
        """Write where they stand now."""
        self._loops.update({(row.account_id, row.issue_id): row for row in rows})

    def use_reply(self, token_id: str, at: datetime) -> bool:
        """Whether this is the first use of a mail's link."""
        first = token_id not in self._replies
        self._replies.setdefault(token_id, at)
        return first

    def reply_used(self, token_id: str) -> bool:
        """Whether the link has been used, for the page that shows it."""
        return token_id in self._replies

    def keep(self, answers: Sequence[Answer]) -> None:
        """Keep what was written beside answers, each once."""
        for answer in answers:
            self._answers.setdefault(answer.token_id, answer)

    def answers(self, account_id: str, issue_id: int) -> list[Answer]:
        """What was written beside a loop's answers, the oldest first."""
        pair = (account_id, issue_id)
        found = [one for one in self._answers.values() if (one.account_id, one.issue_id) == pair]
        return sorted(found, key=lambda one: (one.at, one.token_id))

    def all(self, limit: int) -> list[LoopRow]:
        """The last changed, latest first."""
        by_pair = [row for _, row in sorted(self._loops.items())]
        return sorted(by_pair, key=lambda row: row.changed_at, reverse=True)[:limit]
