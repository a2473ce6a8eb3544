"""The cast of one test, apart from every other's, and the verbs in which its story is told."""

from datetime import datetime
from itertools import count
from typing import Any

import msgspec

from schemas.events import (
    Account,
    AccountChanged,
    Customer,
    Feedback,
    FeedbackReceived,
    Rep,
    RepChanged,
    Reporter,
)
from schemas.topics import CRM_CHANGED, FEEDBACK_RECEIVED, LOOP_CHANGED
from sinks.store.contract import Transaction
from sinks.store.rows import EpicRow, LoopRow, Ship, Tell
from streams.ship.person import carry_out, withdraw
from tests.e2e.vendors import hubspot_change, typeform_response, zendesk_ticket
from tests.e2e.world import Mailed, World, ago, now

CRM, PORTAL = "https://crm.example", "https://portal.example"
MOST_TRIES = 10
_numbers = count(1)


class Epic(msgspec.Struct, frozen=True):
    """An issue in Jira, and the version that it is fixed in."""

    id: int
    key: str
    version: str


class Tale:
    """One test's people, accounts and issues; its names are nobody else's."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.tag = f"t{next(_numbers)}"
        self._said = count(1)

    # Names.

    def address(self, rep: str) -> str:
        """A rep's mail address."""
        return f"{rep}@{self.tag}.us.example"

    def domain(self, account: str) -> str:
        """An account's mail domain."""
        return f"{account}.{self.tag}.example"

    def id(self, name: str) -> str:
        """The CRM's id of a rep or an account."""
        return f"{name}-{self.tag}"

    def number(self) -> int:
        """A number that nobody else has."""
        return 1_000_000 + next(_numbers)

    # What the CRM says.

    def rep(self, name: str, manager: str | None = None) -> None:
        """A rep joined a year ago."""
        self._crm(
            RepChanged,
            Rep(
                id=self.id(name),
                email=self.address(name),
                name=name.title(),
                manager_id=self.id(manager) if manager else None,
            ),
        )

    def account(self, name: str, owner: str | None) -> None:
        """A customer since a year ago, and whose it is."""
        self._crm(
            AccountChanged,
            Account(
                id=self.id(name),
                name=name.title(),
                domains=(self.domain(name),),
                revenue_cents=90_000_00,
                currency="EUR",
                owner_id=self.id(owner) if owner else None,
            ),
        )

    def hubspot(self, company: int, property_: str, value: str, at: datetime) -> None:
        """HubSpot's signed webhook says that a company's property changed."""
        body = hubspot_change(next(_numbers), company, property_, value, at)
        self.world.senders.hubspot(body, now())

    def knows_owner(self, account_id: str, rep: str) -> None:
        """Wait until the store has it whose the account is."""
        self.world.until(
            "the account's owner",
            lambda: self.world.ask(lambda tx: _owner(tx, account_id)) == self.id(rep),
        )

    def knows_rep(self, name: str) -> None:
        """Wait until the store has a rep."""
        look = lambda: self.world.ask(lambda tx: tx.crm.reps({self.id(name)}, now()))  # noqa: E731
        self.world.until("the rep", look)

    def _crm(self, kind: Any, data: Account | Rep) -> None:
        at = ago(days=365)
        event = kind(id=f"{data.id}:1", source=CRM, specversion="1.0", time=at, data=data)
        self.world.publish(CRM_CHANGED.name, event)

    # What customers say.

    def remark(
        self, account: str, key: str, *, by: str | None = None, at: datetime | None = None
    ) -> str:
        """Somebody at the customer named an issue; the portal put it straight on Kafka."""
        name = f"{self.tag}-{next(self._said)}"
        said = Feedback(
            origin="upstream",
            record=name,
            words=f"Without {key} we retype every number, says {name}.",
            customer=Customer(name="Ada Byrne", email=f"ada@{self.domain(account)}"),
            reporter=Reporter(email=self.address(by), name=by.title()) if by else Reporter(),
        )
        at = at or ago(minutes=30)
        event = FeedbackReceived(id=name, source=PORTAL, specversion="1.0", time=at, data=said)
        self.world.publish(FEEDBACK_RECEIVED.name, event)
        return self.heard(f"upstream:{name}")

    def ticket(self, account: str, key: str, *, agent: str) -> str:
        """A ticket that support tied to an issue; Zendesk's signed webhook brings it."""
        number = str(self.number())
        body = zendesk_ticket(
            number,
            key,
            at=ago(minutes=20),
            customer=f"ada@{self.domain(account)}",
            agent=self.address(agent),
            words="We retype your numbers into our spreadsheet every month.",
        )
        self.world.senders.zendesk(body, now())
        return self.heard(f"zendesk:{number}")

    def form(self, account: str, key: str, *, rep: str) -> str:
        """A form's answer, passed on by a rep; Typeform's signed webhook brings it."""
        token = f"form{self.number()}"
        body = typeform_response(
            token,
            f"Every Monday I copy forty rows out by hand ({key}).",
            at=ago(minutes=10),
            customer=f"pat@{self.domain(account)}",
            rep=self.address(rep),
        )
        self.world.senders.typeform(body)
        return self.heard(f"typeform:{token}")

    def heard(self, feedback_id: str) -> str:
        """Wait until the remark is in the store; its id."""
        self.world.until(f"remark {feedback_id}", lambda: self.world.remark(feedback_id))
        return feedback_id

    def belongs(self, feedback_id: str, account_id: str) -> None:
        """Wait until a remark has this account."""
        look = lambda: (one := self.world.remark(feedback_id)) and one.account_id == account_id  # noqa: E731
        self.world.until(f"account of {feedback_id}", look)

    def linked(self, feedback_id: str) -> list[tuple[str, int | None]]:
        """The issues that a remark is linked to, each by key and id."""
        remark = self.world.remark(feedback_id)
        assert remark is not None
        found = self.world.ask(lambda tx: tx.links.of_remark(remark.id))
        return [(link.issue_key, link.issue_id) for link, _ in found if link.state == "linked"]

    # What happens in Jira.

    def demand_in_jira(self, epic: Epic) -> str:
        """Wait until the issue shows the demand for it; what is seen, with a page behind it."""
        settings = self.world.system.settings
        url = f"{self.world.system.jira_url}/rest/api/3/issue/{epic.key}/remotelink"
        login = (settings.jira_email, settings.jira_token)
        found: list[Any] = []

        def shown() -> bool:
            found[:] = self.world.http.get(url, auth=login).raise_for_status().json()
            return bool(found)

        self.world.until("the demand in Jira", shown)
        (link,) = found
        assert "what" in self.world.http.get(link["object"]["url"]).raise_for_status().text
        return str(link["object"]["title"])

    def epic(self, *, known: bool = True) -> Epic:
        """An epic is planned for a version of its own; wait until it is known."""
        name = f"{self.tag}.{next(_numbers)}"
        version = self.world.jira("POST", "versions", {"project": "APP", "name": name})["id"]
        plan = {"project": "APP", "summary": f"Export {name} as CSV", "fix_versions": [version]}
        issue = self.world.jira("POST", "issues", plan)
        epic = Epic(int(issue["id"]), issue["key"], version)
        if known:
            self.knows_epic(epic)
        return epic

    def knows_epic(self, epic: Epic) -> None:
        """Wait until the store has it."""
        look = lambda: self.world.ask(lambda tx: tx.epics.get({epic.id}))  # noqa: E731
        self.world.until("the epic", look)

    def done(self, epic: Epic) -> None:
        """The work is done; wait until the store has it."""
        self.world.jira("POST", f"issues/{epic.key}/transition", {"resolution": "Done"})
        look = lambda: self._epic(epic).epic.resolution == "Done"  # noqa: E731
        self.world.until("the resolution", look)

    def release(self, epic: Epic) -> None:
        """Done, and its version is out; wait until it counts as shipped."""
        self.world.jira("POST", f"issues/{epic.key}/transition", {"resolution": "Done"})
        self.world.jira("POST", f"versions/{epic.version}/release")
        self.world.until("the ship", lambda: self.world.ship(epic.id))

    def reopened_within_the_hold(self, rep: str, account: str) -> Epic:
        """A ship that was taken back before it settled; slow machines need more than one try."""
        for number in range(MOST_TRIES):
            epic = self.epic()
            self.remark(f"{account}{number}", epic.key, by=f"{rep}{number}")
            self.release(epic)
            if self.reopen(epic).settled_at is None:
                return epic
        raise AssertionError("the hold is too short for this machine")

    def reopen(self, epic: Epic) -> Ship:
        """It did not work after all; wait until it counts as withdrawn."""
        self.world.jira("POST", f"issues/{epic.key}/reopen")
        look = lambda: (ship := self.world.ship(epic.id)) and ship.withdrawn_at and ship  # noqa: E731
        return self.world.until("the withdrawal", look)

    def take_back(self, epic: Epic) -> None:
        """A person says so, as `closeloop ship withdraw` does."""
        with self.world.store.transaction() as tx:
            row = tx.epics.get({epic.id})[epic.id]
            carry_out(tx, withdraw(tx, row, "it loses data"), now())

    def knows_label(self, epic: Epic, label: str) -> None:
        """Wait until the store has it."""
        self.world.until("the label", lambda: label in self._epic(epic).epic.labels)

    def is_open(self, epic: Epic) -> None:
        """Wait until the store has it that the issue is not resolved."""
        self.world.until("the re-open", lambda: self._epic(epic).epic.resolution is None)

    def _epic(self, epic: Epic) -> EpicRow:
        return self.world.ask(lambda tx: tx.epics.get({epic.id}))[epic.id]

    # What our own people get.

    def mails(self, rep: str | None = None) -> list[Mailed]:
        """All mails to a rep, or to anybody of this tale, oldest first."""
        end = f"@{self.tag}.us.example"
        is_ours = self.address(rep).__eq__ if rep else lambda to: to.endswith(end)
        return [mail for mail in self.world.mails() if is_ours(mail.to)]

    def mails_about(self, epic: Epic, to: str) -> list[Mailed]:
        """Mails to an address that speak of an issue."""
        return [mail for mail in self.world.mails() if mail.to == to and epic.key in mail.text]

    def told(self, rep: str, number: int = 1) -> Mailed:
        """Wait for so many mails to a rep; the last of them. More than that is wrong."""
        mails = self.world.until(
            f"mail {number} to {rep}", lambda: len(self.mails(rep)) >= number and self.mails(rep)
        )
        assert len(mails) == number
        self.world.until("its delivery", lambda: self.world.message(mails[-1]).state == "delivered")
        return mails[-1]

    def verdicts(self, epic: Epic, generation: int = 1) -> dict[str, str]:
        """Who was considered -> told, or the reason why not."""
        tells = self.world.tells(epic.id, generation)
        return {tell.person_name: _said(tell) for tell in tells if tell.kind != "correction"}

    # What becomes of it.

    def closes(self, epic: Epic, account: str, state: str) -> LoopRow:
        """Wait until the loop has come so far."""

        def look() -> LoopRow | None:
            row = self.world.loop(self.id(account), epic.id)
            return row if row is not None and row.state == state else None

        return self.world.until(f"the loop to be {state}", look)

    def announced(self, epic: Epic) -> list[str]:
        """Every state of the issue's loops that ``loop.changed`` told of, in order."""
        self.world.relayed()
        said = [event["data"] for event in self.world.events(LOOP_CHANGED.name)]
        return [data["state"] for data in said if data["issue_id"] == str(epic.id)]


def _owner(tx: Transaction, account_id: str) -> Any:
    account = tx.crm.accounts({account_id}, now()).get(account_id)
    return account.owner_id if account else None


def _said(tell: Tell) -> str:
    return tell.reason or tell.kind
