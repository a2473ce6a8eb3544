"""docs/commands.md lists the commands that there are, and each of them is made as promised."""

import re
import shlex
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path

import click
import pytest

from streams.commands.root import COMMANDS, closeloop

PAGE = Path("docs/commands.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(closeloop [^`]+)` \| (.+?) \| (.*?) ?\|$", re.MULTILINE)
LONG_RUNNING = {"demo", "up", "worker", "gateway"}
"""These print what happens as it happens."""
WRITING = {
    "topics create",
    "store migrate",
    "publish",
    "import jira",
    "replay",
    "dead redrive",
    "dead drop",
    "link rebuild",
    "link adapt",
    "triage accept",
    "triage reject",
    "triage dismiss",
    "triage undo",
    "triage new-epic",
    "ship release",
    "ship withdraw",
}


def _walk(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield " ".join(path), command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        assert inner is not None
        yield from _walk(inner, (*path, name))


TREE = dict(_walk(closeloop))


def _documented() -> dict[str, tuple[str, set[str]]]:
    """Command -> its arguments and its options, as the page has them."""
    found: dict[str, tuple[str, set[str]]] = {}
    for call, _, options in ROW.findall(PAGE):
        words = call.replace("\\|", "|").split()[1:]
        path = next(" ".join(words[:n]) for n in (2, 1) if " ".join(words[:n]) in TREE)
        arguments = " ".join(words[len(path.split()) :])
        found[path] = (arguments, set(re.findall(r"`(--[a-z-]+)`", options)))
    return found


DOCUMENTED = _documented()


def test_the_page_lists_every_command_and_no_other() -> None:
    """Every command that can be called is on the page."""
    assert set(DOCUMENTED) == set(TREE)


def test_every_command_is_reached_by_its_name() -> None:
    """The map of commands leads to commands that are called so."""
    for name in COMMANDS:
        command = closeloop.get_command(click.Context(closeloop), name)
        assert command is not None
        assert command.name == name


@pytest.mark.parametrize("path", TREE)
def test_a_command_takes_what_the_page_says(path: str) -> None:
    """Its arguments and its options, all of them and no other."""
    command = TREE[path]
    context = click.Context(command)
    arguments = [p.make_metavar(context) for p in command.params if isinstance(p, click.Argument)]
    options = {max(p.opts, key=len) for p in command.params if isinstance(p, click.Option)}
    assert DOCUMENTED[path] == (" ".join(arguments), options)


@pytest.mark.parametrize("path", TREE)
def test_a_command_shows_an_example_that_it_would_understand(path: str) -> None:
    """The example in its help names this command, and only options that it has."""
    command = TREE[path]
    found = re.search(r"^Example: (?P<call>.+)$", cleandoc(command.help or ""), re.MULTILINE)
    assert found, f"{path} has no example"
    words = shlex.split(found["call"])
    at = words.index("closeloop")
    count = len(path.split())
    assert words[at + 1 : at + 1 + count] == path.split()
    said = {word for word in words[at + 1 + count :] if word.startswith("--")}
    assert said <= {name for p in command.params for name in p.opts}


@pytest.mark.parametrize("path", sorted(set(TREE) - LONG_RUNNING))
def test_a_command_speaks_json(path: str) -> None:
    """Whatever ends by itself prints JSON when it is asked to."""
    assert "--json" in {name for p in TREE[path].params for name in p.opts}


@pytest.mark.parametrize("path", sorted(WRITING))
def test_what_leaves_or_writes_can_be_tried_dry(path: str) -> None:
    """Every command that changes something has --dry-run."""
    assert "--dry-run" in {name for p in TREE[path].params for name in p.opts}
