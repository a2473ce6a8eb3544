"""Remarks and their words."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from sinks.store.contract.heard import PAGE
from sinks.store.fake.state import Counters, State
from sinks.store.rows import PERSON, Age, Known, Outcome, Remark, Words, age, remark_key


class FakeRemarks:
    """`sinks.store.contract.Remarks`."""

    def __init__(self, state: State, counters: Counters) -> None:
        self._state = state
        self._ids = counters.remark

    def known(self, keys: Sequence[bytes]) -> dict[bytes, Known]:
        """Of these keys, those that are in the store."""
        remarks = self._state.remarks
        return {
            key: Known(
                id=remarks[key].id,
                version_at=remarks[key].version_at,
                replayed_at=remarks[key].replayed_at,
            )
            for key in keys
            if key in remarks
        }

    def new_ids(self, count: int) -> Sequence[int]:
        """Fresh ids, ascending, never given out before."""
        return [next(self._ids) for _ in range(count)]

    def add(self, rows: Sequence[tuple[Remark, Words]]) -> set[int]:
        """Write new remarks; the ids given to those that are there all the same."""
        there = set()
        for remark, words in rows:
            if _key(remark) in self._state.remarks:
                there.add(remark.id)
            else:
                self._set(remark, words)
        return there

    def revise(self, rows: Sequence[tuple[Remark, Words]]) -> None:
        """Overwrite remarks by their id, where the version in the store is older."""
        for remark, words in rows:
            known = self._by_id().get(remark.id)
            if known is not None and _age(known) < _age(remark):
                account = remark.account_id or known.account_id
                is_erased = remark.id not in self._state.words
                self._set(msgspec.structs.replace(remark, account_id=account), words)
                if is_erased and remark.replayed_at is not None:
                    del self._state.words[remark.id]

    def set_outcome(self, outcomes: Mapping[int, Outcome]) -> None:
        """Remark id -> what linking came to."""
        for key, remark in self._state.remarks.items():
            if remark.id in outcomes:
                new = msgspec.structs.replace(remark, outcome=outcomes[remark.id])
                self._state.remarks[key] = new

    def thread_issues(
        self, threads: Collection[tuple[str, str]], besides: Collection[int] = ()
    ) -> dict[tuple[str, str], set[int]]:
        """(origin, thread) -> the issues that its remarks are linked to."""
        found: dict[tuple[str, str], set[int]] = {}
        for remark in self._state.remarks.values():
            issues = self._issues_of({remark.id}, only_by_person=remark.id in set(besides))
            if remark.thread is not None and (remark.origin, remark.thread) in threads and issues:
                found.setdefault((remark.origin, remark.thread), set()).update(issues)
        return found

    def claim_for_accounts(self, owners: Mapping[str, str], stated: Mapping[str, str]) -> set[int]:
        """Give remarks without an account to one, and say which issues those are linked to."""
        claimed = set()
        for key, remark in self._state.remarks.items():
            account = _account_for(remark, owners, stated)
            if remark.account_id is None and account is not None:
                self._state.remarks[key] = msgspec.structs.replace(remark, account_id=account)
                claimed.add(remark.id)
        return self._issues_of(claimed)

    def homeless(self, limit: int, after: str = "") -> tuple[set[str], set[str]]:
        """Mail domains and stated account ids of remarks without an account, behind `after`."""
        waiting = [each for each in self._by_id().values() if each.account_id is None]
        domains = sorted({each.domain for each in waiting if each.domain and each.domain > after})
        accounts = {each.stated_account for each in waiting if each.stated_account}
        stated = sorted(each for each in accounts if each > after)
        return set(domains[:limit]), set(stated[:limit])

    def find(self, feedback_id: str) -> tuple[Remark, Words | None] | None:
        """One remark by its identity."""
        return self._named(feedback_id)

    def undecided(self, limit: int) -> list[tuple[Remark, Words | None]]:
        """Remarks that wait for a person, oldest first."""
        return [self._with_words(remark) for remark in self._undecided()[:limit]]

    def waiting(self, limit: int) -> list[tuple[Remark, Words | None]]:
        """The same: those with a guess that chance chose first, then the newest."""
        audits = {guess.remark_id for guess in self._state.guesses.values() if guess.audit}
        found = sorted(self._undecided(), key=lambda one: (one.id not in audits, -one.id))
        return [self._with_words(remark) for remark in found[:limit]]

    def said(self, after: int, limit: int = PAGE) -> list[Words]:
        """The words of all remarks that are not withdrawn, in order, from behind `after`."""
        remarks = sorted(self._by_id().items())
        there = [id_ for id_, remark in remarks if id_ > after and not remark.withdrawn]
        words = self._state.words
        return [words[id_] for id_ in there if id_ in words][:limit]

    def get(self, ids: Collection[int]) -> dict[int, tuple[Remark, Words | None]]:
        """Remark id -> the remark, of those that are known."""
        return {
            id_: self._with_words(one) for id_, one in sorted(self._by_id().items()) if id_ in ids
        }

    def hold(self, feedback_ids: Collection[str]) -> dict[str, tuple[Remark, Words | None]]:
        """Identity -> the remark as it is now: transactions come one after the other here."""
        found = {feedback_id: self._named(feedback_id) for feedback_id in feedback_ids}
        return {feedback_id: one for feedback_id, one in found.items() if one is not None}

    def _named(self, feedback_id: str) -> tuple[Remark, Words | None] | None:
        origin, _, record = feedback_id.partition(":")
        remark = self._state.remarks.get(remark_key(origin, record))
        return None if remark is None else self._with_words(remark)

    def _undecided(self) -> list[Remark]:
        return [
            remark
            for _, remark in sorted(self._by_id().items())
            if remark.outcome in {"suggested", "unmatched"} and not remark.withdrawn
        ]

    def _with_words(self, remark: Remark) -> tuple[Remark, Words | None]:
        return remark, self._state.words.get(remark.id)

    def _set(self, remark: Remark, words: Words) -> None:
        self._state.remarks[_key(remark)] = remark
        self._state.words[remark.id] = msgspec.structs.replace(words, remark_id=remark.id)

    def _by_id(self) -> dict[int, Remark]:
        return {remark.id: remark for remark in self._state.remarks.values()}

    def _issues_of(self, remarks: Collection[int], *, only_by_person: bool = False) -> set[int]:
        return {
            link.issue_id
            for link in self._state.links.values()
            if link.remark_id in remarks
            and link.state == "linked"
            and link.issue_id is not None
            and (not only_by_person or self._state.decisions[link.decision_id].rule == PERSON)
        }


def _age(remark: Remark) -> Age:
    return age(remark.version_at, remark.replayed_at)


def _key(remark: Remark) -> bytes:
    return remark_key(remark.origin, remark.record)


def _account_for(
    remark: Remark, owners: Mapping[str, str], stated: Mapping[str, str]
) -> str | None:
    """What a source stated counts, and where it stated nothing the mail domain."""
    if remark.stated_account is not None:
        return stated.get(remark.stated_account)
    return owners.get(remark.domain) if remark.domain is not None else None
