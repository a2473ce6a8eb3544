"""Decisions, append only, and where each remark and issue stand because of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from sinks.store.fake.state import Counters, State
from sinks.store.rows import Decision, Link, Linked, LinkState


class FakeLinks:
    """`sinks.store.contract.Links`."""

    def __init__(self, state: State, counters: Counters) -> None:
        self._state = state
        self._ids = counters.decision

    def new_ids(self, count: int) -> Sequence[int]:
        """Fresh decision ids, ascending, never given out before."""
        return [next(self._ids) for _ in range(count)]

    def add(self, decisions: Sequence[Decision], links: Sequence[Link]) -> None:
        """Write decisions and set the links, but not over a person's unless by a person."""
        self._state.decisions.update({decision.id: decision for decision in decisions})
        for link in links:
            known = self._state.links.get((link.remark_id, link.issue_key))
            if known is None or self._by_person(link) or not self._by_person(known):
                self._state.links[link.remark_id, link.issue_key] = link

    def of_remark(self, remark_id: int) -> list[tuple[Link, Decision]]:
        """Every link of a remark with the decision behind it, best score first."""
        found = [
            (link, self._state.decisions[link.decision_id])
            for link in self._state.links.values()
            if link.remark_id == remark_id
        ]
        return sorted(found, key=lambda pair: (-pair[1].score, pair[0].issue_key))

    def of_issue(self, issue_id: int, state: LinkState = "linked") -> list[Linked]:
        """Every remark that stands so with this issue, not withdrawn, oldest said first."""
        remarks = {remark.id: remark for remark in self._state.remarks.values()}
        found = [
            Linked(
                remark=remarks[link.remark_id],
                words=self._state.words.get(link.remark_id),
                linked_at=self._state.decisions[link.decision_id].at,
            )
            for link in self._state.links.values()
            if link.issue_id == issue_id and link.state == state and link.remark_id in remarks
        ]
        standing = [each for each in found if not each.remark.withdrawn]
        return sorted(standing, key=lambda each: (each.remark.said_at, each.remark.id))

    def adopt(self, keys: Mapping[str, int]) -> set[int]:
        """Issue key -> id, now known: links by key alone get the id. The ids that gained links."""
        orphans = [
            link
            for link in self._state.links.values()
            if link.issue_id is None and link.issue_key in keys
        ]
        for link in orphans:
            adopted = msgspec.structs.replace(link, issue_id=keys[link.issue_key])
            self._state.links[link.remark_id, link.issue_key] = adopted
        return {keys[link.issue_key] for link in orphans}

    def unknown_keys(self, limit: int, after: str = "") -> list[str]:
        """Keys that remarks name and no issue is known for, in order, from behind `after`."""
        orphans = {link.issue_key for link in self._state.links.values() if link.issue_id is None}
        return sorted(key for key in orphans if key > after)[:limit]

    def _by_person(self, link: Link) -> bool:
        decision = self._state.decisions.get(link.decision_id)
        return decision is not None and decision.rule == "person"
