"""A small, stateful stand-in of Jira Cloud, for the demo and for tests.

It speaks the part of the REST API that our client calls, sends Jira's webhooks, and has a control
surface of its own under ``/_demo/``. Run it with ``python -m sinks.jira.standin --help``.
"""

from __future__ import annotations

from collections.abc import Sequence

from litestar import Litestar
from litestar.di import Provide
from litestar.exceptions import NotAuthorizedException, ValidationException

from sinks.http.standin.deliver import PAUSES_S
from sinks.http.standin.faults import Faults
from sinks.jira.standin import api, demo
from sinks.jira.standin.events import Announcer
from sinks.jira.standin.state import Refused, State, Unknown
from sinks.jira.standin.world import World, error_of, guard_of

SITE = "https://stand-in.atlassian.net"


def jira_app(  # noqa: PLR0913 plain settings, by name
    *,
    projects: Sequence[str] = ("DEMO",),
    site: str = SITE,
    webhook_url: str | None = None,
    webhook_secret: str | None = None,
    login: tuple[str, str] | None = None,
    page_size: int = 100,
    missing_rights: Sequence[str] = (),
    deployment: str = "Cloud",
    pauses_s: Sequence[float] = PAUSES_S,
) -> Litestar:
    """A new, empty stand-in; each has a memory of its own.

    Args:
        projects: keys of the projects that exist from the start.
        site: where people see it, the base of every link in its answers.
        webhook_url: where changes are announced; None keeps that back.
        webhook_secret: signs them; without one they go unsigned.
        login: e-mail and API token that are let in; None lets everybody in.
        page_size: the most issues of one search page.
        missing_rights: permission keys that the account does not have.
        deployment: what the server calls itself.
        pauses_s: between the tries of a webhook.
    """
    state, site = State(projects), site.rstrip("/")
    announcer = Announcer(state, site, webhook_url, webhook_secret, pauses_s)
    world = World(
        state=state,
        announcer=announcer,
        faults=Faults(),
        site=site,
        page_size=page_size,
        login=login,
        missing_rights=missing_rights,
        deployment=deployment,
    )
    return Litestar(
        [*api.ROUTES, *demo.ROUTES],
        dependencies={"world": Provide(lambda: world, sync_to_thread=False)},
        middleware=[world.faults.middleware],
        guards=[guard_of(login)],
        lifespan=[announcer.webhooks.lifespan],
        exception_handlers={
            Unknown: error_of(404),
            Refused: error_of(400),
            ValidationException: error_of(400),
            NotAuthorizedException: error_of(401),
        },
        openapi_config=None,
        logging_config=None,  # the process belongs to the caller, and so does its logging
    )
