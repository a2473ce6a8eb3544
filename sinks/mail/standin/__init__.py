"""A small, stateful stand-in of SendGrid, for the demo and for tests.

It takes mails into a folder, reports on them over the signed event webhook, and has pages and a
control surface of its own under ``/_demo/``. Run it with ``python -m sinks.mail.standin --help``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from litestar import Litestar
from litestar.di import Provide
from litestar.exceptions import NotAuthorizedException

from sinks.http.standin.deliver import PAUSES_S
from sinks.http.standin.faults import Faults
from sinks.mail.standin import api, demo
from sinks.mail.standin.box import Box
from sinks.mail.standin.events import Reporter
from sinks.mail.standin.world import World
from sinks.mail.verify import new_private_key, public_text_of


def sendgrid_app(  # noqa: PLR0913 plain settings, by name
    folder: Path,
    *,
    webhook_url: str | None = None,
    api_key: str | None = None,
    scopes: Sequence[str] = api.SCOPES,
    has_verified_sender: bool = True,
    private_key: EllipticCurvePrivateKey | None = None,
    times: int = 1,
    bounces: Sequence[str] = (),
    pauses_s: Sequence[float] = PAUSES_S,
) -> Litestar:
    """A new stand-in over a folder of mails.

    Args:
        folder: where mails are kept; made with the first.
        webhook_url: where reports go; None keeps them back.
        api_key: who is let in; None lets in whoever brings any.
        scopes: what the key may.
        has_verified_sender: whether the account has one.
        private_key: signs the reports; a new one where None.
        times: how often each report is posted.
        bounces: addresses whose mails bounce.
        pauses_s: between the tries of a report.
    """
    key = private_key or new_private_key()
    reporter = Reporter(key, webhook_url, times=times, bounces=bounces, pauses_s=pauses_s)
    world = World(
        box=Box(folder),
        reporter=reporter,
        faults=Faults(),
        api_key=api_key,
        scopes=list(scopes),
        has_verified_sender=has_verified_sender,
        public_key=public_text_of(key),
    )
    return Litestar(
        [*api.ROUTES, *demo.ROUTES],
        dependencies={"world": Provide(lambda: world, sync_to_thread=False)},
        middleware=[world.faults.middleware],
        lifespan=[reporter.webhooks.lifespan],
        exception_handlers={NotAuthorizedException: api.unauthorized},
        openapi_config=None,
        logging_config=None,  # the process belongs to the caller, and so does its logging
    )
