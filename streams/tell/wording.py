"""How a mail writes dates, money, long words and its subject. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from schemas.events import TellKind
from sinks.mail.compose import one_line

LONGEST_WORDS = 1_200
"""Characters of a customer's words that a mail quotes; the rest is behind the source's link."""
LONGEST_SUBJECT = 150
NOTHING = "-"
_HUNDREDTHS = 100


def day(when: date) -> str:
    """``3 March 2026``; an instant is written as its day in UTC."""
    return f"{when.day} {when:%B %Y}"


def money(cents: int | None, currency: str | None) -> str:
    """``EUR 1,234``: whole units, as people speak of deals."""
    if cents is None:
        return ""
    return f"{currency or ''} {round(cents / _HUNDREDTHS):,}".strip()


def cut(words: str, longest: int = LONGEST_WORDS) -> str:
    """The words, or their beginning and a mark that says how much is missing."""
    if len(words) <= longest:
        return words
    head = words[:longest].rstrip()
    return f"{head} […cut, {len(words) - len(head):,} more characters]"


def safe_url(url: str | None) -> str:
    """The address if it is one of the web; else empty, so that nothing else becomes a link."""
    return url if url and url.lower().startswith(("https://", "http://")) else ""


def named(names: Sequence[str], most: int = 2) -> str:
    """``Acme, Globex and 3 more``; each once, in their order."""
    once = list(dict.fromkeys(names))
    shown, rest = once[:most], len(once) - most
    if rest > 0:
        return f"{', '.join(shown)} and {rest} more"
    return " and ".join(shown)


def subject(told: Sequence[tuple[TellKind, str, str]]) -> str:
    """What matters most of all that the mail says.

    Args:
        told: (kind, title of the epic, account) of each tell, the weightiest first.
    """
    back = [one for one in told if one[0] == "correction"]
    good = [one for one in told if one[0] != "correction"]
    parts = [_taken_back(back)] if back else []
    parts += [_shipped(good)] if good else []
    line = one_line("; ".join(parts))
    return line if len(line) <= LONGEST_SUBJECT else line[: LONGEST_SUBJECT - 1].rstrip() + "…"


def _taken_back(told: Sequence[tuple[TellKind, str, str]]) -> str:
    titles, accounts = named([one[1] for one in told], 1), named([one[2] for one in told])
    return f"Taken back: {titles} (tell {accounts})"


def _shipped(told: Sequence[tuple[TellKind, str, str]]) -> str:
    titles, accounts = named([one[1] for one in told], 1), named([one[2] for one in told])
    word = "Shipped" if any(one[0] == "shipped" for one in told) else "Already available"
    return f"{word}: {titles}, which {accounts} asked for"
