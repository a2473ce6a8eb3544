"""``closeloop``: the commands by name, and what an error means for the exit status.

Exit status: 0 done, 1 refused or not found, 2 wrong use or wrong settings, 3 a part is out of
reach. Every command has ``--help`` with an example, and ``--json`` where it prints something.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from schemas.errors import BadSettings, CloseloopError, Temporary
from streams.commands.errors import Unusable
from streams.commands.terminal import safe
from streams.logs import log_as
from streams.settings import Settings, load

COMMANDS = {
    "demo": "streams.commands.demo:demo",
    "up": "streams.commands.up:up",
    "worker": "streams.commands.run:worker",
    "gateway": "streams.commands.gateway:gateway",
    "doctor": "streams.commands.doctor:doctor",
    "settings": "streams.commands.settings:settings",
    "topics": "streams.commands.topics:topics",
    "store": "streams.commands.store:store",
    "publish": "streams.commands.publish:publish",
    "import": "streams.commands.importing:import_",
    "parse": "streams.commands.parse:parse",
    "replay": "streams.commands.replay:replay",
    "dead": "streams.commands.dead:dead",
    "account": "streams.commands.account:account",
    "link": "streams.commands.link:link",
    "triage": "streams.commands.triage:triage",
    "ship": "streams.commands.ship:ship",
    "tell": "streams.commands.tell:tell",
    "loop": "streams.commands.loop:loop",
}
"""Name -> where it is; loaded when it is called, so that ``--help`` is quick."""


class Lazy(click.Group):
    """A group whose commands are imported when they are needed."""

    def list_commands(self, _context: click.Context) -> list[str]:
        """In the order of `COMMANDS`, which is the order in which one meets them."""
        return list(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        """The command of that name."""
        if name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="closeloop")
@click.pass_context
def closeloop(context: click.Context) -> None:
    """Tell the reps, once, when what their customers asked for has shipped.

    Start with `closeloop demo`; run it for good with `closeloop up`.
    """
    context.ensure_object(dict)


def settings_of(context: click.Context) -> Settings:
    """The settings of this call, read once; what is not configured as `closeloop up` has it."""
    from streams.running import beside

    held: dict[str, Any] = context.ensure_object(dict)
    if "settings" not in held:
        held["settings"] = beside(configured())
    settings: Settings = held["settings"]
    return settings


def configured() -> Settings:
    """The settings of this call alone, for what is itself a part of the system."""
    return load(os.environ)


def main() -> None:
    """Run the command that the process was called with; what it logs is no part of its answer."""
    log_as(json=False)
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run a command; every named error is one line, and an exit status."""
    try:
        _refuse_bytes(arguments)
        status = closeloop.main(list(arguments), "closeloop", standalone_mode=False)
    except click.exceptions.Exit as ended:
        status = ended.exit_code
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("closeloop: stopped", err=True)
        status = 130
    except CloseloopError as error:
        click.echo(f"closeloop: {safe(str(error))}", err=True)
        status = status_of(error)
    return status if isinstance(status, int) else 0


def _refuse_bytes(arguments: Sequence[str]) -> None:
    """What is no UTF-8 can be the name of a file, and of nothing else that we know.

    Raises:
        UsageError: one of them is neither.
    """
    for one in arguments:
        if not one.isprintable() and _has_bytes(one) and not os.path.lexists(one):
            raise click.UsageError(f"{one!a} is not UTF-8")


def _has_bytes(text: str) -> bool:
    return any("\udc80" <= one <= "\udcff" for one in text)


def status_of(error: CloseloopError) -> int:
    """The exit status that an error means."""
    if isinstance(error, BadSettings | Unusable):
        return 2
    if isinstance(error, Temporary):
        return 3
    return 1
