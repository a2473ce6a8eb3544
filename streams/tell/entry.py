"""Puts one tell into words: what the mail's two parts both say. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from schemas.events import Account, Opportunity, TellKind
from sinks.mail.compose import one_line
from sinks.store.rows import Answer, Linked, Ship
from streams.tell.customers import known
from streams.tell.draft import Draft, draft
from streams.tell.views import Links, Snapshot, TellView
from streams.tell.wording import NOTHING, cut, day, money, named, safe_url

CUSTOMER = "customer"
"""By whom an answer is that came by the customer's own links."""
ERASED = "The customer's words have been erased."
BADGES: Mapping[TellKind, str] = {
    "shipped": "Shipped",
    "available": "Already available",
    "correction": "Taken back",
}


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer said, verbatim; `words` is empty where it was erased."""

    words: str
    title: str
    who: str
    when: str
    source: str
    url: str


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table that sets three instants side by side."""

    label: str
    said: str
    shipped: str
    present: str

    @property
    def changed(self) -> bool:
        """Whether it is not now as it was when the customer spoke."""
        return self.said != self.present


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One epic for one account, in words; an empty text is left out.

    Attributes:
        title: of the epic, as people call it.
        when: what happened and when, one sentence.
        why: why this reader gets it, one sentence.
        answered: what was written beside the customer's answers so far.
        advice: what to do with the draft, one sentence.
    """

    kind: TellKind
    title: str
    issue_key: str
    issue_url: str
    account: str
    when: str
    why: str
    quotes: tuple[Quote, ...]
    answered: tuple[Quote, ...]
    what: str
    for_whom: str
    versions: str
    docs_url: str
    reason: str
    table: tuple[Line, ...]
    advice: str
    draft: Draft
    links: Links

    @property
    def badge(self) -> str:
        """The kind of news in a word or two."""
        return BADGES[self.kind]


def entry(view: TellView, rep_name: str, docs_url: str) -> Entry:
    """The tell in words; `docs_url` stands in where the ship names no page of its own."""
    tell, ship, taken_back = view.tell, view.ship, view.tell.kind == "correction"
    page = "" if taken_back else safe_url(ship.docs_url) or safe_url(docs_url)
    return Entry(
        kind=tell.kind,
        title=title_of(view),
        issue_key=view.epic.epic.key if view.epic else "",
        issue_url=safe_url(view.epic.epic.url) if view.epic else "",
        account=account_of(view),
        when=_when(tell.kind, ship),
        why=_sentence(tell.role),
        quotes=tuple(_quote(item) for item in view.remarks),
        answered=tuple(_answered(each) for each in view.answers),
        what="" if taken_back else ship.what,
        for_whom="" if taken_back else _for_whom(view),
        versions="" if taken_back else _versions(view),
        docs_url=page,
        reason=ship.withdrawn_why if taken_back else "",
        table=tuple(_table(view)),
        advice=_advice(view),
        draft=draft(view, title_of(view), page, rep_name),
        links=view.links,
    )


def title_of(view: TellView) -> str:
    """What people call the epic; its number where nothing else is known."""
    if view.epic is None:
        return f"issue {view.tell.issue_id}"
    return one_line(view.epic.epic.summary) or view.epic.epic.key


def account_of(view: TellView) -> str:
    """The account's name, or what is known of a customer without one."""
    kind, _, rest = view.tell.account_id.partition(":")
    if view.account_name:
        return one_line(view.account_name)
    if kind == "domain":
        return rest
    return "an unknown account" if kind == "remark" else view.tell.account_id


def _when(kind: TellKind, ship: Ship) -> str:
    if kind == "available":
        return f"Already available since {day(ship.shipped_at)}."
    if kind == "shipped":
        return f"Shipped on {day(ship.shipped_at)}."
    taken_back = f" on {day(ship.withdrawn_at)}" if ship.withdrawn_at else ""
    return f"Shipped on {day(ship.shipped_at)}, taken back{taken_back}: it is not available."


def _sentence(role: str) -> str:
    said = one_line(role)
    return f"{said[:1].upper()}{said[1:]}."


def _quote(item: Linked) -> Quote:
    remark, words = item.remark, item.words
    return Quote(
        words=cut(words.words) if words else "",
        title=cut(words.title or "", 200) if words else "",
        who=one_line(words.customer_name or words.customer_email or "the customer")
        if words
        else "",
        when=day(remark.said_at),
        source=remark.origin,
        url=safe_url(remark.url),
    )


def _answered(answer: Answer) -> Quote:
    said = "not solved" if answer.said == "not_solved" else answer.said.replace("_", " ")
    return Quote(
        words=cut(answer.words),
        title="",
        who="the customer" if answer.by == CUSTOMER else one_line(answer.by),
        when=day(answer.at),
        source=said,
        url="",
    )


def _for_whom(view: TellView) -> str:
    if view.ship.accounts is None:
        return "everyone"
    others = len(set(view.ship.accounts)) - 1
    if others <= 0:
        return account_of(view)
    return f"{account_of(view)} and {others} other account{'s' if others > 1 else ''}"


def _versions(view: TellView) -> str:
    versions = view.epic.versions if view.epic else ()
    return named([one.name for one in versions if one.released and not one.deleted], 3)


def _table(view: TellView) -> Iterator[Line]:
    """A line for whatever was known at one of the three instants at least."""
    columns = [_facts(each) for each in (view.said, view.shipped, view.present)]
    for label in columns[0]:
        cells = [column[label] for column in columns]
        if any(cells):
            said, shipped, present = (cell or NOTHING for cell in cells)
            yield Line(label=label, said=said, shipped=shipped, present=present)


def _facts(snapshot: Snapshot) -> dict[str, str]:
    return {
        **_account_facts(snapshot.account),
        **_deal_facts(snapshot.deal),
        "Owner": snapshot.owner,
    }


def _account_facts(account: Account | None) -> dict[str, str]:
    if account is None:
        return {"Revenue a year": "", "Segment": ""}
    revenue = money(known(account.revenue_cents), known(account.currency))
    return {"Revenue a year": revenue, "Segment": known(account.segment) or ""}


def _deal_facts(deal: Opportunity | None) -> dict[str, str]:
    if deal is None:
        return {"Deal": "", "Stage": "", "Amount": "", "Closes": ""}
    closes_on = known(deal.closes_on)
    return {
        "Deal": known(deal.name) or deal.id,
        "Stage": known(deal.stage) or "",
        "Amount": money(known(deal.amount_cents), known(deal.currency)),
        "Closes": day(closes_on) if closes_on else "",
    }


def _advice(view: TellView) -> str:
    if view.tell.kind != "correction":
        return "Ready to send to the customer; the two links at its end are the customer's own:"
    if view.customer_knows:
        return "The customer has been told that it is available. Say now:"
    return "Do not tell the customer that it is available. If you have done so already, say now:"


def weight(view: TellView) -> tuple[int, bool, str, str]:
    """Sorts what is taken back first, those whose customer knows before others; then by epic."""
    order = ("correction", "shipped", "available").index(view.tell.kind)
    return (order, not view.customer_knows, title_of(view), account_of(view))


def by_epic(entries: Sequence[Entry]) -> list[list[Entry]]:
    """Entries of one epic and one kind of news together, in their order."""
    found: dict[tuple[TellKind, str, str], list[Entry]] = {}
    for one in entries:
        found.setdefault((one.kind, one.issue_key, one.title), []).append(one)
    return list(found.values())
