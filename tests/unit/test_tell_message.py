"""What a digest says, in text and in HTML alike, and what it never lets through."""

from datetime import date, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

from schemas.events import Account
from sinks.contracts import Mail
from sinks.mail.compose import check
from sinks.store.rows import Message
from streams.tell.message import MOST_IN_FULL, Look, render
from streams.tell.views import Links, Snapshot, TellView
from streams.tell.wording import subject
from tests.unit.tell_rows import NOW, SHIPPED, account, deal, epic, linked, ship, tell

LINKS = Links(
    acknowledged="https://loop.example/r/seen",
    customer_told="https://loop.example/r/told",
    solved="https://loop.example/r/yes",
    not_solved="https://loop.example/r/no",
)


class Seen(HTMLParser):
    """What a reader of the HTML part sees, and every tag and attribute behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.attributes: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it."""
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        self.links += [str(value) for name, value in attrs if name in {"href", "src"}]

    def handle_data(self, data: str) -> None:
        """Note it, unless it is style."""
        if self.tags and self.tags[-1] != "style":
            self.words += data.split()

    @property
    def text(self) -> str:
        """All words."""
        return " ".join(self.words)


def _view(**changes: Any) -> TellView:
    said: dict[str, Any] = {
        "tell": tell(),
        "ship": ship(),
        "links": LINKS,
        "epic": epic(),
        "remarks": [linked(url="https://zendesk.example/1")],
        "account_name": "Acme",
    }
    return TellView(**said | changes)


def _mail(*views: TellView, **changes: Any) -> Mail:
    said: dict[str, Any] = {
        "id": "m1",
        "person_id": "rita",
        "email": "rita@us.example",
        "name": "Rita Vogt",
        "state": "sending",
        "due_at": NOW,
        "created_at": NOW,
    }
    look = Look(docs_url="https://docs.example/new")
    return render(Message(**said | changes), views or (_view(),), look, NOW)


def _seen(mail: Mail) -> Seen:
    seen = Seen()
    seen.feed(mail.html)
    return seen


def _both(mail: Mail) -> tuple[str, str]:
    return " ".join(mail.text.split()), _seen(mail).text


@pytest.mark.parametrize(
    "fact",
    [
        "Single sign-on",
        "PROD-42",
        "Acme",
        "Shipped on 3 March 2026.",
        "You passed it on.",
        "We need single sign-on.",
        "Dana Fox",
        "10 January 2026",
        "Sign in with Okta.",
        "everyone",
        "2026.3",
        "Hi Dana Fox,",
        "Yes, it is solved",
        "No, not yet",
        "dana@acme.example",
        "Best regards Rita Vogt",
    ],
)
def test_both_parts_say_what_the_rep_needs(fact: str) -> None:
    """Who said what and when, what shipped and for whom, and what to say now."""
    text, html = _both(_mail())
    assert fact in text
    assert fact in html


def test_every_link_is_in_both_parts() -> None:
    """The rep's two, the customer's two, the source and the documentation."""
    mail = _mail()
    links = _seen(mail).links
    for url in (
        *(getattr(LINKS, name) for name in Links.__struct_fields__),
        "https://zendesk.example/1",
        "https://docs.example/sso",
    ):
        assert url in mail.text
        assert url in links


def test_nothing_is_loaded_from_elsewhere_and_nothing_can_run() -> None:
    """No images, no scripts, no handlers: a mail is read where nobody is watched."""
    seen = _seen(_mail())
    assert not {"script", "img", "link", "iframe", "form", "object"} & set(seen.tags)
    assert not [name for name in seen.attributes if name.startswith("on") or name == "src"]


def test_a_mailer_takes_it() -> None:
    """Subject, both parts, recipient."""
    mail = _mail()
    check(mail)
    assert (mail.message_id, mail.to_email, mail.to_name) == ("m1", "rita@us.example", "Rita Vogt")
    assert mail.subject == "Shipped: Single sign-on, which Acme asked for"


@pytest.mark.parametrize(
    "evil", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}{% raw %}"]
)
def test_words_are_quoted_and_never_become_markup(evil: str) -> None:
    """Wherever outside text stands: words, names, titles, what shipped."""
    mail = _mail(
        _view(
            tell=tell(role=f"you own {evil}"),
            remarks=[linked(words=evil, who=evil)],
            account_name=evil,
            epic=epic(summary=evil),
            ship=ship(what=evil),
        ),
        name=evil,
    )
    seen = _seen(mail)
    assert not {"script", "img"} & set(seen.tags)
    assert "onerror" not in seen.attributes
    assert evil in seen.text
    assert evil in mail.text
    assert f"  > {evil}" in mail.text


@pytest.mark.parametrize(
    "end", ["\r\nBcc: all@x.example", "\nBcc: all@x.example", "\u2028x", "\x85x"]
)
def test_no_name_ends_a_header_early(end: str) -> None:
    """Subject and recipient stay on one line, whatever accounts and epics are called."""
    mail = _mail(
        _view(account_name=f"Acme{end}", epic=epic(summary=f"SSO{end}")), name=f"Rita{end}"
    )
    for header in (mail.subject, mail.to_name):
        assert header.splitlines() == [header]
    assert not [line for line in mail.text.splitlines() if line.startswith("Bcc")]


def test_a_subject_is_one_line_whoever_asks_for_it() -> None:
    """The last place before it becomes a header."""
    line = subject([("shipped", "SSO\nBcc: a@x.example", "Ac\rme")])
    assert line == "Shipped: SSO Bcc: a@x.example, which Ac me asked for"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", " https://x.example"])
def test_only_addresses_of_the_web_become_links(url: str) -> None:
    """Whatever a source or a ship says."""
    mail = _mail(_view(remarks=[linked(url=url)], ship=ship(docs_url=url), epic=epic(url=url)))
    assert url not in _seen(mail).links
    assert url not in mail.text.split("\n")
    assert "https://docs.example/new" in mail.text


def test_erased_words_are_said_to_be_erased() -> None:
    """And nothing of the person is left."""
    for part in _both(_mail(_view(remarks=[linked(words=None)]))):
        assert "The customer's words have been erased." in part
        assert "Dana" not in part


def test_very_long_words_are_cut_with_a_mark() -> None:
    """The mark says how much is missing."""
    mail = _mail(_view(remarks=[linked(words="word " * 100_000)]))
    assert "[…cut, 498,801 more characters]" in mail.text
    assert "[…cut, 498,801 more characters]" in _seen(mail).text
    assert len(mail.html) < 30_000


def test_what_was_there_before_the_link_is_called_available() -> None:
    """The customer could have had it all along."""
    for part in _both(_mail(_view(tell=tell(kind="available")))):
        assert "Already available since 3 March 2026." in part
        assert "This has been available since 3 March 2026" in part


def test_three_instants_stand_side_by_side() -> None:
    """As it was when the customer spoke, when it shipped, and now."""

    def then(cents: int, stage: str, owner: str) -> Snapshot:
        facts = Account(id="acme", revenue_cents=cents, currency="EUR", segment="Enterprise")
        return Snapshot(account=facts, deal=deal("d1", stage=stage), owner=owner)

    view = _view(
        said=then(9_600_000, "Discovery", "Olga"),
        shipped=then(9_600_000, "Proposal", "Olga"),
        present=then(11_000_000, "Negotiation", "Rita"),
    )
    text, html = _both(_mail(view))
    assert "Revenue a year: EUR 96,000 / EUR 96,000 / EUR 110,000 (changed)" in text
    assert "Stage: Discovery / Proposal / Negotiation (changed)" in text
    assert "Segment: Enterprise / Enterprise / Enterprise" in text
    assert "Stage Discovery Proposal Negotiation" in html
    assert "Owner Olga Olga Rita" in html


def test_without_any_facts_there_is_no_table() -> None:
    """A row of dashes helps nobody."""
    text, html = _both(_mail())
    assert "Revenue" not in text + html
    assert "When said" not in html


def test_a_correction_says_what_to_say_now() -> None:
    """No links for the customer, nothing that invites to announce it; the reason is the rep's."""
    of = ship(withdrawn_at=SHIPPED + timedelta(days=1), withdrawn_why="re-opened: data loss")
    view = _view(tell=tell(kind="correction"), ship=of, customer_knows=True)
    mail = _mail(view)
    assert mail.subject == "Taken back: Single sign-on (tell Acme)"
    for part in _both(mail):
        assert "taken back on 4 March 2026: it is not available." in part
        assert "The customer has been told that it is available. Say now:" in part
        assert "It has been taken back for now" in part
        assert "re-opened: data loss" in part
        assert "Does it solve" not in part
    assert not [url for url in _seen(mail).links if url.startswith("https://loop.example")]


def test_a_correction_for_a_customer_who_knows_nothing_says_to_keep_quiet() -> None:
    """The draft is there for the case that somebody spoke."""
    view = _view(tell=tell(kind="correction"), ship=ship(withdrawn_at=NOW))
    for part in _both(_mail(view)):
        assert "Do not tell the customer that it is available." in part


def test_the_words_of_one_contact_are_not_drafted_to_another() -> None:
    """Two people spoke, so the draft greets nobody by name and quotes nobody."""
    remarks = [linked(1, words="Secret of Dana"), linked(2, words="Secret of Bo", who="Bo")]
    mail = _mail(_view(remarks=remarks))
    draft = mail.text[mail.text.index("Ready to send") :]
    assert "Secret" not in draft
    assert "Hello," in draft


def test_one_mail_holds_several_epics_and_accounts_whatever_their_order() -> None:
    """Sorted by weight: what is taken back stands first, also in the subject."""
    views = [
        _view(),
        _view(tell=tell("t2", account_id="globex"), account_name="Globex"),
        _view(
            tell=tell("t3", kind="correction", account_id="initech"),
            account_name="Initech",
            epic=epic(summary="CSV export", key="PROD-7"),
            ship=ship(withdrawn_at=NOW),
        ),
    ]
    mail = _mail(*views)
    assert mail == _mail(*reversed(views))
    assert mail.subject == (
        "Taken back: CSV export (tell Initech); "
        "Shipped: Single sign-on, which Acme and Globex asked for"
    )
    assert mail.text.index("Initech") < mail.text.index("Acme") < mail.text.index("Globex")


def test_a_very_large_mail_shows_the_rest_in_one_line_each() -> None:
    """A queue that a person reads may hold thousands."""
    views = [
        _view(tell=tell(f"t{n}", account_id=f"a{n}"), account_name=f"Account {n:03}")
        for n in range(MOST_IN_FULL + 100)
    ]
    mail = _mail(*views)
    for part in _both(mail):
        assert "Account 124" in part
        assert "100 more" in part
    assert mail.text.count("Ready to send") == MOST_IN_FULL
    assert len(mail.subject) <= 150


@pytest.mark.parametrize(
    ("account_id", "shown"),
    [("domain:globex.example", "globex.example"), ("remark:zendesk:1", "an unknown account")],
)
def test_a_customer_the_crm_does_not_know_is_named_by_what_is_known(
    account_id: str, shown: str
) -> None:
    """Never by an id that means nothing to a person."""
    mail = _mail(_view(tell=tell(account_id=account_id), account_name=""))
    assert shown in mail.subject
    assert account_id not in mail.text


def test_availability_is_said_with_the_readers_own_account() -> None:
    """For Acme and how many others, not which."""
    mail = _mail(_view(ship=ship(accounts=("acme", "globex", "initech"))))
    assert "Available for: Acme and 2 other accounts" in mail.text
    assert "globex" not in mail.text


def test_a_deal_is_shown_with_its_date() -> None:
    """In the words that people speak of deals."""
    now = Snapshot(
        account=account(), deal=deal("d1", amount_cents=5_000_00, closes_on=date(2026, 3, 28))
    )
    text, _ = _both(_mail(_view(present=now)))
    assert "Closes: - / - / 28 March 2026 (changed)" in text
    assert "Amount: - / - / 5,000 (changed)" in text
