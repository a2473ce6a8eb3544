"""What the pages behind our links say, and the headers that keep them to themselves. Pure."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from streams.verify.tokens import Action

TEMPLATES = Path(__file__).parent / "templates"


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page; without a `button` nothing can be done on it.

    Attributes:
        asks_comment: there is room to write something.
        tone: ``ask``, ``good`` or ``bad``.
    """

    status: int = 200
    title: str
    text: str
    button: str = ""
    asks_comment: bool = False
    tone: str = "ask"


_QUESTIONS: Mapping[Action, Page] = {
    "acknowledged": Page(
        title="Will you tell the customer?",
        text="Then we know that this has reached the right person.",
        button="Yes, I will tell them",
    ),
    "customer_told": Page(
        title="Have you told the customer?",
        text="Then we wait for the customer's own answer and ask you nothing more.",
        button="Yes, I told the customer",
    ),
    "solved": Page(
        title="Is it solved for you?",
        text="Thank you for trying it. One press, and everyone who worked on it knows.",
        button="Yes, it is solved",
    ),
    "not_solved": Page(
        title="Not solved yet?",
        text="Thank you for saying so. If you like, write what is still missing.",
        button="It is not solved yet",
        asks_comment=True,
    ),
}
_DONE: Mapping[Action, Page] = {
    "acknowledged": Page(title="Noted", text="You will tell the customer.", tone="good"),
    "customer_told": Page(
        title="Thank you", text="It is noted that the customer has been told.", tone="good"
    ),
    "solved": Page(title="Thank you", text="We are glad that it is solved for you.", tone="good"),
    "not_solved": Page(
        title="Thank you", text="It is noted that this is not solved for you yet.", tone="good"
    ),
}
EVIDENCE = Page(
    title="Asked for by customers",
    text="The numbers on the issue count the remarks that are linked to it, the customers they came"
    " from, and the band of those customers' yearly revenue together. Who they are and what they"
    " said is not written to Jira: ask whoever runs Closeloop, who sees it with"
    " “closeloop loop list” and “closeloop triage list”.",
    tone="good",
)
_REFUSALS: Mapping[int, Page] = {
    400: Page(
        status=400,
        title="This link does not work",
        text="It may have been cut in two on its way. Please open it from the mail once more.",
        tone="bad",
    ),
    408: Page(
        status=408,
        title="That took too long",
        text="Your answer did not arrive. Please go back and try again.",
        tone="bad",
    ),
    410: Page(
        status=410,
        title="This link is too old",
        text="Please answer the person who sent it to you instead.",
        tone="bad",
    ),
    413: Page(
        status=413,
        title="That was too long",
        text="Please go back and write a little less.",
        tone="bad",
    ),
    503: Page(
        status=503,
        title="Not now",
        text="Your answer could not be kept. Please try again in a few minutes.",
        tone="bad",
    ),
}


def question(action: Action) -> Page:
    """What a link would do, and the button that does it."""
    return _QUESTIONS[action]


def done(action: Action) -> Page:
    """What has been done; the same however often."""
    return _DONE[action]


def refusal(status: int) -> Page:
    """Why nothing is done, in words that give nothing away."""
    return _REFUSALS[status]


def render(page: Page) -> tuple[str, dict[str, str]]:
    """The page as HTML, and its headers."""
    html = _environment().get_template("page.html.j2").render(page=page, style=_style())
    retry = {"Retry-After": "60"} if page.status == 503 else {}  # noqa: PLR2004 - HTTP's own number
    return html, {**_headers(), **retry}


@cache
def _headers() -> dict[str, str]:
    """Nothing is run, kept, indexed, framed or told to others: the address is the capability."""
    style = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    rules = f"default-src 'none'; style-src 'sha256-{style}'; form-action 'self'"
    return {
        "Content-Security-Policy": f"{rules}; base-uri 'none'; frame-ancestors 'none'",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex, nofollow, noarchive",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


@cache
def _style() -> str:
    return (TEMPLATES / "page.css").read_text(encoding="utf-8").strip()


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
