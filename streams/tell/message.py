"""Renders one digest mail: everything a rep is told in one window, text and HTML alike. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from sinks.contracts import Mail
from sinks.mail.compose import one_line
from sinks.store.rows import Message
from streams.tell.entry import ERASED, Entry, by_epic, entry, weight
from streams.tell.views import TellView
from streams.tell.wording import day, subject

MOST_IN_FULL = 25
"""Tells that one mail shows in full; the rest come as one line each, so that it stays a mail."""


_BLANKS = re.compile(r"\n{3,}")


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What settings say of mails: the page named where a ship names none of its own."""

    docs_url: str = ""


def render(message: Message, views: Sequence[TellView], look: Look, now: datetime) -> Mail:
    """The mail that says all of `views`, which must not be empty, whatever their order."""
    ordered = sorted(views, key=lambda view: (weight(view), view.tell.id))
    entries = [entry(view, message.name, look.docs_url) for view in ordered]
    name = one_line(message.name)
    headline = subject([(one.kind, one.title, one.account) for one in entries])
    said = {
        "name": name,
        "subject": headline,
        "summary": _summary(entries),
        "sections": by_epic(entries[:MOST_IN_FULL]),
        "rest": entries[MOST_IN_FULL:],
        "today": day(now),
        "erased": ERASED,
    }
    return Mail(
        message_id=message.id,
        to_email=message.email,
        to_name=name,
        subject=headline,
        text=_BLANKS.sub("\n\n", _environment().get_template("digest.txt.j2").render(said)),
        html=_environment().get_template("digest.html.j2").render(said),
    )


def _summary(entries: Sequence[Entry]) -> str:
    """What the reader is asked to do, in a sentence or two."""
    back = {one.account for one in entries if one.kind == "correction"}
    good = {one.account for one in entries if one.kind != "correction"}
    taken = f"Something that you told or were to tell {_customers(back)} has been taken back."
    asked = f"{_customers(good)} asked for something that can be used now. Tell them."
    return " ".join(part for part, who in ((taken, back), (asked, good)) if who)


def _customers(accounts: Collection[str]) -> str:
    return "1 customer" if len(accounts) == 1 else f"{len(accounts)} customers"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(("html", "html.j2"), default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["lines"] = _lines
    environment.filters["quoted"] = _quoted
    return environment


def _lines(text: str) -> Markup:
    """Escaped, with the line breaks that the text has."""
    return Markup("<br>\n").join(escape(line) for line in text.splitlines())


def _quoted(text: str) -> str:
    """As a plain-text mail quotes."""
    return "\n".join(f"  > {line}" for line in text.splitlines())
