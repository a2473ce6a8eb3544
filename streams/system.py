"""The whole system on one machine: whatever is not configured is started here, and stopped again.

Used by ``closeloop up``, by the demo, and by the tests that need all of it. Broker, database,
gateway and workers are processes of their own behind a watchdog, so that none outlives this one;
the stand-ins of Jira and SendGrid run in threads.
"""

from __future__ import annotations

import secrets
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import msgspec

from deploy.embedded.kafka import EmbeddedKafka
from deploy.embedded.postgres import EmbeddedPostgres
from deploy.embedded.process import Launch, ServerProcess
from deploy.embedded.wire import free_ports
from sinks.http.standin.serve import serving
from sinks.jira.standin import jira_app
from sinks.kafka.admin import create_missing
from sinks.mail.standin import sendgrid_app
from sinks.mail.verify import new_private_key, public_text_of
from sinks.store.migrations import migrate
from sinks.store.postgres.store import named_faults
from streams.settings import PREFIX, Settings

READY_WITHIN_S = 60.0
STOPS = ((signal.SIGTERM, 15.0), (signal.SIGKILL, 5.0))
SECRETS = (
    "typeform_secret",
    "zendesk_secret",
    "hubspot_secret",
    "jira_webhook_secret",
    "reply_secret",
)
Say = Callable[[str], None]


class System:
    """Every part, by name.

    Attributes:
        settings: complete: what was missing is filled in with what was started.
        kafka, postgres: the embedded ones; None where yours are used.
        jira_url, mail_url: the stand-ins' addresses; None where the real ones are used.
        workers: one process each; `add_worker` starts another.
    """

    def __init__(self, settings: Settings, home: Path) -> None:
        self.home = home
        self.settings = msgspec.structs.replace(settings, home=str(home.resolve()))
        self.kafka: EmbeddedKafka | None = None
        self.postgres: EmbeddedPostgres | None = None
        self.jira_url: str | None = None
        self.mail_url: str | None = None
        self.gateway = ServerProcess(home, "gateway")
        self.workers: list[ServerProcess] = []
        self._numbers = count(1)
        self._stack = ExitStack()

    @property
    def gateway_url(self) -> str:
        """Where the gateway listens, as seen from here."""
        return f"http://{self.settings.gateway_host}:{self.settings.gateway_port}"

    def set(self, **settings: Any) -> None:
        """Fill in settings."""
        self.settings = msgspec.structs.replace(self.settings, **settings)

    def environment(self, **more: str) -> dict[str, str]:
        """The settings as a child process reads them."""
        default = Settings()
        said = {}
        for name in Settings.__struct_fields__:
            value = getattr(self.settings, name)
            if value != getattr(default, name):
                text = ",".join(value) if isinstance(value, tuple) else str(value)
                said[f"{PREFIX}{name.upper()}"] = text
        return {**said, **more}

    def start_worker(self, **environment: str) -> ServerProcess:
        """Another worker; `environment` is added to what it is told."""
        process = ServerProcess(self.home, f"worker-{next(self._numbers)}")
        self._run(process, "worker", environment)
        self.workers.append(process)
        return process

    def start_gateway(self) -> None:
        """The gateway, ready to take deliveries."""
        self._run(self.gateway, "gateway", {})
        self.gateway.wait_ready(self._gateway_answers, READY_WITHIN_S)

    def stop(self) -> None:
        """Everything, the parts that others need last; safe to repeat."""
        _stop_at_once(self.gateway, *self.workers)
        self._stack.close()
        _stop_at_once(*(part for part in (self.kafka, self.postgres) if part is not None))

    def _run(self, process: ServerProcess, command: str, more: Mapping[str, str]) -> None:
        line = [sys.executable, "-m", "streams.commands", command]
        process.start(lambda: Launch(line, STOPS, env=self.environment(**more)))
        self._stack.callback(process.stop)

    def _gateway_answers(self) -> bool:
        try:
            return httpx.get(f"{self.gateway_url}/health/ready", timeout=5).is_success
        except httpx.TransportError:
            return False


def _stop_at_once(*parts: ServerProcess | EmbeddedKafka | EmbeddedPostgres) -> None:
    """Stop parts that do not need each other; nothing happens to one that does not run."""
    with ThreadPoolExecutor(len(parts) or 1) as pool:
        stopping = [pool.submit(part.stop) for part in parts]
    for each in stopping:
        each.result()


@contextmanager
def started(settings: Settings, home: Path, say: Say, *, workers: int = 1) -> Iterator[System]:
    """The system, running; stopped when the ``with`` ends, however it ends."""
    home.mkdir(parents=True, exist_ok=True)
    system = System(settings, home)
    try:
        _start_servers(system, say)
        _start_standins(system, say)
        with named_faults():
            migrate(system.settings.database_url)
        create_missing(system.settings.bootstrap_servers)
        say("Store and topics are there; starting gateway and worker.")
        for _ in range(workers):
            system.start_worker()
        system.start_gateway()
        yield system
    finally:
        system.stop()


def _start_servers(system: System, say: Say) -> None:
    """Broker and database at the same time, where none is configured."""
    with ThreadPoolExecutor(2) as pool:
        waiting = []
        if not system.settings.bootstrap_servers:
            say("Starting Kafka (the first time, this fetches it).")
            system.kafka = EmbeddedKafka(system.home, say=say)
            waiting.append(pool.submit(system.kafka.start))
        if not system.settings.database_url:
            say("Starting PostgreSQL.")
            system.postgres = EmbeddedPostgres(system.home)
            waiting.append(pool.submit(system.postgres.start))
        for each in waiting:
            each.result()
    if system.kafka is not None:
        system.set(bootstrap_servers=system.kafka.bootstrap_servers)
    if system.postgres is not None:
        system.set(database_url=system.postgres.url)


def _start_standins(system: System, say: Say) -> None:
    """Secrets that nobody set, and stand-ins of the vendors that are not configured."""
    kept = kept_secrets(system.home)
    system.set(**{name: kept[name] for name in SECRETS if not getattr(system.settings, name)})
    if not system.settings.gateway_port:
        (port,) = free_ports(1)
        system.set(gateway_port=port, public_url=f"http://127.0.0.1:{port}")
    hooks = f"{system.gateway_url}/v1/sources"
    if not system.settings.jira_url:
        app = jira_app(
            projects=("APP",),
            webhook_url=f"{hooks}/jira",
            webhook_secret=system.settings.jira_webhook_secret,
        )
        system.jira_url = system._stack.enter_context(serving(app))  # noqa: SLF001
        login = {"jira_email": "demo@closeloop.example", "jira_token": "demo"}
        system.set(jira_url=system.jira_url, **login)
        say(f"No Jira is configured: a stand-in answers at {system.jira_url}")
    if not system.settings.sendgrid_api_key and not system.settings.smtp_url:
        _start_mail(system, f"{hooks}/sendgrid", say)


def _start_mail(system: System, webhook: str, say: Say) -> None:
    key = new_private_key()
    app = sendgrid_app(system.home / "mails", webhook_url=webhook, private_key=key)
    system.mail_url = system._stack.enter_context(serving(app))  # noqa: SLF001
    system.set(
        sendgrid_api_key="demo",
        sendgrid_host=system.mail_url,
        sendgrid_public_key=public_text_of(key),
    )
    say(f"No mail provider is configured: mails are kept at {system.mail_url}/_demo/mails")


def kept_secrets(home: Path) -> dict[str, str]:
    """Secrets made up at the first start and kept in `home`, readable by nobody else."""
    path = home / "secrets.json"
    kept = msgspec.json.decode(path.read_bytes(), type=dict[str, str]) if path.exists() else {}
    missing = {name: secrets.token_urlsafe(24) for name in SECRETS if name not in kept}
    if missing:
        path.touch(mode=0o600, exist_ok=True)
        path.write_bytes(msgspec.json.encode({**kept, **missing}))
    return {**missing, **kept}
