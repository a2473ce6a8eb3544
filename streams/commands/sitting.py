"""A sitting: one remark after the other, a key each. Every decision is written at once.

So it may end at any moment, by a key, Ctrl-C or a lost connection: what was decided stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

import msgspec

from sinks.store.contract import Store
from sinks.store.rows import Remark
from streams.commands import screen
from streams.commands.screen import Progress
from streams.link.desk import MOST_AT_ONCE, Action, Asked, carry_out_all, plan_all
from streams.link.desk import plan_undoing_last as undoing_last
from streams.link.queue import EncoderOf, Item, Waiting, described, ranked
from streams.link.triage import CannotRule, Plan

PAUSE_S = 0.5
"""A digit decides after so long without another; with another Enter decides."""
ENTER = frozenset("\r\n")

Step: TypeAlias = Literal["next", "stay", "quit"]


class Reader(Protocol):
    """Where keys come from."""

    def read(self, timeout_s: float | None = None) -> str:
        """The next key; empty where none comes in time; `EOFError` at the end."""


class Summary(msgspec.Struct, frozen=True):
    """What a sitting came to; several decided in one go count each."""

    decided: int
    skipped: int
    undone: int
    seconds: float


class Done(msgspec.Struct, frozen=True):
    """One decision of the sitting: where it was made, and of which remarks."""

    place: int
    remarks: frozenset[str]


class Sitting:
    """What waits when it begins, in its order; what others decide meanwhile is passed over.

    Args:
        store: open.
        keys: where they come from.
        show: draws a screen, which it is handed whole.
        by: who decides.
        now: the time; decisions carry it.
        clock: seconds that only grow, for the pace.
        encoder: for accepted remarks that are like the one shown.
        width: columns of characters.
    """

    def __init__(  # noqa: PLR0913 - all that is outside, by name
        self,
        store: Store,
        keys: Reader,
        show: Callable[[str], None],
        *,
        by: str,
        now: Callable[[], datetime],
        clock: Callable[[], float],
        encoder: EncoderOf,
        width: int = 80,
    ) -> None:
        self._store = store
        self._keys = keys
        self._show = show
        self._by = by
        self._now = now
        self._clock = clock
        self._encoder = encoder
        self._width = width
        self._began = clock()
        self._queue: list[Waiting] = []
        self._place = 0
        self._done: list[Done] = []
        self._skipped = self._undone = 0
        self._note = ""
        self._whole = False

    @property
    def summary(self) -> Summary:
        """What it has come to so far."""
        decided = sum(len(each.remarks) for each in self._done)
        return Summary(decided, self._skipped, self._undone, self._clock() - self._began)

    def run(self) -> Summary:
        """Ask about one remark after the other, until none is left or somebody quits."""
        with self._store.transaction() as tx:
            self._queue = ranked(tx, self._now())
        while self._place < len(self._queue):
            item = self._item()
            if item is None:  # decided by somebody meanwhile, or just now with its like
                self._place += 1
                continue
            self._draw(item)
            try:
                step = self._take(item, self._keys.read())
            except EOFError:
                break
            except CannotRule as refused:
                self._note, step = str(refused), "stay"
            if step == "quit":
                break
            self._place += step == "next"
        return self.summary

    def _take(self, item: Item, key: str) -> Step:
        """What a key does."""
        self._note = ""
        self._whole = key == "m"
        if key in {"q", "\x04"}:
            return "quit"
        if key == "s":
            self._skipped += 1
            return "next"
        if key == "u":
            return self._undo()
        if key in {"?", "m"}:
            self._note = screen.HELP if key == "?" else ""
            return "stay"
        if key == "a":
            return self._alike(item)
        return self._decide(item, key, [item.remark])

    def _alike(self, item: Item) -> Step:
        """Show what is alike, and decide all of it by the next key."""
        found = self._those_alike()
        self._note = screen.alike([words for _, words in found])
        self._draw(item)
        self._note = ""
        return self._decide(item, self._keys.read(), [remark.feedback_id for remark, _ in found])

    def _decide(self, item: Item, key: str, remarks: Sequence[str]) -> Step:
        if key.isdigit():
            chosen = self._several(key)
            issues = [item.links[at - 1].issue_key for at in chosen if 0 < at <= len(item.links)]
            if not issues or len(issues) < len(chosen):
                self._note = "there is no such number"
                return "stay"
            return self._carry_out(item, "accept", remarks, issues)
        if key == "n":
            return self._carry_out(item, "reject", self._suggested(remarks), ())
        if key == "d":
            return self._carry_out(item, "dismiss", remarks, ())
        if key and key not in ENTER:
            self._note = "? shows what the keys do"
        return "stay"

    def _several(self, key: str) -> list[int]:
        """The digit; with another one behind it in time, all until Enter."""
        digits = [key]
        following = self._keys.read(PAUSE_S)
        while following and following not in ENTER:
            if not following.isdigit():
                return [0]
            digits.append(following)
            following = self._keys.read()
        return [int(digit) for digit in dict.fromkeys(digits)]

    def _carry_out(
        self, item: Item, action: Action, remarks: Sequence[str], issues: Sequence[str]
    ) -> Step:
        """Of several only the one on the screen has been looked at.

        Raises:
            CannotRule: its source has changed it since it was shown: other words would be taught.
        """
        unseen = {name for name in remarks if name != item.remark}
        asked = Asked(action=action, remarks=remarks, issues=issues, by=self._by, unseen=unseen)
        with self._store.transaction() as tx:
            plans = plan_all(tx, asked)
            if not all(_is_as_shown(item, plan) for plan in plans):
                raise CannotRule("its source has just changed it: look again")
            results = carry_out_all(tx, plans, self._by, self._now())
        self._done.append(Done(self._place, frozenset(one.remark for one in results)))
        return "next"

    def _undo(self) -> Step:
        """Take the last decision of this sitting back, and show its remark again."""
        if not self._done:
            raise CannotRule("nothing was decided in this sitting")
        last = self._done[-1]
        with self._store.transaction() as tx:
            plans = undoing_last(tx, self._by)
            if {plan.remark.feedback_id for plan in plans} != last.remarks:
                raise CannotRule(f"{self._by} decided something else since: `triage undo --last`")
            carry_out_all(tx, plans, self._by, self._now())
        self._done.pop()
        self._undone += 1
        self._place = last.place
        self._note = "taken back"
        return "stay"

    def _those_alike(self) -> list[tuple[Remark, str]]:
        """The remark that is shown, and those of the queue that are like it and still wait.

        No other audit: what is decided unseen says nothing of whether likeness is right.
        """
        here = self._queue[self._place]
        group = [each for each in self._queue if each is here or _is_like(each, here)][
            :MOST_AT_ONCE
        ]
        with self._store.transaction() as tx:
            known = tx.remarks.get({each.remark.id for each in group})
        return [
            (remark, words.words if words else "(erased)")
            for remark, words in known.values()
            if _waits(remark)
        ]

    def _suggested(self, remarks: Sequence[str]) -> list[str]:
        """Of several those that anything is suggested for; of one that one, come what may."""
        if len(remarks) == 1:
            return list(remarks)
        with self._store.transaction() as tx:
            held = tx.remarks.hold(remarks)
        return [name for name in remarks if held[name][0].outcome == "suggested"]

    def _item(self) -> Item | None:
        """The remark as it is now; None where it waits no more."""
        waiting = self._queue[self._place]
        with self._store.transaction() as tx:
            found = tx.remarks.get({waiting.remark.id}).get(waiting.remark.id)
            if found is None or not _waits(found[0]):
                return None
            fresh = msgspec.structs.replace(waiting, remark=found[0], words=found[1])
            return described(tx, [fresh], self._now(), self._encoder)[0]

    def _draw(self, item: Item) -> None:
        so_far = self.summary
        progress = Progress(
            self._place + 1, len(self._queue), so_far.decided, so_far.skipped, so_far.seconds
        )
        self._show(screen.draw(item, progress, self._note, self._width, whole=self._whole))


def _is_like(each: Waiting, here: Waiting) -> bool:
    return here.alike is not None and each.alike == here.alike and not each.audit


def _is_as_shown(item: Item, plan: Plan) -> bool:
    """Whether the remark on the screen says what it said there; of others nothing was shown."""
    said = (None, None) if plan.words is None else (plan.words.title, plan.words.words)
    return plan.remark.feedback_id != item.remark or said == (item.title, item.words)


def _waits(remark: Remark) -> bool:
    return remark.outcome in {"suggested", "unmatched"} and not remark.withdrawn
