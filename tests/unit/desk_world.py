"""A store with issues, customers and remarks that wait for a person."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.events import Account, Epic, Opportunity
from sinks.contracts import Sighting
from sinks.store.contract import Transaction
from sinks.store.fake import FakeStore
from sinks.store.learned import Guess
from sinks.store.rows import CrmKind, CrmVersion, Decision, Link, Remark, Words
from streams.link.desk import Asked, carry_out_all, plan_all
from streams.link.likeness.table import packaged
from streams.link.queue import Item, queue
from streams.link.theming import Themes

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
EXPORT = (
    "Please let us export invoices as a spreadsheet",
    "We want to export our invoices as a spreadsheet file",
    "Exporting invoices as a spreadsheet would help Kim a lot",
)


@dataclass
class World:
    """A store with two issues and two customers, the second of them small."""

    store: FakeStore
    ids: dict[str, int] = field(default_factory=dict)

    def knows(self) -> None:
        """Acme has 900,000 a year and an open deal, Bolt 1,000 a year."""
        acme = Account(id="A", name="Acme", revenue_cents=900_000_00)
        bolt = Account(id="B", name="Bolt", revenue_cents=1_000_00)
        deal = Opportunity(
            id="O", account_id="A", amount_cents=50_000_00, is_open=True, probability=0.5
        )
        lost = Opportunity(id="L", account_id="A", amount_cents=70_000_00, is_open=False)
        facts: list[tuple[CrmKind, Any]] = [
            ("account", acme),
            ("account", bolt),
            ("opportunity", deal),
            ("opportunity", lost),
        ]
        epics = [
            Epic(id="1", key="APP-1", summary="Sort the ledger"),
            Epic(id="2", key="APP-2", summary="Dark colours"),
        ]
        with self.store.transaction() as tx:
            for kind, each in facts:
                version = CrmVersion(
                    valid_from=NOW - DAY, valid_to=None, event_id="e", stated=each, facts=each
                )
                tx.crm.rewrite(kind, {each.id: [version]})
            tx.epics.put([Sighting(epic=epic, updated_at=NOW) for epic in epics])

    def hears(
        self,
        record: str,
        words: str = "words",
        *,
        best: tuple[int, float] | None = None,
        audit: bool = False,
        **facts: Any,
    ) -> None:
        """A remark comes in; of its best guess the issue is suggested."""
        with self.store.transaction() as tx:
            (id_,) = tx.remarks.new_ids(1)
            self.ids[record] = id_
            known = {"version_at": NOW, "said_at": NOW, "outcome": "unmatched"}
            known["outcome"] = "suggested" if best else "unmatched"
            made = Remark(id=id_, origin="form", record=record, **known | facts)
            tx.remarks.add([(made, Words(remark_id=id_, words=words, customer_name="Kim"))])
            if best is not None:
                tx.learned.guess({id_}, [_guess(id_, *best, audit=audit)])
                suggest(tx, id_, *best)

    def sees(self, limit: int = 20) -> tuple[Item, ...]:
        """What a person sees."""
        with self.store.transaction() as tx:
            return queue(tx, NOW, limit, packaged).items

    def order(self) -> list[str]:
        """The remarks in the order in which they are seen."""
        return [item.remark.removeprefix("form:") for item in self.sees()]

    def accepts(self, record: str, key: str) -> None:
        """A person does."""
        asked = Asked(action="accept", remarks=[f"form:{record}"], issues=[key], by="pm")
        with self.store.transaction() as tx:
            carry_out_all(tx, plan_all(tx, asked), "pm", NOW)

    def lessons(self) -> set[tuple[str, int]]:
        """Of which remark something is learned, and for which issue."""
        records = {id_: record for record, id_ in self.ids.items()}
        with self.store.transaction() as tx:
            found, _ = tx.learned.lessons(0)
        return {(records[one.remark_id], one.issue_id) for one in found if one.learned}

    def sorts(self) -> None:
        """Into themes."""
        Themes(self.store).sort_new(NOW)


def opened() -> World:
    """With two issues and two customers, and no remark."""
    store = FakeStore()
    store.open()
    made = World(store)
    made.knows()
    return made


def suggest(
    tx: Transaction, remark_id: int, issue: int, score: float, quote: str = "ledger"
) -> None:
    """Likeness suggests an issue for a remark."""
    (decision_id,) = tx.links.new_ids(1)
    key = f"APP-{issue}"
    decision = Decision(
        id=decision_id,
        remark_id=remark_id,
        issue_key=key,
        issue_id=issue,
        verdict="suggest",
        rule="likeness",
        score=score,
        model="1",
        by="closeloop",
        at=NOW,
        quote=quote,
    )
    link = Link(
        remark_id=remark_id,
        issue_key=key,
        issue_id=issue,
        state="suggested",
        decision_id=decision_id,
    )
    tx.links.add([decision], [link])


def _guess(remark_id: int, issue_id: int, confidence: float, *, audit: bool) -> Guess:
    return Guess(
        remark_id=remark_id,
        passage=0,
        issue_id=issue_id,
        features=(1.0,),
        confidence=confidence,
        tier="fast",
        basis="table",
        epics=2,
        audit=audit,
        sure=False,
        at=NOW,
    )
