"""Apache Kafka as a child process: a real broker, ready in about a second."""

import signal
from pathlib import Path
from typing import Self

from deploy.embedded import broker, wire
from deploy.embedded.broker import TunedFor
from deploy.embedded.cache import Say, to_stderr
from deploy.embedded.errors import NotRunning
from deploy.embedded.machine import machine
from deploy.embedded.process import Launch, ServerProcess

STOPS = ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0))


class EmbeddedKafka:
    """One broker whose data stay in `home`. May be started again after `stop` or `kill`.

    Its port is chosen at the first start and stays for this object's life, so that clients find the
    broker again. Another object on the same home gets the same data on another port.
    """

    def __init__(
        self,
        home: Path,
        *,
        memory: str = "512m",
        tuned_for: TunedFor = "start",
        port: int | None = None,
        say: Say = to_stderr,
    ) -> None:
        """Nothing runs yet. `memory` is Java's heap; `port` None means any free one."""
        self.home = home.resolve()
        self._memory, self._tuned_for, self._say = memory, tuned_for, say
        self._port = port
        self._process = ServerProcess(self.home, "kafka")

    @property
    def bootstrap_servers(self) -> str:
        """Host and port for clients, `127.0.0.1:PORT`.

        Raises:
            NotRunning: it was never started, so that no port is chosen yet.
        """
        if self._port is None:
            raise NotRunning(f"kafka in {self.home} has no port yet; start it first")
        return f"{wire.LOCAL}:{self._port}"

    @property
    def pid(self) -> int:
        """The broker's pid. Raises NotRunning when it does not run."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the broker's process runs at this moment."""
        return self._process.alive

    def start(self, timeout_s: float = 60) -> None:
        """Start the broker and wait until it serves clients.

        Effects: on this machine's first start, 44 MB of jars are fetched into the user's cache.

        Raises:
            AlreadyRunning: another server uses the home; nothing was touched.
            ServerFailed: it died or did not answer in `timeout_s`; quotes its log; it is stopped.
            WrongJar: a download is not what was pinned; nothing was started.
        """
        self._process.start(self._prepare)
        port = self._port or 0
        self._process.wait_ready(lambda: wire.lists_itself(port), timeout_s)

    def _prepare(self) -> Launch:
        ready = machine(self._say)
        data, config = self.home / "kafka-data", self.home / "server.properties"
        ready.format_home(data)
        if self._port is None:
            (self._port,) = wire.free_ports(1)
        (controller_port,) = wire.free_ports(1)
        text = broker.settings(data, self._port, controller_port, self._tuned_for)
        config.write_text(text, encoding="ascii")
        java = ready.java(f"-Xmx{self._memory}", *broker.JVM[self._tuned_for])
        return Launch([*java, "kafka.Kafka", str(config)], STOPS)

    def stop(self) -> None:
        """Stop in order: SIGTERM, and SIGKILL after 10 s. Nothing happens when it does not run."""
        self._process.stop()

    def kill(self) -> None:
        """SIGKILL, for chaos: `start` then brings it back on the same port with the same data."""
        self._process.kill()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
