"""Drafts what the rep says to the customer; only the customer's own words stand in it. Pure."""

from __future__ import annotations

import msgspec

from sinks.mail.compose import one_line
from sinks.store.rows import Words
from streams.tell.views import TellView
from streams.tell.wording import cut, day

LONGEST_QUOTE = 280


class Answer(msgspec.Struct, frozen=True):
    """A link that the customer can follow."""

    label: str
    url: str


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A message, ready to send: paragraphs, then the links, then the end."""

    to: str
    paragraphs: tuple[str, ...]
    answers: tuple[Answer, ...]
    end: str


def draft(view: TellView, title: str, docs_url: str, rep_name: str) -> Draft:
    """The message to the customer that this tell asks for."""
    contact = _contact(view)
    name = one_line(contact.customer_name or "") if contact else ""
    greeting = f"Hi {name}," if name else "Hello,"
    end = f"Best regards\n{one_line(rep_name)}"
    to = (contact.customer_email or "") if contact else ""
    if view.tell.kind == "correction":
        return Draft(to=to, paragraphs=(greeting, *_sorry(title)), answers=(), end=end)
    said = _said(view, contact)
    asked = "Does it solve the problem for you? One click tells us:"
    news = _news(view, title, docs_url)
    return Draft(to=to, paragraphs=(greeting, said, news, asked), answers=_answers(view), end=end)


def _answers(view: TellView) -> tuple[Answer, ...]:
    return (
        Answer("Yes, it is solved", view.links.solved),
        Answer("No, not yet", view.links.not_solved),
    )


def _contact(view: TellView) -> Words | None:
    """The one person who spoke; None where several did: none is to read another's words."""
    spoke = [item.words for item in view.remarks if item.words is not None]
    people = {(words.customer_email or "", words.customer_name or "") for words in spoke}
    return spoke[0] if len(people) == 1 else None


def _said(view: TellView, contact: Words | None) -> str:
    if contact is None or not view.remarks:
        return "You told us what you were missing. We listened:"
    when = day(view.remarks[0].remark.said_at)
    words = " ".join(contact.words.split())
    short = words if len(words) <= LONGEST_QUOTE else words[:LONGEST_QUOTE].rstrip() + "…"
    return f"On {when} you told us: “{short}”"


def _news(view: TellView, title: str, docs_url: str) -> str:
    what = cut(view.ship.what.strip()) or title
    now = "This has been available" if view.tell.kind == "available" else "This is now available"
    since = f" since {day(view.ship.shipped_at)}" if view.tell.kind == "available" else ""
    more = f"\nHow it works: {docs_url}" if docs_url else ""
    return f"{now}{since}: {what}{more}"


def _sorry(title: str) -> tuple[str, str]:
    told = f"I told you that this was available: {title}."
    back = "It has been taken back for now, and I wanted you to hear that from me."
    return (f"{told} {back}", "I will write again as soon as you can use it.")
