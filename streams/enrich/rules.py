"""Whose remark it is: what can be said of it without asking anyone. Pure."""

from __future__ import annotations

_FREE_MAIL = """
    gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com ymail.com
    icloud.com me.com mac.com aol.com gmx.net gmx.de gmx.com web.de t-online.de freenet.de
    mail.com mail.ru yandex.ru yandex.com proton.me protonmail.com pm.me zoho.com fastmail.com
    tutanota.com hey.com qq.com 163.com 126.com naver.com orange.fr free.fr laposte.net
    libero.it virgilio.it comcast.net verizon.net att.net btinternet.com sky.com
"""
FREE_MAIL = frozenset(_FREE_MAIL.split())
"""Mail domains that say nothing about the company: whoever writes from one has no account by it."""


def domain_of(email: str | None) -> str | None:
    """The company's mail domain, in lower case; None without one and for a free-mail provider."""
    if not email:
        return None
    domain = email.rpartition("@")[2].lower().rstrip(".")
    return None if not domain or domain in FREE_MAIL else domain
