"""What a mail is made of, looked up and ready to be put into words."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from schemas.events import Account, Opportunity
from sinks.store.rows import Answer, EpicRow, Linked, Ship, Tell


class Links(msgspec.Struct, frozen=True, kw_only=True):
    """The links of one tell: two for the rep, two for the customer."""

    acknowledged: str
    customer_told: str
    solved: str
    not_solved: str


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A customer as of one instant; what was not known then is None or empty."""

    account: Account | None = None
    deal: Opportunity | None = None
    owner: str = ""


class TellView(msgspec.Struct, frozen=True, kw_only=True):
    """One tell with all that its reader needs.

    Attributes:
        epic: None where the issue is not known (any more).
        remarks: those that the tell answers, oldest said first; words None where erased.
        account_name: empty for a customer that the CRM does not know.
        customer_knows: the customer has been told already; it matters to a correction.
        answers: what was written beside the customer's answers so far, oldest first.
        said, shipped, present: as of the first remark, of the ship, and now.
    """

    tell: Tell
    ship: Ship
    links: Links
    epic: EpicRow | None = None
    remarks: Sequence[Linked] = ()
    account_name: str = ""
    customer_knows: bool = False
    answers: Sequence[Answer] = ()
    said: Snapshot = Snapshot()
    shipped: Snapshot = Snapshot()
    present: Snapshot = Snapshot()
