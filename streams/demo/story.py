"""The story, step by step: who does what, over which interface, and what Closeloop makes of it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec

from schemas.codec import STRUCTURED_HEADERS, encode
from schemas.errors import CloseloopError
from schemas.events import AnyEvent
from schemas.topics import CRM_CHANGED, FEEDBACK_RECEIVED
from sinks.contracts import Outgoing
from sinks.kafka.writing import sender
from sinks.store.postgres.store import PostgresStore
from sinks.store.rows import Tell
from streams.demo import cast
from streams.demo.senders import Senders
from streams.link.triage import accept
from streams.system import System
from streams.verify.tokens import Token, check

PATIENCE_S = 60.0
LOOK_EVERY_S = 0.05
REMARKS = ("typeform:demo0001", "zendesk:4711", "upstream:note-17")
_LINK = re.compile(r"https?://\S+/r/(?P<token>[\w.~-]+)")
FoundT = TypeVar("FoundT")
Say = Callable[[str], None]


class StoryStuck(CloseloopError):
    """Something that should have followed did not; the logs under the demo's folder say why."""


class Mailed(msgspec.Struct, frozen=True):
    """A mail of the stand-in: whose it is and where it can be opened."""

    to: str
    text: str
    html_path: str


class Story:
    """Plays on a running system.

    Args:
        say: gets one sentence for each thing that happens.
    """

    def __init__(self, system: System, store: PostgresStore, say: Say) -> None:
        self._system = system
        self._store = store
        self._say = say
        self._senders = Senders(system.settings, system.gateway_url)
        self._http = httpx.Client(timeout=30)
        self.export = ""

    def play(self) -> None:
        """All of it, in order."""
        self.customers()
        self.epics()
        self.remarks()
        self.triage()
        self.new_owner()
        self.release()
        self.mails()
        self.answers()

    def customers(self) -> None:
        """The CRM's connector publishes people, accounts and deals."""
        before = _now() - timedelta(days=30)
        self._publish(CRM_CHANGED.name, cast.crm_changes(before))
        ids = {account.id for account in cast.ACCOUNTS}
        self._until("the accounts", lambda tx: len(tx.crm.existing(ids)) == len(ids))
        self._say("The CRM's connector published 3 reps, 3 accounts and a deal on crm.changed.")

    def epics(self) -> None:
        """Product plans three epics in Jira; Jira's webhooks tell us."""
        version = self._jira("versions", {"project": "APP", "name": "2.4"})["id"]
        plans = (cast.EXPORT, cast.LOGIN, cast.DARK)
        keys = [self._jira("issues", {**plan, "fix_versions": [version]})["key"] for plan in plans]
        self.export, self._version = keys[0], version
        self._until("the epics", lambda tx: len(tx.epics.ids_of_keys(keys)) == len(keys))
        self._say(f"Product planned {', '.join(keys)} in Jira; its signed webhooks arrived.")

    def remarks(self) -> None:
        """Three customers say what they need, on three ways."""
        now = _now()
        self._senders.typeform(cast.typeform_answer(now - timedelta(minutes=50)))
        self._say("Pat (Acme Freight) answered a form; Typeform sent it, signed.")
        self._senders.zendesk(cast.zendesk_comment(now - timedelta(minutes=40), self.export), now)
        self._say(f"Ada (Globex Foods) wrote in a ticket that support tied to {self.export}.")
        remark = cast.upstream_remark(now - timedelta(minutes=30), self.export)
        self._publish(FEEDBACK_RECEIVED.name, [remark])
        self._say("Lee's note of Ivo (Initech Labs) was put straight on Kafka by the portal.")
        self._until("the remarks", lambda tx: all(tx.remarks.find(one) for one in REMARKS))

    def triage(self) -> None:
        """Pat named no issue: a person decides what likeness suggests."""
        with self._store.transaction() as tx:
            found = tx.remarks.find(REMARKS[0])
            alike = tx.links.of_remark(found[0].id) if found else []
            if not alike:
                raise StoryStuck("nothing was suggested for Pat's remark")
            link, decision = alike[0]
            accept(tx, REMARKS[0], [link.issue_key], by="paula@closeloop.example", now=_now())
        self._say(
            f"Pat's words name no issue; {link.issue_key} was suggested ({decision.score:.2f}), "
            "and Paula, the product manager, accepted it."
        )

    def new_owner(self) -> None:
        """The deal gets another owner."""
        now = _now()
        self._senders.hubspot(cast.hubspot_owner_change(now, "r-lee"), now)
        self._until(
            "the deal's new owner",
            lambda tx: tx.crm.opportunities({cast.DEAL}, _now())[cast.DEAL].owner_id == "r-lee",
        )
        self._say("HubSpot said, signed: Acme's deal is Lee's now, no longer Dana's.")

    def release(self) -> None:
        """Done is not shipped; released is."""
        self._jira(f"issues/{self.export}/transition", {"status": "Done", "resolution": "Done"})
        self._say(f"{self.export} is done in Jira. That is not shipped: version 2.4 is not out.")
        self._jira(f"versions/{self._version}/release", None)
        self._until("the ship", lambda tx: bool(tx.ships.all(1)))
        hold_s = self._system.settings.hold_s
        self._say(f"Version 2.4 is out, so {self.export} ships. It settles for {hold_s:g} s first.")

    def mails(self) -> None:
        """The hold passes; each rep gets one mail."""
        self._until("the mails", _all_delivered)
        for mail in self.mailbox():
            self._say(f"A mail went to {mail.to}: {mail.html_path}")

    def answers(self) -> None:
        """One rep has told the customer; one customer is not satisfied."""
        self._use("customer_told", "a-acme")
        self._say("Dana pressed “I told the customer” for Acme Freight.")
        self._use("not_solved", "a-globex", "The file lacks the totals.")
        self._say("Ada at Globex Foods answered “not solved”: the file lacks the totals.")
        wanted = {"a-acme": "customer_told", "a-globex": "not_solved"}
        self._until(
            "the answers",
            lambda tx: wanted.items() <= {r.account_id: r.state for r in tx.loops.all(100)}.items(),
        )

    def mailbox(self) -> list[Mailed]:
        """Every mail that the provider took, oldest first."""
        folder = self._system.home / "mails"
        mails = []
        for path in sorted(folder.glob("*.json")):
            to = msgspec.json.decode(path.read_bytes())["to"]
            text = path.with_suffix(".txt").read_text(encoding="utf-8")
            mails.append(Mailed(to, text, _short(str(path.with_suffix(".html")))))
        return mails

    def _use(self, action: str, account_id: str, comment: str = "") -> None:
        """Open a link of a mail, as a browser does, and press its button."""
        url = next(url for url, token in self._links() if _is(token, action, account_id))
        self._http.get(url).raise_for_status()
        self._http.post(url, data={"comment": comment}).raise_for_status()

    def _links(self) -> list[tuple[str, Token]]:
        secret = self._system.settings.reply_secret
        return [
            (found[0], check(found["token"], secret, _now()))
            for mail in self.mailbox()
            for found in _LINK.finditer(mail.text)
        ]

    def _jira(self, path: str, body: Any) -> Any:
        answer = self._http.post(f"{self._system.jira_url}/_demo/{path}", json=body)
        answer.raise_for_status()
        return answer.json()

    def _publish(self, topic: str, events: Sequence[tuple[str, AnyEvent]]) -> None:
        records = [Outgoing(topic, k.encode(), encode(e), STRUCTURED_HEADERS) for k, e in events]
        with sender(self._system.settings.bootstrap_servers, [topic]) as to:
            to.send(records)

    def _until(self, what: str, is_so: Callable[[Any], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            with self._store.transaction() as tx:
                if is_so(tx):
                    return
            if time.monotonic() > deadline:
                raise StoryStuck(f"{what} did not come within {PATIENCE_S:g} s")
            time.sleep(LOOK_EVERY_S)


def _now() -> datetime:
    return datetime.now(UTC)


def _is(token: Token, action: str, account_id: str) -> bool:
    return token.action == action and token.account_id == account_id


def _all_delivered(tx: Any) -> bool:
    tells: list[Tell] = [tell for tell in tx.tells.all(100) if tell.verdict == "tell"]
    messages = [tx.messages.find(tell.message_id) for tell in tells if tell.message_id]
    told = {tell.account_id for tell in tells}
    everyone = {account.id for account in cast.ACCOUNTS} <= told
    return everyone and all(each is not None and each.state == "delivered" for each in messages)


def _short(path: str) -> str:
    """A path as one types it from here."""
    try:
        return str(Path(path).resolve().relative_to(Path.cwd()))
    except ValueError:
        return path
