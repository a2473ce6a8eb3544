"""Two hundred customers who each said one thing, and what must be so once the dust has settled."""

from collections import Counter
from itertools import count
from typing import Any

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
from schemas.topics import CRM_CHANGED, FEEDBACK_LINKED, FEEDBACK_RECEIVED, NOTIFICATION_REQUESTED
from sinks.contracts import Outgoing
from tests.e2e.world import World, ago, outgoing

MANY = 200
RESEND_AFTER_S = 45.0
_crowds = count(1)


class Crowd:
    """Two hundred reps, each with an account of one remark, all about one epic.

    One rep, one account, one remark: so each rep is to get exactly one mail, in whatever order all
    of it arrives.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.tag = f"c{next(_crowds)}"
        self.key = ""
        self.issue_id = 0

    def names(self) -> list[str]:
        """Of everything that there is two hundred of."""
        return [f"{self.tag}-{number:03d}" for number in range(MANY)]

    def appears(self) -> None:
        """Everything is on Kafka at once: people, accounts, the epic, remarks, and its release."""
        plan = {"project": "APP", "name": self.tag}
        version = self.world.jira("POST", "versions", plan)["id"]
        plan = {"project": "APP", "summary": f"Export {self.tag}", "fix_versions": [version]}
        issue = self.world.jira("POST", "issues", plan)
        self.key, self.issue_id = issue["key"], int(issue["id"])
        self.world.put(*self._customers(), *self.remarks())
        self.world.jira("POST", f"issues/{self.key}/transition", {"resolution": "Done"})
        self.world.jira("POST", f"versions/{version}/release")

    def _customers(self) -> list[Outgoing]:
        found: list[Outgoing] = []
        for name in self.names():
            common: dict[str, Any] = {"source": "/crm", "specversion": "1.0", "time": ago(days=9)}
            rep = Rep(id=f"r-{name}", email=f"{name}@us.example", name=name)
            account = Account(
                id=f"a-{name}", name=name, domains=(f"{name}.example",), owner_id=f"r-{name}"
            )
            found.append(outgoing(CRM_CHANGED.name, RepChanged(id=rep.id, data=rep, **common)))
            changed = AccountChanged(id=account.id, data=account, **common)
            found.append(outgoing(CRM_CHANGED.name, changed))
        return found

    def remarks(self) -> list[Outgoing]:
        """One of each customer."""
        return [outgoing(FEEDBACK_RECEIVED.name, self._remark(name)) for name in self.names()]

    def _remark(self, name: str) -> FeedbackReceived:
        said = Feedback(
            origin="upstream",
            record=name,
            words=f"Without {self.key} we retype every number.",
            customer=Customer(email=f"ada@{name}.example"),
            reporter=Reporter(email=f"{name}@us.example"),
        )
        return FeedbackReceived(
            id=name, source="/portal", specversion="1.0", time=ago(days=1), data=said
        )

    def stored(self) -> int:
        """How many of the remarks are in the store."""
        query = f"SELECT count(*) FROM remark WHERE record LIKE '{self.tag}-%'"  # noqa: S608 - ours
        return int(self.world.rows(query)[0][0])

    def mails(self) -> Counter[str]:
        """Rep -> how many mails the provider took for them."""
        mails = (mail.to.partition("@")[0] for mail in self.world.mails())
        return Counter(name for name in mails if name.startswith(f"{self.tag}-"))

    def is_whole(self) -> None:
        """Wait until all is done, then: nothing lost, nothing twice."""
        world = self.world
        world.until("every remark", lambda: self.stored() == MANY)
        world.until("every mail", lambda: len(self.mails()) == MANY)
        world.until("no mail in doubt", lambda: self.doubtful() == 0)
        world.until("every offset", lambda: world.lag() == {})
        world.relayed()
        assert self.stored() == MANY
        self._is_linked_once()
        self._is_announced()

    def _is_linked_once(self) -> None:
        """Each remark is announced at least once, and more than once only under the same id."""
        ids: dict[str, set[str]] = {}
        for event in self.world.events(FEEDBACK_LINKED.name):
            name = event["data"]["feedback"].partition(":")[2]
            if name.startswith(f"{self.tag}-"):
                ids.setdefault(name, set()).add(event["id"])
        assert sorted(ids) == self.names()
        assert {name: one for name, one in ids.items() if len(one) > 1} == {}

    def _is_announced(self) -> None:
        """Every tell, and no other, is on ``notification.requested``."""
        said = [event["data"] for event in self.world.events(NOTIFICATION_REQUESTED.name)]
        announced = {one["notification"] for one in said if one["issue_id"] == str(self.issue_id)}
        tells = self.world.tells(self.issue_id)
        assert announced == {tell.id for tell in tells if tell.verdict == "tell"}
        assert len(announced) == MANY

    def doubtful(self) -> int:
        """How many mails nobody knows the fate of."""
        query = "SELECT count(*) FROM message WHERE state IN ('open', 'sending')"
        return int(self.world.rows(query)[0][0])
