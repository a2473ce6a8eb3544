"""The shelves of what was heard: remarks, links, the history of customers, issues."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from schemas.events import Account, Opportunity, Rep, Version
from sinks.contracts import Sighting
from sinks.store.rows import (
    CrmKind,
    CrmVersion,
    Decision,
    Demand,
    EpicRow,
    Known,
    Link,
    Linked,
    LinkState,
    Outcome,
    Remark,
    Stated,
    Words,
)

PAGE = 1_000
"""Remarks that one question yields at most, unless more are asked for."""


class Remarks(Protocol):
    """Remarks and their words."""

    def known(self, keys: Sequence[bytes]) -> dict[bytes, Known]:
        """Of these keys (`remark_key`), those that are in the store."""

    def new_ids(self, count: int) -> Sequence[int]:
        """Fresh ids, ascending, never given out before."""

    def add(self, rows: Sequence[tuple[Remark, Words]]) -> set[int]:
        """Write new remarks; the ids given to those that are there all the same.

        Such a one stays as somebody else has just written it, under its own id. Who is writing one
        is waited for.
        """

    def revise(self, rows: Sequence[tuple[Remark, Words]]) -> None:
        """Overwrite remarks by their id, where the version in the store is older.

        A version that was replayed brings back no words that were erased.
        """

    def set_outcome(self, outcomes: Mapping[int, Outcome]) -> None:
        """Remark id -> what linking came to."""

    def thread_issues(
        self, threads: Collection[tuple[str, str]], besides: Collection[int] = ()
    ) -> dict[tuple[str, str], set[int]]:
        """(origin, thread) -> the issues that its remarks are linked to.

        Of the remarks `besides` only what a person linked counts.
        """

    def claim_for_accounts(self, owners: Mapping[str, str], stated: Mapping[str, str]) -> set[int]:
        """Give remarks without an account to one, and say which issues those are linked to.

        Args:
            owners: mail domain -> account id.
            stated: account id that a source stated -> the account that it names by now.
        """

    def homeless(self, limit: int, after: str = "") -> tuple[set[str], set[str]]:
        """Mail domains and stated account ids of remarks without an account, from behind `after`.

        Of each at most `limit`, the first in order.
        """

    def find(self, feedback_id: str) -> tuple[Remark, Words | None] | None:
        """One remark by its identity."""

    def get(self, ids: Collection[int]) -> dict[int, tuple[Remark, Words | None]]:
        """Remark id -> the remark, of those that are known."""

    def hold(self, feedback_ids: Collection[str]) -> dict[str, tuple[Remark, Words | None]]:
        """Identity -> the remark as it is now, of those that are known.

        Until the transaction ends nobody else who holds one of them gets it.
        """

    def undecided(self, limit: int) -> list[tuple[Remark, Words | None]]:
        """Remarks that wait for a person, oldest first; a dismissed one does not wait."""

    def waiting(self, limit: int) -> list[tuple[Remark, Words | None]]:
        """The same, those with a guess that chance chose first, then the newest."""

    def said(self, after: int, limit: int = PAGE) -> list[Words]:
        """The words of all remarks, in order of their ids, from behind `after`, at most `limit`.

        Those of withdrawn remarks are left out, and what was erased is not there.
        """


class Links(Protocol):
    """Decisions, append only, and where each remark and issue stand because of them."""

    def new_ids(self, count: int) -> Sequence[int]:
        """Fresh decision ids, ascending, never given out before."""

    def add(self, decisions: Sequence[Decision], links: Sequence[Link]) -> None:
        """Write decisions and set the links.

        A link that a person decided stays as the person said, unless a person decided this too.
        """

    def drop(self, links: Collection[tuple[int, str]]) -> None:
        """Forget links, by remark and issue key; the decisions stay."""

    def of_remark(self, remark_id: int) -> list[tuple[Link, Decision]]:
        """Every link of a remark with the decision behind it, best score first."""

    def of_remarks(self, remark_ids: Collection[int]) -> dict[int, list[tuple[Link, Decision]]]:
        """The same of each of them; of one without links nothing."""

    def ruled(self, remark_id: int) -> list[Decision]:
        """The last decision of a person on each issue of a remark, in order.

        Also the last one on the remark as a whole, whose issue key is empty.
        """

    def last_by(self, by: str) -> list[Decision]:
        """What a person decided last, in one go, and nobody decided anew since; in order.

        What was only taken back does not count as decided.
        """

    def accepted(self, issue_ids: Collection[int], most: int) -> dict[int, list[Linked]]:
        """Issue id -> remarks that people linked to it, the last linked first, at most `most`.

        Only those that somebody looked at, with words, and not withdrawn; an issue without any is
        absent.
        """

    def held(self, after: int, limit: int = PAGE) -> dict[int, list[tuple[Link, Decision]]]:
        """Remarks that a person holds as linked to a known issue -> all links, as `of_remark`.

        In order of their ids, from behind `after`, at most `limit` remarks.
        """

    def of_issue(
        self,
        issue_id: int,
        state: LinkState = "linked",
        *,
        account_id: str | None = None,
        after: tuple[datetime, int] | None = None,
        limit: int = PAGE,
    ) -> list[Linked]:
        """Remarks that stand so with this issue, not withdrawn, with words, oldest said first.

        At most `limit`, of this account alone where one is named, and those behind `after`: (said
        at, id) of the last one of the page before.
        """

    def standing(self, issue_id: int, remarks: Collection[int], limit: int = PAGE) -> list[Linked]:
        """Of these remarks those that `of_issue` has, oldest said first, at most `limit`."""

    def voices(self, issue_id: int, *, since: datetime | None, most: int) -> list[Linked]:
        """Who stands behind an issue: of each voice the `most` remarks said first, without words.

        A voice is all that somebody is told by: account, stated account, domain, opportunity and
        reporter, and whether the remark was linked after `since`. Oldest said first.
        """

    def demand(self, issue_id: int) -> Demand:
        """How many remarks and accounts an issue has, counted by the store."""

    def adopt(self, keys: Mapping[str, int]) -> set[int]:
        """Issue key -> id, now known: links by key alone get the id. The ids that gained links."""

    def unknown_keys(self, limit: int, after: str = "") -> list[str]:
        """Keys that remarks name and no issue is known for, in order, from behind `after`."""


class Crm(Protocol):
    """Valid-time history of accounts, opportunities and reps."""

    def stated(self, kind: CrmKind, ids: Collection[str]) -> dict[str, list[Stated]]:
        """All that was ever stated of these, oldest first; locked until the transaction ends."""

    def rewrite(self, kind: CrmKind, versions: Mapping[str, Sequence[CrmVersion]]) -> None:
        """The whole history of each, oldest first, in place of the one before."""

    def accounts(self, ids: Collection[str], at: datetime) -> dict[str, Account]:
        """As of then, deleted ones too; merges are not followed."""

    def opportunities(self, ids: Collection[str], at: datetime) -> dict[str, Opportunity]:
        """As of then, deleted ones too."""

    def opportunities_of(
        self, accounts: Collection[str], at: datetime
    ) -> dict[str, list[Opportunity]]:
        """Account id -> its opportunities as of then, deleted ones left out, by id.

        An account without any is absent.
        """

    def reps(self, ids: Collection[str], at: datetime) -> dict[str, Rep]:
        """As of then, deleted ones too."""

    def reps_by_email(self, emails: Collection[str], at: datetime) -> dict[str, Rep]:
        """Lower-case mail address -> the rep who has it as of then.

        Of several rather one who is still here; one who is deleted only where there is no other.
        """

    def accounts_by_domain(self, domains: Collection[str]) -> dict[str, str]:
        """Lower-case mail domain -> the account that has it now.

        Merges are followed, deleted accounts are left out; of several the first by id has it.
        """

    def existing(self, ids: Collection[str]) -> dict[str, str]:
        """Account id -> the id it goes by now (merges followed), of those that exist.

        A merge into an account that is not known yet does not count yet.
        """


class Epics(Protocol):
    """Issues and versions of the tracker."""

    def put(self, sightings: Sequence[Sighting]) -> set[int]:
        """Keep each unless a newer one is known; the ids that changed.

        What an issue says of its versions is kept like `put_versions`, so the issues fixed in a
        version that changed by it are among them. A later sighting that says the same changes none.
        """

    def put_versions(self, versions: Sequence[tuple[Version, datetime]]) -> set[int]:
        """Keep each unless a newer is known; the ids of the issues fixed in those that changed."""

    def get(self, ids: Collection[int]) -> dict[int, EpicRow]:
        """Issues by id, with the versions that they name; deleted versions are left out."""

    def naming(self, versions: Collection[int]) -> set[int]:
        """The ids of the issues that name one of these versions."""

    def ids_of_keys(self, keys: Collection[str]) -> dict[str, int]:
        """Issue key, present or former -> id; a key that went to another issue is that one's."""

    def deleted(self, ids: Collection[int]) -> set[int]:
        """Of these issues those that the tracker deleted."""

    def projects(self) -> set[str]:
        """The project keys of every issue known, present or former."""

    def since(self, mark: int) -> tuple[list[EpicRow], int]:
        """Issues written after `mark` (0: all), and the mark to ask with next time.

        Asking on with each mark misses no write, whichever transaction ends first.
        """

    def owe_evidence(self, ids: Collection[int], at: datetime) -> None:
        """The tracker is to be shown these issues' demand at `at`, unless it is owed earlier.

        Nothing is owed for an issue that is not known. Best called last: holds the issues.
        """

    def evidence_due(self, now: datetime, limit: int) -> list[int]:
        """Take issues whose demand is to be shown; owed no more when the transaction commits."""
