"""``closeloop settings``: what is set, and where it was said; secrets are never shown."""

from __future__ import annotations

import os
from collections.abc import Mapping

import click
import msgspec

from streams.commands import options
from streams.commands.output import show
from streams.commands.root import configured, settings_of
from streams.settings import PREFIX, SHARED_NAMES, Settings, shown


@click.command()
@click.option("--set", "only_set", is_flag=True, help="Only those that are not at their default.")
@options.as_json
@click.pass_context
def settings(context: click.Context, *, only_set: bool, as_json: bool) -> None:
    """Show every setting, its value and where it was said; secrets only as set or not.

    Example: closeloop settings --set
    """
    own = configured()
    said = described(own, os.environ) | by_up(own, settings_of(context))
    listed = {name: one for name, one in said.items() if not only_set or one[1] != DEFAULT}
    show(
        as_json=as_json,
        value={name: {"value": value, "from": where} for name, (value, where) in listed.items()},
        columns=("setting", "value", "from"),
        rows=((name, _plain(value), where) for name, (value, where) in listed.items()),
    )


DEFAULT = "default"


def described(found: Settings, environ: Mapping[str, str]) -> dict[str, tuple[object, str]]:
    """Setting -> (value for people's eyes, where it was said)."""
    names = environment_names()
    defaults = Settings()
    values = shown(found)
    return {name: (values[name], _origin(name, names, environ, found, defaults)) for name in values}


def by_up(own: Settings, found: Settings) -> dict[str, tuple[object, str]]:
    """The same of what is as a running `closeloop up` has it."""
    values = shown(found)
    return {
        name: (values[name], "closeloop up")
        for name in values
        if getattr(found, name) != getattr(own, name)
    }


def environment_names() -> dict[str, tuple[str, ...]]:
    """Setting -> the names of the environment that set it, the one that wins first."""
    shared = {field: name for name, field in SHARED_NAMES.items()}
    return {
        field.name: tuple(filter(None, (PREFIX + field.name.upper(), shared.get(field.name))))
        for field in msgspec.structs.fields(Settings)
    }


def _origin(
    name: str,
    names: Mapping[str, tuple[str, ...]],
    environ: Mapping[str, str],
    found: Settings,
    defaults: Settings,
) -> str:
    for one in names[name]:
        if environ.get(one) or (one.startswith(PREFIX) and one in environ):
            return one
    if getattr(found, name) != getattr(defaults, name):
        return environ.get(f"{PREFIX}CONFIG", DEFAULT)
    return DEFAULT


def _plain(value: object) -> object:
    return ", ".join(value) if isinstance(value, tuple) else value
