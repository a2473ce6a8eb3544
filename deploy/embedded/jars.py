"""Kafka's jars: fetched once into the user's cache, each checked against its pinned sha256.

`kafka.lock` beside this file has one line per jar: sha256, then group:artifact:version. The pins
are checked at every start: a jar that was changed in the cache is fetched again and never run.
To move to another Kafka: change `ENDPOINT` and call `relock()`.
"""

import functools
import hashlib
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.embedded.cache import Say, exclusive
from deploy.embedded.errors import WrongJar

ENDPOINT = "org.apache.kafka:kafka_2.13:4.3.1+org.slf4j:slf4j-simple:1.7.36"
LOCK = Path(__file__).with_name("kafka.lock")
DOWNLOADS = 8  # more made it slower: the registry throttles


@dataclass(frozen=True, slots=True)
class Pin:
    """One jar that the broker needs, and the only content accepted for it."""

    sha256: str
    coordinate: str

    @property
    def file_name(self) -> str:
        """As the registry names it; unique within the lock."""
        _group, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"


@functools.cache
def pins() -> tuple[Pin, ...]:
    """Every jar of the class path, in the order of the lock file."""
    lines = LOCK.read_text(encoding="utf-8").splitlines()
    return tuple(Pin(*line.split()) for line in lines if line and not line.startswith("#"))


def lock_digest() -> str:
    """Changes when any pin changes; names the cache folder."""
    return _sha256(LOCK)[:12]


def fetch(folder: Path, say: Say) -> tuple[Path, ...]:
    """Every pinned jar in `folder`, downloading those that are absent or changed.

    Raises:
        WrongJar: a download is not what was pinned; nothing of it is kept.
    """
    wanted = [pin for pin in pins() if not _is_good(folder / pin.file_name, pin)]
    if wanted:
        with exclusive(folder), tempfile.TemporaryDirectory(dir=folder) as scratch:
            _download(wanted, folder, Path(scratch), say)
    return tuple(folder / pin.file_name for pin in pins())


def _download(wanted: list[Pin], folder: Path, scratch: Path, say: Say) -> None:
    """Fetch what another process has not fetched in the meantime, many at once."""
    context = _registry(scratch)
    with ThreadPoolExecutor(DOWNLOADS) as pool:
        missing = [pin for pin in wanted if not _is_good(folder / pin.file_name, pin)]
        jobs = [pool.submit(_download_one, context, pin, folder) for pin in missing]
        for count, job in enumerate(as_completed(jobs), start=1):
            job.result()
            if count == len(jobs) or count % 10 == 1:
                say(f"fetching Kafka, once: {count} of {len(jobs)} jars")


def _download_one(context: Any, pin: Pin, folder: Path) -> None:
    """One jar into `folder`, whole or not at all."""
    group, artifact, version = pin.coordinate.split(":")
    got: Path = context.project(group, artifact).at_version(version).artifact().resolve()
    if not _is_good(got, pin):
        raise WrongJar(f"{pin.coordinate} has sha256 {_sha256(got)}, pinned is {pin.sha256}")
    got.replace(folder / pin.file_name)


def _registry(scratch: Path) -> Any:
    """What jgo fetches from: the public registry and those of the user's own jgo settings."""
    from jgo.config import GlobalSettings
    from jgo.maven import MavenContext
    from jgo.maven._core import DEFAULT_REMOTE_REPOS

    registries = {**DEFAULT_REMOTE_REPOS, **GlobalSettings.load().repositories}
    return MavenContext(repo_cache=scratch, remote_repos=registries)


def _is_good(jar: Path, pin: Pin) -> bool:
    return jar.is_file() and _sha256(jar) == pin.sha256


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def relock() -> None:
    """Resolve `ENDPOINT` anew and rewrite the lock: what is fetched now is believed from now on."""
    from jgo.env import EnvironmentBuilder

    scratch = Path(tempfile.mkdtemp())
    try:
        builder = EnvironmentBuilder(context=_registry(scratch / "m2"), cache_dir=scratch / "jgo")
        builder.from_endpoint(ENDPOINT)
        jars = sorted((scratch / "m2").rglob("*.jar"))
        lines = [f"{_sha256(jar)}  {_coordinate(jar.relative_to(scratch / 'm2'))}" for jar in jars]
    finally:
        shutil.rmtree(scratch)
    LOCK.write_text("\n".join([f"# {ENDPOINT}", *lines]) + "\n", encoding="utf-8")


def _coordinate(jar: Path) -> str:
    """group:artifact:version of a jar by its place in a repository."""
    *group, artifact, version, _name = jar.parts
    return f"{'.'.join(group)}:{artifact}:{version}"
