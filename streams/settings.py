"""Every setting, read once into one frozen Struct, from the environment and one TOML file.

The environment wins. A field ``hold_s`` is ``CLOSELOOP_HOLD_S`` in the environment and ``hold_s``
in the file that ``CLOSELOOP_CONFIG`` names; the few names that other tools use as well
(``DATABASE_URL``, ``KAFKA_BOOTSTRAP_SERVERS``) are read under those. Unknown or wrong settings stop
the start with every fault at once. ``docs/settings.md`` lists them and is tested against this file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from schemas.errors import BadSettings
from streams.tell.staff import domain_fault

PREFIX = "CLOSELOOP_"
SHARED_NAMES = {
    "DATABASE_URL": "database_url",
    "KAFKA_BOOTSTRAP_SERVERS": "bootstrap_servers",
    "SENDGRID_API_KEY": "sendgrid_api_key",
}
PROCESS_NAMES = frozenset({"CONFIG", "KILL_AT", "CACHE", "PRISM"})
"""Read by others than this file: where the file is, the chaos tests' probe, the caches."""

Seconds = Annotated[float, Meta(ge=0, le=366 * 24 * 3600)]
Port = Annotated[int, Meta(ge=0, le=65535)]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be set. An empty text means: not configured.

    Attributes:
        bootstrap_servers: the Kafka to use; empty: ``closeloop up`` starts one.
        database_url: the PostgreSQL to use; empty: ``closeloop up`` starts one.
        home: where the embedded parts keep their data, and where commands find a running ``up``.
        public_url: where customers and reps reach the gateway; stands in every link we send.
        gateway_host, gateway_port: what the gateway listens on.
        metrics_port: of the worker; 0 for none.
        upstream_sources: names that may stand as `origin` of remarks published straight to Kafka.
        typeform_secret, zendesk_secret, hubspot_secret, jira_webhook_secret: of each vendor's
            signature; a source without its secret answers 503.
        sendgrid_public_key: of the event webhook, as SendGrid shows it.
        reply_secret: signs the links in our mails; at least 16 characters.
        api_token: the bearer token of the triage API; at least 16 characters; empty: no API.
        jira_url, jira_email, jira_token: the Jira Cloud site and whom we are there; issues that
            remarks link to on other hosts are only suggested.
        jira_projects: keys of the projects that hold epics; empty means all that we may see.
        sendgrid_api_key: sends by SendGrid; it goes before SMTP.
        sendgrid_host: where its API is.
        smtp_url: ``smtp://user:password@host:port`` or ``smtps://``.
        mail_from: the address that mails come from.
        unowned_email: who gets what nobody owns.
        staff_domains: our own mail domains: who passes a remark on from an address there is told,
            also where the CRM does not know them.
        hold_s: how long a ship settles before anyone is told.
        ship_without_version: an issue resolved as done ships even if it names no fix version.
        digest_s: how long tells are gathered into one mail.
        resend_after_s: how long a mail may be ``sending`` before it is sent again.
        evidence_after_s: how long an issue's demand is gathered before Jira is shown it.
        tick_s: how often what is due is looked for.
        reply_valid_s: how long a link in a mail can be used.
        link_tier: ``quality`` asks the sentence model what the word vectors leave open; it needs
            the extra ``minilm``.
        link_precision, link_risk: of the links made by likeness so many are right, but for a chance
            of so much that the audits mislead.
        audit_share: of what likeness decides, how much a person is asked however sure it is.
        docs_url: what a mail names where a ship names no page of its own.
        log_json: one JSON object a line instead of text.
    """

    bootstrap_servers: str = ""
    database_url: str = ""
    home: Annotated[str, Meta(min_length=1)] = ".closeloop"
    public_url: str = "http://127.0.0.1:8080"
    gateway_host: str = "127.0.0.1"
    gateway_port: Port = 8080
    metrics_port: Port = 0
    upstream_sources: tuple[str, ...] = ("upstream",)
    typeform_secret: str = ""
    zendesk_secret: str = ""
    hubspot_secret: str = ""
    jira_webhook_secret: str = ""
    sendgrid_public_key: str = ""
    reply_secret: Annotated[str, Meta(pattern=r"^(.{16,})?$")] = ""
    api_token: Annotated[str, Meta(pattern=r"^(.{16,})?$")] = ""
    jira_url: str = ""
    jira_email: str = ""
    jira_token: str = ""
    jira_projects: tuple[str, ...] = ()
    sendgrid_api_key: str = ""
    sendgrid_host: str = "https://api.sendgrid.com"
    smtp_url: str = ""
    mail_from: str = "closeloop@localhost"
    unowned_email: str = ""
    staff_domains: tuple[str, ...] = ()
    hold_s: Seconds = 15 * 60
    digest_s: Seconds = 60 * 60
    resend_after_s: Seconds = 6 * 60 * 60
    ship_without_version: bool = False
    evidence_after_s: Seconds = 5 * 60
    tick_s: Annotated[float, Meta(ge=0.05, le=3600)] = 1.0
    reply_valid_s: Seconds = 90 * 24 * 3600
    link_tier: Literal["fast", "quality"] = "fast"
    link_precision: Annotated[float, Meta(ge=0.5, le=0.99)] = 0.9
    link_risk: Annotated[float, Meta(ge=0.01, le=0.5)] = 0.1
    audit_share: Annotated[float, Meta(ge=0.01, le=1)] = 0.1
    docs_url: str = ""
    log_json: bool = False


SECRETS = frozenset(
    {
        "typeform_secret",
        "zendesk_secret",
        "hubspot_secret",
        "jira_webhook_secret",
        "reply_secret",
        "api_token",
        "jira_token",
        "sendgrid_api_key",
        "smtp_url",
        "database_url",
    }
)


def load(environ: Mapping[str, str]) -> Settings:
    """The settings that file and environment say.

    Raises:
        BadSettings: the start is refused; lists every fault, and never shows a secret.
    """
    faults: list[str] = []
    said = {**_from_file(environ.get(f"{PREFIX}CONFIG"), faults), **_from_environment(environ)}
    known = {field.name: field for field in msgspec.structs.fields(Settings)}
    checked: dict[str, Any] = {}
    for name, value in said.items():
        if name not in known:
            faults.append(f"{name}: no such setting{_nearest(name, known)}")
            continue
        try:
            checked[name] = _convert(value, known[name].type)
        except msgspec.ValidationError as error:
            faults.append(f"{name}: {error}")
    faults += _staff_faults(checked.get("staff_domains", ()))
    if faults:
        raise BadSettings(faults)
    return Settings(**checked)


def shown(settings: Settings) -> dict[str, object]:
    """Setting -> value for people's eyes: a secret says only whether it is set."""
    said = msgspec.structs.asdict(settings)
    return {
        name: value if name not in SECRETS else "(set)" if value else ""
        for name, value in said.items()
    }


def _from_file(path: str | None, faults: list[str]) -> dict[str, Any]:
    if not path:
        return {}
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        faults.append(f"{PREFIX}CONFIG: {path}: {error}")
        return {}


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    ours = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environ.items()
        if name.startswith(PREFIX) and name.removeprefix(PREFIX) not in PROCESS_NAMES
    }
    shared = {field: environ[name] for name, field in SHARED_NAMES.items() if environ.get(name)}
    return {**shared, **ours}


def _convert(value: Any, kind: Any) -> Any:
    """A text from the environment or a value from TOML as the setting's type."""
    if isinstance(value, str) and "tuple" in str(kind):
        value = tuple(part.strip() for part in value.split(",") if part.strip())
    return msgspec.convert(value, kind, strict=False)


def _staff_faults(domains: tuple[str, ...]) -> list[str]:
    found = [(domain, domain_fault(domain)) for domain in domains]
    return [f"staff_domains: {domain!r} {fault}" for domain, fault in found if fault]


def _nearest(name: str, known: Mapping[str, object]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]}?" if near else ""
