"""A child process: runs one engine or one limit until the parent has seen enough."""

from __future__ import annotations

import importlib
import os

import msgspec

from tests.bench.work import VARIABLE, Work, die_with_parent, keep_voice

RUNS = {
    "ours": "tests.bench.ours:worker",
    "ours, announcing nothing": "tests.bench.ours:silent_worker",
    "faust": "tests.bench.peers.plain_faust:as_documented",
    "faust + our sink": "tests.bench.peers.plain_faust:with_our_sink",
    "quix": "tests.bench.peers.quix:as_documented",
    "quix + our sink": "tests.bench.peers.quix:with_our_sink",
    "faststream": "tests.bench.peers.fast_stream:as_documented",
    "faststream + our sink": "tests.bench.peers.fast_stream:with_our_sink",
    "reading": "tests.bench.limits:reading",
    "rules": "tests.bench.limits:rules",
    "copy": "tests.bench.limits:copying",
}
"""Name -> module and function that does it; imported by the child alone."""


def main() -> None:
    """Do what the environment says."""
    keep_voice()
    die_with_parent()
    work = msgspec.json.decode(os.environ[VARIABLE].encode(), type=Work)
    module, _, function = RUNS[work.name].partition(":")
    getattr(importlib.import_module(module), function)(work)


if __name__ == "__main__":
    main()
