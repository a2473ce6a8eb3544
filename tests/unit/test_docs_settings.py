"""docs/settings.md lists the settings that there are, with their names, defaults and secrets."""

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from streams.commands.settings import environment_names
from streams.settings import PREFIX, SECRETS, SHARED_NAMES, Settings, load

PAGE = Path("docs/settings.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)` \| `(\w+)` \| (?:`(.+?)`)? ?\| (.+) \|$", re.MULTILINE)
ROWS = {row[0]: row[1:] for row in ROW.findall(PAGE)}
NAMES = environment_names()


def test_the_page_lists_every_setting_in_the_order_of_the_code() -> None:
    """And no other."""
    assert list(ROWS) == [field.name for field in msgspec.structs.fields(Settings)]


@pytest.mark.parametrize("name", ROWS)
def test_a_setting_is_listed_as_it_is(name: str) -> None:
    """Its name in the environment, its default, and whether it is a secret."""
    environment, default, words = ROWS[name]
    assert environment == NAMES[name][-1]
    assert words.startswith("Secret. ") == (name in SECRETS)
    listed = load({environment: default}) if default else Settings()
    assert getattr(listed, name) == getattr(Settings(), name)
    assert bool(default) or not getattr(Settings(), name)


@pytest.mark.parametrize("name", SHARED_NAMES.values())
def test_our_own_name_wins_over_the_shared_one(name: str) -> None:
    """As the page says."""
    ours, shared = NAMES[name]
    assert ours == PREFIX + name.upper()
    assert f"`{ours}`" in PAGE
    assert getattr(load({ours: "ours", shared: "shared"}), name) == "ours"


def test_a_file_may_hold_every_setting(tmp_path: Path) -> None:
    """Each under the name in the first column."""
    said = "\n".join(f"{name} = {_toml(row[1])}" for name, row in ROWS.items())
    assert tomllib.loads(said).keys() == ROWS.keys()
    file = tmp_path / "closeloop.toml"
    file.write_text(said)
    assert load({f"{PREFIX}CONFIG": str(file)}) == Settings()


def _toml(default: str) -> str:
    if default in {"true", "false"} or default.isdigit():
        return default
    return f'"{default}"'
