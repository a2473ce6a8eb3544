"""Rows to decide and to render with: one of each, changed by what a test is about."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from schemas.events import Account, Epic, Opportunity, Rep, Version
from sinks.store.rows import EpicRow, Linked, Message, Remark, Ship, Tell, Words

SAID = datetime(2026, 1, 10, 9, tzinfo=UTC)
SHIPPED = datetime(2026, 3, 3, 9, tzinfo=UTC)
SETTLED = SHIPPED + timedelta(minutes=15)
NOW = SHIPPED + timedelta(minutes=20)
ISSUE = 10001


def ship(**changes: Any) -> Ship:
    """A ship that has settled."""
    said: dict[str, Any] = {
        "issue_id": ISSUE,
        "generation": 1,
        "signal": "jira",
        "what": "Sign in with Okta.",
        "docs_url": "https://docs.example/sso",
        "accounts": None,
        "shipped_at": SHIPPED,
        "settles_at": SETTLED,
        "settled_at": SETTLED,
    }
    return Ship(**said | changes)


def remark(id_: int, **changes: Any) -> Remark:
    """A remark of Acme that nobody in particular passed on."""
    said: dict[str, Any] = {
        "id": id_,
        "origin": "zendesk",
        "record": str(id_),
        "version_at": SAID,
        "said_at": SAID,
        "outcome": "linked",
        "account_id": "acme",
        "domain": "acme.example",
    }
    return Remark(**said | changes)


def linked(id_: int = 1, linked_at: datetime = SAID, **changes: Any) -> Linked:
    """The same, linked; `words` and `who` are the customer's."""
    words = changes.pop("words", "We need single sign-on.")
    who = changes.pop("who", "Dana Fox")
    spoken = Words(
        remark_id=id_, words=words or "", customer_name=who, customer_email="dana@acme.example"
    )
    return Linked(
        remark=remark(id_, **changes),
        words=None if words is None else spoken,
        linked_at=linked_at,
    )


def rep(id_: str, **changes: Any) -> Rep:
    """Somebody of ours."""
    said: dict[str, Any] = {"id": id_, "name": id_.title(), "email": f"{id_}@us.example"}
    return Rep(**said | changes)


def account(id_: str = "acme", **changes: Any) -> Account:
    """A customer that Nils owns."""
    said: dict[str, Any] = {"id": id_, "name": id_.title(), "owner_id": "nils"}
    return Account(**said | changes)


def deal(id_: str, **changes: Any) -> Opportunity:
    """An open deal of Acme."""
    said: dict[str, Any] = {"id": id_, "account_id": "acme", "name": f"Deal {id_}", "is_open": True}
    return Opportunity(**said | changes)


def epic(**changes: Any) -> EpicRow:
    """The issue that has shipped."""
    said: dict[str, Any] = {"id": str(ISSUE), "key": "PROD-42", "summary": "Single sign-on"}
    version = Version(
        id="1", project_id="1", name="2026.3", released=True, released_on=date(2026, 3, 3)
    )
    return EpicRow(
        issue_id=ISSUE, updated_at=SHIPPED, epic=Epic(**said | changes), versions=(version,)
    )


def message(id_: str = "m1", state: Any = "sent", **changes: Any) -> Message:
    """Rita's mail."""
    said: dict[str, Any] = {
        "id": id_,
        "person_id": "rita",
        "email": "rita@us.example",
        "name": "Rita",
        "state": state,
        "due_at": NOW,
        "created_at": NOW,
    }
    return Message(**said | changes)


def tell(id_: str = "t1", **changes: Any) -> Tell:
    """Rita is to be told of the ship for Acme."""
    said: dict[str, Any] = {
        "id": id_,
        "person_id": "rita",
        "person_name": "Rita",
        "email": "rita@us.example",
        "account_id": "acme",
        "issue_id": ISSUE,
        "generation": 1,
        "kind": "shipped",
        "role": "you passed it on",
        "verdict": "tell",
        "reason": "",
        "decided_at": NOW,
        "remark_ids": (1,),
        "message_id": "m1",
    }
    return Tell(**said | changes)
