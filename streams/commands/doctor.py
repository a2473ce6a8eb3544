"""``closeloop doctor``: looks at every part, and says what to do where one is not well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import click

from schemas.errors import BadSettings, CloseloopError
from sinks.contracts import Finding, Mailer, Tracker
from streams.commands import options
from streams.commands.output import progress, show_json, show_table
from streams.commands.root import settings_of
from streams.health import Check, check_settings, checked
from streams.settings import Settings

Look = Callable[[Settings], Iterator[Check]]


@click.command()
@options.as_json
@click.pass_context
def doctor(context: click.Context, *, as_json: bool) -> int:
    """Look at settings, broker, topics, store, Jira, mail, likeness and links; say what to do.

    Exit status 1 where something is wrong. What is not used is off, and that is no fault.

    Example: closeloop doctor
    """
    checks = examine(context)
    if as_json:
        show_json(checks)
    else:
        show_table(
            ("part", "state", "what", "what to do"),
            ((one.part, one.state, one.what, one.advice) for one in checks),
        )
    return 1 if any(one.state == "wrong" for one in checks) else 0


def examine(context: click.Context) -> list[Check]:
    """Every finding; no part that is away keeps the others from being looked at."""
    try:
        settings = settings_of(context)
    except BadSettings as error:
        return [_wrong("settings", fault, "correct it; docs/settings.md") for fault in error.faults]
    checks = [Check(part="settings", what="every setting can be read", state="ok")]
    looks: dict[str, Look] = {
        "broker": look_at_broker,
        "store": look_at_store,
        "jira": look_at_jira,
        "mail": look_at_mail,
        "likeness": look_at_likeness,
        "links": check_settings,
    }
    with progress("looking", len(looks)) as advance:
        for part, look in looks.items():
            checks += guarded(part, look, settings)
            advance(1)
    return checks


def guarded(part: str, look: Look, settings: Settings) -> list[Check]:
    """What a look found; an error is a finding."""
    found: list[Check] = []
    try:
        found.extend(look(settings))
    except CloseloopError as error:
        advice = "correct the setting" if isinstance(error, BadSettings) else "see that it runs"
        found.append(_wrong(part, str(error), advice))
    return found


def look_at_broker(settings: Settings) -> Iterator[Check]:
    """Whether a broker answers, and whether its topics are as declared."""
    from sinks.kafka.admin import differences
    from streams.commands.broker import servers_of

    servers = servers_of(settings)
    found = differences(servers)
    yield Check(part="broker", what=f"{servers} answers", state="ok")
    missing = [one.topic for one in found if one.found is None]
    if missing:
        shown = ", ".join(missing[:3]) + (", ..." if len(missing) > len(missing[:3]) else "")
        yield _wrong("broker", f"{len(missing)} topics missing: {shown}", "closeloop topics create")
    for one in found:
        if one.found is not None:
            advice = f"set it to {one.wanted}; closeloop topics check"
            yield _wrong("broker", f"{one.topic}: {one.what} is {one.found}", advice)
    if not found:
        yield Check(part="broker", what="every topic is as declared", state="ok")


def look_at_store(settings: Settings) -> Iterator[Check]:
    """Whether the database answers with the schema of this version."""
    from sinks.store.migrations import advice, current, head
    from sinks.store.postgres.store import named_faults
    from streams.wiring import database_of

    url = database_of(settings)
    with named_faults():
        found = current(url)
    if found == head():
        yield Check(part="store", what=f"the schema is at {found}", state="ok")
    else:
        what = f"the schema is at {found or 'nothing'}, not at {head()}"
        yield _wrong("store", what, advice(found))


def look_at_jira(settings: Settings) -> Iterator[Check]:
    """Who we are in Jira and what we may do there."""
    from sinks.absent import NO_JIRA
    from streams.wiring import tracker_of

    if not settings.jira_url:
        yield Check(part="jira", what="no Jira is configured", state="off", advice=NO_JIRA)
        return
    for finding in _examined(tracker_of(settings)):
        yield checked("jira", finding)


def look_at_mail(settings: Settings) -> Iterator[Check]:
    """Whether the provider lets us in."""
    from streams.wiring import mailer_of

    for finding in _examined(mailer_of(settings)):
        yield checked("mail", finding)


def look_at_likeness(settings: Settings) -> Iterator[Check]:
    """Whether the tier that is set can be asked."""
    from streams.wiring import look_at_tiers

    look_at_tiers(settings)
    yield Check(part="likeness", what=f"the {settings.link_tier} tier can be asked", state="ok")


def _examined(part: Tracker | Mailer) -> list[Finding]:
    try:
        part.open()
        return part.examine()
    finally:
        with suppress(CloseloopError):
            part.close()


def _wrong(part: str, what: str, advice: str) -> Check:
    return Check(part=part, what=what, state="wrong", advice=advice)
