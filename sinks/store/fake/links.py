"""Decisions, append only, and where each remark and issue stand because of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import msgspec

from sinks.store.contract.heard import PAGE
from sinks.store.fake.state import Counters, State
from sinks.store.rows import PERSON, Decision, Demand, Link, Linked, LinkState, Remark


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

    def drop(self, links: Collection[tuple[int, str]]) -> None:
        """Forget links, by remark and issue key; the decisions stay."""
        for link in links:
            self._state.links.pop(link, None)

    def of_remark(self, remark_id: int) -> list[tuple[Link, Decision]]:
        """Every link of a remark with the decision behind it, best score first."""
        found = [
            (link, self._state.decisions[link.decision_id])
            for link in self._state.links.values()
            if link.remark_id == remark_id
        ]
        return sorted(found, key=lambda pair: (-pair[1].score, pair[0].issue_key))

    def of_remarks(self, remark_ids: Collection[int]) -> dict[int, list[tuple[Link, Decision]]]:
        """The same of each of them; of one without links nothing."""
        return {remark_id: self.of_remark(remark_id) for remark_id in remark_ids}

    def held(self, after: int, limit: int = PAGE) -> dict[int, list[tuple[Link, Decision]]]:
        """Remarks that a person holds as linked to a known issue -> all their links."""
        theirs = {
            link.remark_id
            for link in self._state.links.values()
            if link.state == "linked" and link.issue_id is not None and self._by_person(link)
        }
        page = sorted(remark_id for remark_id in theirs if remark_id > after)[:limit]
        return self.of_remarks(page)

    def ruled(self, remark_id: int) -> list[Decision]:
        """The last decision of a person on each issue of a remark, in order."""
        theirs = [one for one in self._by_people() if one.remark_id == remark_id]
        return sorted({one.issue_key: one for one in theirs}.values(), key=lambda one: one.id)

    def last_by(self, by: str) -> list[Decision]:
        """What a person decided last, in one go, and nobody decided anew since; in order."""
        last = {(one.remark_id, one.issue_key): one for one in self._by_people()}
        stands = [one for one in last.values() if one.by == by and one.verdict != "undo"]
        at = max((one.at for one in stands), default=None)
        return sorted((one for one in stands if one.at == at), key=lambda one: one.id)

    def accepted(self, issue_ids: Collection[int], most: int) -> dict[int, list[Linked]]:
        """Issue id -> remarks that people linked to it, the last linked first, at most `most`."""
        found = {}
        for issue_id in sorted(issue_ids):
            theirs = [
                link.decision_id
                for link in self._state.links.values()
                if link.issue_id == issue_id and link.state == "linked" and self._by_person(link)
            ]
            linked = [self._accepted(decision_id) for decision_id in sorted(theirs, reverse=True)]
            if kept := [one for one in linked if one is not None][:most]:
                found[issue_id] = kept
        return found

    def _accepted(self, decision_id: int) -> Linked | None:
        decision = self._state.decisions[decision_id]
        remark = {one.id: one for one in self._state.remarks.values()}.get(decision.remark_id)
        words = self._state.words.get(decision.remark_id)
        if decision.unseen or remark is None or remark.withdrawn or words is None:
            return None
        return Linked(remark=remark, words=words, linked_at=decision.at)

    def _by_people(self) -> list[Decision]:
        return [one for _, one in sorted(self._state.decisions.items()) if one.rule == PERSON]

    def of_issue(
        self,
        issue_id: int,
        state: LinkState = "linked",
        *,
        account_id: str | None = None,
        after: tuple[datetime, int] | None = None,
        limit: int = PAGE,
    ) -> list[Linked]:
        """Remarks that stand so with this issue, not withdrawn, with words, oldest said first."""
        page = [
            each
            for each in self._standing(issue_id, state)
            if account_id in {None, each.remark.account_id}
            and (after is None or _said(each) > after)
        ]
        return page[:limit]

    def standing(self, issue_id: int, remarks: Collection[int], limit: int = PAGE) -> list[Linked]:
        """Of these remarks those that `of_issue` has, oldest said first, at most `limit`."""
        return [one for one in self._standing(issue_id) if one.remark.id in set(remarks)][:limit]

    def voices(self, issue_id: int, *, since: datetime | None, most: int) -> list[Linked]:
        """Who stands behind an issue: of each voice the `most` remarks said first."""
        heard: Counter[tuple[object, ...]] = Counter()
        found = []
        for each in self._standing(issue_id):
            voice = (*_voice(each.remark), since is not None and each.linked_at > since)
            heard[voice] += 1
            if heard[voice] <= most:
                found.append(msgspec.structs.replace(each, words=None))
        return found

    def demand(self, issue_id: int) -> Demand:
        """How many remarks and accounts an issue has."""
        found = self._standing(issue_id)
        accounts = {one.remark.account_id for one in found if one.remark.account_id is not None}
        return Demand(remarks=len(found), accounts=frozenset(accounts))

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

    def _standing(self, issue_id: int, state: LinkState = "linked") -> list[Linked]:
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
        return sorted((each for each in found if not each.remark.withdrawn), key=_said)

    def _by_person(self, link: Link) -> bool:
        decision = self._state.decisions.get(link.decision_id)
        return decision is not None and decision.rule == PERSON


def _said(each: Linked) -> tuple[datetime, int]:
    return each.remark.said_at, each.remark.id


def _voice(remark: Remark) -> tuple[object, ...]:
    return (
        remark.account_id,
        remark.stated_account,
        remark.domain,
        remark.opportunity_id,
        remark.reporter_id,
        remark.reporter_email,
    )
