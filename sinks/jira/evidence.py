"""What an issue's readers see of the demand for it: one remote link and one issue property; pure.

Counts and bands only, never a customer's name or an amount: everybody in Jira reads it.
"""

from __future__ import annotations

from datetime import UTC
from typing import Any

import msgspec

from sinks.contracts import Evidence

GLOBAL_ID = "closeloop:evidence"
"""Names the one link of ours within an issue; Jira allows 255 characters."""
PROPERTY = "closeloop"
"""Key of the issue property."""
_LONGEST = 254


class RemoteLink(msgspec.Struct, frozen=True):
    """A remote link whole: Jira clears what is left out of it."""

    destination: dict[str, Any]
    application: dict[str, str]
    relationship: str


def remote_link_of(evidence: Evidence) -> RemoteLink:
    """The link that people see on the issue."""
    remarks = _counted(evidence.remarks, "remark")
    accounts = _counted(evidence.accounts, "account")
    day = evidence.as_of.astimezone(UTC).date().isoformat()
    worth = f"{evidence.revenue_band}, " if evidence.revenue_band else ""
    return RemoteLink(
        destination={
            "url": evidence.url,
            "title": f"{remarks} from {accounts}"[:_LONGEST],
            "summary": f"{worth}as of {day}"[:_LONGEST],
            "status": {"resolved": False},
        },
        application={"type": "closeloop", "name": "Closeloop"},
        relationship="asked for by customers",
    )


def property_of(evidence: Evidence) -> dict[str, Any]:
    """The same for machines: automation rules and JQL of apps."""
    return {
        "remarks": evidence.remarks,
        "accounts": evidence.accounts,
        "revenueBand": evidence.revenue_band,
        "url": evidence.url,
        "asOf": evidence.as_of.astimezone(UTC).isoformat(),
    }


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
