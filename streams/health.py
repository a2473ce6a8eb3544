"""What `closeloop doctor` says of the settings, without asking anybody. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

import msgspec

from sinks.contracts import Finding
from streams.settings import Settings

State: TypeAlias = Literal["ok", "off", "wrong"]
SHORTEST_SECRET = 16


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at.

    Attributes:
        part: settings, broker, store, jira, mail, likeness, sources or links.
        state: ``off`` is a part that is not used, which is nobody's fault.
        advice: what to do; empty where nothing is to be done.
    """

    part: str
    what: str
    state: State
    advice: str = ""


def checked(part: str, finding: Finding) -> Check:
    """A part's own finding."""
    state: State = "ok" if finding.ok else "wrong"
    return Check(part=part, what=finding.what, state=state, advice=finding.advice)


def check_settings(settings: Settings) -> Iterator[Check]:
    """Everything that the settings alone tell."""
    yield from _sources(settings)
    yield from _reports(settings)
    yield from _links(settings)
    yield _queue(settings)
    yield _staff(settings)


def _sources(settings: Settings) -> Iterator[Check]:
    """A source without its secret is not used; Jira's webhook is needed where Jira is."""
    for vendor in ("typeform", "zendesk", "hubspot"):
        secret: str = getattr(settings, f"{vendor}_secret")
        name = f"CLOSELOOP_{vendor.upper()}_SECRET"
        yield _secret(f"{vendor}: webhooks", secret, name, is_needed=False)
    name = "CLOSELOOP_JIRA_WEBHOOK_SECRET"
    needed = bool(settings.jira_url)
    yield _secret("jira: webhooks", settings.jira_webhook_secret, name, is_needed=needed)


def _secret(what: str, secret: str, name: str, *, is_needed: bool) -> Check:
    if secret:
        return Check(part="sources", what=f"{what} have a secret", state="ok")
    state: State = "wrong" if is_needed else "off"
    advice = f"set {name}; until then its requests get 503"
    return Check(part="sources", what=f"{what} have no secret", state=state, advice=advice)


def _reports(settings: Settings) -> Iterator[Check]:
    if not settings.sendgrid_api_key:
        return
    if settings.sendgrid_public_key:
        yield Check(part="mail", what="SendGrid's reports can be checked", state="ok")
        return
    yield Check(
        part="mail",
        what="SendGrid's reports cannot be checked",
        state="wrong",
        advice="sign the event webhook and set CLOSELOOP_SENDGRID_PUBLIC_KEY; without reports no "
        "mail is known to have arrived, and one in doubt is sent again",
    )


def _links(settings: Settings) -> Iterator[Check]:
    yield _reply_secret(settings)
    yield _public_url(settings)


def _reply_secret(settings: Settings) -> Check:
    if len(settings.reply_secret) >= SHORTEST_SECRET:
        return Check(part="links", what="links in mails can be signed", state="ok")
    advice = f"set CLOSELOOP_REPLY_SECRET to at least {SHORTEST_SECRET} random characters"
    return Check(part="links", what="links cannot be signed", state="wrong", advice=advice)


def _public_url(settings: Settings) -> Check:
    url = settings.public_url
    fault = _url_fault(url, sends=bool(settings.sendgrid_api_key or settings.smtp_url))
    if not fault:
        return Check(part="links", what=f"links in mails lead to {url}", state="ok")
    advice = "set CLOSELOOP_PUBLIC_URL to where customers and reps reach the gateway, by https"
    return Check(part="links", what=f"public_url {url} {fault}", state="wrong", advice=advice)


def _url_fault(url: str, *, sends: bool) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return "is no URL"
    if parts.scheme not in {"http", "https"} or not host:
        return "is no http(s) URL"
    if parts.query or parts.fragment:
        return "has a query or fragment, to which no path can be added"
    if _is_local(host):
        return "is reached from this machine alone, but mails are sent" if sends else ""
    return "" if parts.scheme == "https" else "is not https: links could be read on their way"


def _is_local(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def _queue(settings: Settings) -> Check:
    if settings.unowned_email:
        return Check(part="links", what="what nobody owns has an address", state="ok")
    advice = "set CLOSELOOP_UNOWNED_EMAIL, so that customers without an owner reach a person"
    return Check(part="links", what="what nobody owns reaches nobody", state="off", advice=advice)


def _staff(settings: Settings) -> Check:
    if settings.staff_domains:
        domains = ", ".join(settings.staff_domains)
        return Check(part="links", what=f"reporters at {domains} are told", state="ok")
    return Check(
        part="links",
        what="reporters whom the CRM does not know are not told",
        state="off",
        advice="set CLOSELOOP_STAFF_DOMAINS to your own mail domains, so that support and "
        "engineering hear what became of what they passed on",
    )
