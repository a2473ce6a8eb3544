"""The page about sources says what the code does."""

import re
from pathlib import Path

import pytest

from schemas.topics import LARGEST_BODY_BYTES, MIB
from sinks.kafka.fake import FakePublisher
from streams.collect.describe import ROUTE, with_tables
from streams.collect.gateway import gateway_app
from streams.collect.intake import READ_TIMEOUT_S
from streams.collect.problems import DETAILS
from streams.collect.registry import SOURCES, source
from streams.settings import Settings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "sources.md").read_text("utf-8")
APP = gateway_app(Settings(), FakePublisher())


def test_the_tables_are_todays() -> None:
    """Renew them with ``python -m streams.collect.describe docs/sources.md``."""
    assert with_tables(PAGE) == PAGE


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_every_source_and_event_stands_on_the_page(name: str) -> None:
    """Read off the page, not off the renderer."""
    section = PAGE.partition(f"### {name}\n")[2].partition("\n### ")[0].partition("<!--")[0]
    listed = set(re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE))
    assert listed == {*source(name).handled, *source(name).ignored}


def test_every_answer_is_explained() -> None:
    """But for the one that nobody should see."""
    listed = {int(status) for status in re.findall(r"^\| (\d{3}) \|", PAGE, re.MULTILINE)}
    assert listed == {202, *DETAILS} - {500}


def test_the_figures_are_todays() -> None:
    """Where the page names one."""
    assert f"larger than {LARGEST_BODY_BYTES // MIB} MiB" in PAGE
    assert f"more than {READ_TIMEOUT_S:.0f} seconds" in PAGE


def test_every_route_is_named_and_every_named_route_is_there() -> None:
    """Apart from what Litestar adds below ``/schema``."""
    routes = {route.path_format for route in APP.routes}
    assert ROUTE in routes
    for path in ("/health/live", "/health/ready", "/metrics", "/schema"):
        assert f"GET {path}`" in PAGE
        assert path in routes
    assert {path for path in routes if not path.startswith("/schema")} == {
        *("/health/live", "/health/ready", "/metrics", ROUTE),
    }


def test_every_source_has_a_page_of_its_own() -> None:
    """It says how the vendor is set up."""
    for name in SOURCES:
        assert (ROOT / "streams" / "collect" / "sources" / name / "README.md").is_file()
