"""The contract of the store: transactions, each a set of shelves, one shelf a subject.

`sinks.store.postgres` is the real one, `sinks.store.fake` the one in memory; both pass
``tests/contract/test_store_contract.py``. Every call blocks: callers run it in a thread. Every call
may raise `Temporary` (connection lost, deadlock, shutdown), after which the transaction is over.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from schemas.events import Account, AnyEvent, Opportunity, Rep, Version
from sinks.contracts import Sighting
from sinks.store.rows import (
    CrmKind,
    CrmVersion,
    Decision,
    EpicRow,
    Known,
    Link,
    Linked,
    LinkState,
    LoopRow,
    Message,
    Move,
    OutboxRow,
    Outcome,
    Remark,
    Report,
    Ship,
    Stated,
    Tell,
    Words,
)


class Offsets(Protocol):
    """Where each consumer group reads on; moved in the transaction that wrote the batch."""

    def next(self, group: str, topic: str) -> dict[int, int]:
        """Partition -> offset to read next; a partition that was never read is absent."""

    def move(self, group: str, moves: Sequence[Move]) -> None:
        """Move all or none.

        Raises:
            Fenced: one is not where it was expected: another worker owns that partition.
        """


class Remarks(Protocol):
    """Remarks and their words."""

    def known(self, keys: Sequence[bytes]) -> dict[bytes, Known]:
        """Of these keys (`remark_key`), those that are in the store."""

    def new_ids(self, count: int) -> Sequence[int]:
        """Fresh ids, ascending, never given out before."""

    def add(self, rows: Sequence[tuple[Remark, Words]]) -> dict[int, int]:
        """Write remarks; one that is there all the same is overwritten if its version is older.

        Such a one keeps the id that it has: what is returned says which, by the id it was given.
        """

    def revise(self, rows: Sequence[tuple[Remark, Words]]) -> None:
        """Overwrite remarks by their id, where the version in the store is older."""

    def set_outcome(self, outcomes: Mapping[int, Outcome]) -> None:
        """Remark id -> what linking came to."""

    def thread_issues(
        self, threads: Collection[tuple[str, str]]
    ) -> dict[tuple[str, str], set[int]]:
        """(origin, thread) -> the issues that its remarks are linked to."""

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

    def undecided(self, limit: int) -> list[tuple[Remark, Words | None]]:
        """Remarks that wait for a person, oldest first."""


class Links(Protocol):
    """Decisions, append only, and where each remark and issue stand because of them."""

    def new_ids(self, count: int) -> Sequence[int]:
        """Fresh decision ids, ascending, never given out before."""

    def add(self, decisions: Sequence[Decision], links: Sequence[Link]) -> None:
        """Write decisions and set the links.

        A link that a person decided stays as the person said, unless a person decided this too.
        """

    def of_remark(self, remark_id: int) -> list[tuple[Link, Decision]]:
        """Every link of a remark with the decision behind it, best score first."""

    def of_issue(self, issue_id: int, state: LinkState = "linked") -> list[Linked]:
        """Every remark that stands so with this issue, not withdrawn, oldest said first."""

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

    def ids_of_keys(self, keys: Collection[str]) -> dict[str, int]:
        """Issue key, present or former -> id; a key that went to another issue is that one's."""

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


class Ships(Protocol):
    """What shipped, generation by generation."""

    def latest(self, ids: Collection[int]) -> dict[int, Ship]:
        """Issue id -> its latest generation; locks them until the transaction ends."""

    def open(self, ship: Ship) -> None:
        """Write a new generation, whose audience is worked out when it settles."""

    def withdraw(self, issue_id: int, generation: int, at: datetime, why: str) -> None:
        """Take a generation back; its audience is worked out again now, for corrections."""

    def widen(self, issue_id: int, generation: int, accounts: Collection[str] | None) -> None:
        """These accounts can use it, None: everyone; its audience is worked out again."""

    def wake(self, ids: Collection[int], at: datetime) -> None:
        """Work the latest generation's audience out again, at `at` but not before it settles.

        Unless it is withdrawn. Where it is due earlier it stays so. Best called last: holds them.
        """

    def due(self, now: datetime, limit: int) -> list[Ship]:
        """Take ships whose audience is due; locked until the transaction ends, then settled.

        One that was withdrawn before it settled never settles.
        """

    def all(self, limit: int) -> list[Ship]:
        """The newest, latest first."""


class Tells(Protocol):
    """Who is told of what, and who is not, and why."""

    def of_ship(self, issue_id: int, generation: int) -> list[Tell]:
        """Everyone considered so far."""

    def put(self, tells: Sequence[Tell]) -> list[Tell]:
        """Write verdicts; of those that say tell, the ones that are new.

        A tell is never overwritten; a skip is, by whatever is decided later. A second tell of the
        same at the same mail address, for a person known under two ids, is written as a skip.
        """

    def of_message(self, message_id: str) -> list[Tell]:
        """What a mail carries."""

    def find(self, tell_id: str) -> Tell | None:
        """One by its notification id."""

    def all(self, limit: int) -> list[Tell]:
        """The newest, latest first."""


class Messages(Protocol):
    """Mails: claimed before they are sent, settled by what the provider says."""

    def join(self, person_id: str, email: str, name: str, due_at: datetime, now: datetime) -> str:
        """The id of the person's open mail; made where there is none.

        It is due at `due_at`, or earlier where it was due earlier already.
        """

    def claim(self, now: datetime, resend_after_s: float, limit: int) -> list[Message]:
        """Take mails that are due: state ``sending``, due again after `resend_after_s`.

        A mail that is due while ``sending`` is one of which nobody can tell whether it went out.
        """

    def sent(self, message_id: str, provider_id: str, at: datetime) -> None:
        """The provider took it. One that was settled meanwhile stays settled."""

    def postpone(self, message_id: str, due_at: datetime, why: str) -> None:
        """Not taken: due again then. One that was settled meanwhile stays settled.

        It stays ``sending``: a time-out may hide that it went out, so nothing more may join it.
        """

    def fail(self, message_id: str, at: datetime, why: str) -> None:
        """It will never be taken. One that was taken or settled meanwhile stays so."""

    def settle(self, reports: Sequence[Report]) -> list[Message]:
        """Take the provider's reports, each once, in any order; the mails whose state changed."""

    def find(self, message_id: str) -> Message | None:
        """One by its id."""


class Loops(Protocol):
    """How far each loop has closed."""

    def get(self, pairs: Collection[tuple[str, int]]) -> dict[tuple[str, int], LoopRow]:
        """(account id, issue id) -> where it stands; locks them until the transaction ends."""

    def put(self, rows: Sequence[LoopRow]) -> None:
        """Write where they stand now."""

    def use_reply(self, token_id: str, at: datetime) -> bool:
        """Whether this is the first use of a mail's link."""

    def reply_used(self, token_id: str) -> bool:
        """Whether the link has been used, for the page that shows it."""

    def all(self, limit: int) -> list[LoopRow]:
        """The last changed, latest first."""


class Outbox(Protocol):
    """Events that must not be lost or invented, relayed after the commit."""

    def add(self, events: Sequence[tuple[str, str, AnyEvent]]) -> None:
        """(topic, key, event), to be relayed in this order."""

    def take(self, limit: int) -> list[OutboxRow]:
        """The oldest; one taker at a time, the others get none until this transaction ends."""

    def drop(self, ids: Sequence[int]) -> None:
        """Forget what the broker has acknowledged."""


class Transaction(Protocol):
    """All of it becomes true at once when the ``with`` ends well, or none of it."""

    offsets: Offsets
    remarks: Remarks
    links: Links
    crm: Crm
    epics: Epics
    ships: Ships
    tells: Tells
    messages: Messages
    loops: Loops
    outbox: Outbox

    def savepoint(self) -> AbstractContextManager[None]:
        """What is done inside is undone, alone, when the ``with`` ends by an exception."""


class Store(Protocol):
    """The long memory."""

    def open(self) -> None:
        """Connect. Raises `SinkUnreachable`, or `SinkRefused` where the schema is not ours."""

    def close(self) -> None:
        """Let go of every connection; safe to repeat."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """A transaction; commits when the ``with`` ends without an exception."""
