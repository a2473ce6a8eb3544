"""The command line: one module a group of commands, all of them listed here."""

from __future__ import annotations

from streams.commands.root import main

__all__ = ["main"]
