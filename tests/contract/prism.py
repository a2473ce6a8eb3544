"""A validating proxy between our client and a stand-in, so that neither drifts from the vendor.

Prism checks every request and every answer against the vendor's own OpenAPI document. It is not of
the project's tree: install it from ``package.json`` beside this file, anywhere, and name the
executable in ``CLOSELOOP_PRISM``. The documents are read from ``../shared/materials``.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import httpx
import pytest

ROOT = Path(__file__).parents[2]
MATERIALS = ROOT.parent / "shared" / "materials"
READY_WITHIN_S = 90.0
_VIOLATION = re.compile(r"Violation:|prism/errors#")
_MARK = "/end-of-test-"


def missing(what: str) -> NoReturn:
    """Skip, with the reason; in CI nothing may be skipped, so fail there."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}; CI skips nothing")
    pytest.skip(what)


def material(path: str) -> Path:
    """A file of the vendors' material."""
    found = MATERIALS / path
    if not found.exists():
        missing(f"the vendors' material is not here: {path}")
    return found


def executable() -> Path:
    """Prism, where the environment names it, or in the root's ``node_modules``."""
    named = os.environ.get("CLOSELOOP_PRISM")
    found = Path(named) if named else ROOT / "node_modules" / ".bin" / "prism"
    if not found.exists():
        missing("Prism is not installed: npm ci in tests/contract, then set CLOSELOOP_PRISM")
    return found


def usable(document: Path, folder: Path) -> Path:
    """A copy of Atlassian's document with its examples as JSON: they are strings that hold JSON."""
    copied = json.loads(document.read_text(encoding="utf-8"))
    _parse_examples(copied["paths"])
    target = folder / document.name
    target.write_text(json.dumps(copied), encoding="utf-8")
    return target


class Prism:
    """A running proxy.

    Attributes:
        url: what the client is to be pointed at.
    """

    def __init__(self, url: str, log: Path) -> None:
        self.url = url
        self._log = log
        self._read = 0
        self._marks = itertools.count()

    def take_violations(self) -> list[str]:
        """What Prism found wrong since the last time it was asked, on either side.

        Its log lags behind its answers, so a call that only marks the place is awaited in it.
        """
        mark = f"{_MARK}{next(self._marks)}"
        httpx.get(self.url + mark)
        lines = _await(self._log, f"get {mark} ✖").splitlines()
        new, self._read = lines[self._read :], len(lines)
        return [line for line in new if _VIOLATION.search(line) and _MARK not in line]


@contextmanager
def proxy(document: Path, upstream: str, folder: Path) -> Iterator[Prism]:
    """Prism before `upstream`; with ``--errors`` a violation becomes an error answer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "prism.log"
    where = ["-h", "127.0.0.1", "-p", str(port), str(document), upstream]
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(  # noqa: S603 the executable is the developer's own
            [str(executable()), "proxy", "--errors", *where],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _await(log, "Prism is listening", process)
        yield Prism(f"http://127.0.0.1:{port}", log)
    finally:
        process.terminate()
        process.wait(READY_WITHIN_S)


def _await(log: Path, text: str, process: subprocess.Popen[bytes] | None = None) -> str:
    deadline = time.monotonic() + READY_WITHIN_S
    while text not in (said := log.read_text(encoding="utf-8")):
        if time.monotonic() > deadline or (process is not None and process.poll() is not None):
            pytest.fail(f"Prism did not say {text!r}:\n{said[-2000:]}")
        time.sleep(0.05)
    return said


def _parse_examples(node: Any) -> None:
    if isinstance(node, list):
        for item in node:
            _parse_examples(item)
    elif isinstance(node, dict):
        for name, value in node.items():
            if name in {"example", "value"} and isinstance(value, str):
                node[name] = _parsed(value)
            else:
                _parse_examples(value)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
