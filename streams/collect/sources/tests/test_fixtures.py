"""Every source is whole: a folder, a README, fixtures that are read, and a table of its events."""

from pathlib import Path

import pytest

from schemas.topics import BY_NAME
from streams.collect.registry import SOURCES
from streams.collect.sources.tests.helpers import SOURCES as FOLDER
from streams.collect.sources.tests.helpers import delivery_of, results

FIXTURES = sorted(FOLDER.glob("*/fixtures/*.json"))


def test_every_folder_is_a_source_and_every_source_a_topic() -> None:
    """Wired by name; a folder that nobody wired would be found here."""
    folders = {path.parent.name for path in FOLDER.glob("*/verify.py")}
    assert set(SOURCES) == folders
    assert {f"source.{name}" for name in SOURCES} == {
        name for name in BY_NAME if name.startswith("source.")
    }


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_a_source_says_what_it_does_with_every_event(name: str) -> None:
    """Handled or ignored, never both; what is ignored has its reason."""
    one = SOURCES[name]
    assert one.handled
    assert not set(one.handled) & set(one.ignored)
    assert all(topic in BY_NAME for topic in one.handled.values())
    assert all(reason and reason[0].islower() for reason in one.ignored.values())
    readme = (FOLDER / name / "README.md").read_text("utf-8")
    assert one.vendor in readme
    for header in one.headers:
        assert header in readme.lower()


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: f"{path.parents[1].name}-{path.stem}")
def test_reading_twice_says_the_same(path: Path) -> None:
    """Ids and all."""
    name, body = path.parents[1].name, path.read_bytes()
    assert results(name, body) == results(name, body)
    assert SOURCES[name].delivery_id(body) == delivery_of(name, body).id
