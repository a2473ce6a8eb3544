"""Who counts as one of our own people, where the CRM does not know them. Pure.

Anybody can type an address into a form, and whoever is told reads a customer's name, words and
revenue. So an address alone proves nothing: its domain must be one that the settings name. What is
compared is what is written to: the domain in ASCII, so that no two spellings of one address mean
different domains to us and to the mail provider.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from streams.enrich.rules import FREE_MAIL

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}", re.ASCII)
_LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII)


class House(msgspec.Struct, frozen=True, kw_only=True):
    """What settings say of our own people.

    Attributes:
        staff_domains: mail domains, as `ascii_domain` writes them, whose addresses are ours.
        unowned_email: who gets what nobody owns; may be empty.
    """

    staff_domains: frozenset[str] = frozenset()
    unowned_email: str = ""

    def is_staff(self, address: str) -> bool:
        """Whether a plain address is at one of our domains; a domain below one is another."""
        _, at, domain = address.rpartition("@")
        return bool(at) and domain in self.staff_domains


def house(staff_domains: Iterable[str], unowned_email: str) -> House:
    """From the settings as they are written, which `domain_fault` has looked at."""
    ours = (ascii_domain(domain) for domain in staff_domains)
    return House(
        staff_domains=frozenset(domain for domain in ours if domain), unowned_email=unowned_email
    )


def ascii_domain(text: str) -> str | None:
    """The domain in lower-case ASCII (``xn--``); None where that is not surely the same domain.

    Some letters (German sharp s, Greek final sigma) became others in the first standard for
    international names and did not in the second: two owners, so they count as none.
    """
    lower = text.lower()
    try:
        name = lower if lower.isascii() else lower.encode("idna").decode("ascii")
        is_same = lower.isascii() or name.encode("ascii").decode("idna") == lower
    except UnicodeError:
        return None
    return name if is_same and len(name) <= 253 and _DOMAIN.fullmatch(name) else None  # noqa: PLR2004 - RFC 1035


def plain_address(email: str) -> str | None:
    """The address in lower-case ASCII, as it can be written to; None where it is no plain one."""
    local, at, domain = email.strip().lower().rpartition("@")
    name = ascii_domain(domain)
    return f"{local}@{name}" if at and name and _LOCAL.fullmatch(local) else None


def untagged(address: str) -> str:
    """The mailbox behind a plus-address: ``rita+form@us.example`` is ``rita@us.example``."""
    local, at, domain = address.rpartition("@")
    return f"{local.partition('+')[0] or local}{at}{domain}"


def domain_fault(text: str) -> str:
    """Why this cannot be one of `staff_domains`; empty where it can."""
    name = ascii_domain(text)
    if name is None and not text.isascii():
        return "is a domain that not everybody writes alike: write it as xn--..."
    if name is None:
        return "is no mail domain such as example.com: no @, no *, no address"
    if name in FREE_MAIL:
        return "is a free-mail provider's: anybody has an address there, and would be told"
    return ""
