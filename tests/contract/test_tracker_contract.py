"""Every tracker keeps the same promises: the fake, the real one, and that under Prism's eyes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import httpx
import pytest
from msgspec.structs import replace

from schemas.errors import SinkRefused
from sinks.contracts import Evidence, Sighting
from sinks.http.standin.serve import serving
from sinks.jira.client import JiraTracker
from sinks.jira.standin import jira_app
from tests.contract.prism import Prism, executable, material, proxy, usable
from tests.contract.tracker_worlds import FakeWorld, JiraWorld, World

EVIDENCE = Evidence(
    remarks=12,
    accounts=5,
    revenue_band="100k-250k EUR",
    url="https://closeloop.example/epics/1",
    as_of=datetime(2026, 7, 1, tzinfo=UTC),
)
_projects = (f"T{number}" for number in itertools.count(1))


@pytest.fixture(scope="module")
def stand_in() -> Iterator[str]:
    """A stand-in with pages so small that every search has several."""
    with serving(jira_app(page_size=2)) as address:
        yield address


@pytest.fixture(scope="module")
def prism(stand_in: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prism]:
    """Prism with Atlassian's document, before the stand-in."""
    executable()
    folder = tmp_path_factory.mktemp("prism")
    document = usable(material("jira/jira-platform-v3.openapi.json"), folder)
    with proxy(document, stand_in, folder) as running:
        yield running


@pytest.fixture(params=["fake", "jira", "jira under prism"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """One tracker, open, with an empty project of its own."""
    project = next(_projects)
    if request.param == "fake":
        yield FakeWorld(project)
        return
    address: str = request.getfixturevalue("stand_in")
    with ExitStack() as stack:
        url = address
        if request.param == "jira under prism":
            prism: Prism = request.getfixturevalue("prism")
            prism.take_violations()
            url = prism.url
        tracker = JiraTracker(url, "us@example.com", "token", projects=[project])
        tracker.open()
        stack.callback(tracker.close)
        jira = JiraWorld(project, address, tracker)
        stack.callback(jira.close)
        # A version makes the project known to a Jira that refuses queries for unknown ones.
        jira.version("0.1")
        yield jira
        if url != address:
            assert prism.take_violations() == []


def by_summary(sightings: Iterator[Sighting]) -> list[str]:
    """Summaries, sorted; an epic that comes twice stands there twice."""
    return sorted(seen.epic.summary for seen in sightings)


def test_every_epic_of_a_project_is_found_once(world: World) -> None:
    """Over however many pages it takes, and without what is no epic."""
    names = [f"epic {number}" for number in range(5)]
    for name in names:
        world.epic(name)
    world.epic("a story", type="Story")
    assert by_summary(world.tracker.epics([world.project])) == names


def test_no_project_means_all_projects(world: World) -> None:
    """Other projects of the same tracker may be there too."""
    world.epic("mine")
    projects = {seen.epic.key.rpartition("-")[0] for seen in world.tracker.epics([])}
    assert world.project in projects


def test_a_project_without_epics_has_none(world: World) -> None:
    """And that is no error."""
    assert list(world.tracker.epics([world.project])) == []


def test_an_issue_is_found_by_id_and_by_key(world: World) -> None:
    """It is the same, and says when it changed."""
    issue_id = world.epic("Audit log")
    seen = world.tracker.issue(issue_id)
    assert seen is not None
    assert seen.epic.id == issue_id
    assert seen.epic.summary == "Audit log"
    assert seen.updated_at.tzinfo is not None
    assert world.tracker.issue(seen.epic.key) == seen
    assert world.tracker.issue(seen.epic.key.lower()) == seen


def test_a_moved_issue_is_found_by_its_former_key(world: World) -> None:
    """Its id stays, its key is the new one."""
    issue_id = world.epic("Moves")
    before = world.tracker.issue(issue_id)
    assert before is not None
    world.move(issue_id, next(_projects))
    after = world.tracker.issue(before.epic.key)
    assert after is not None
    assert after.epic.id == issue_id
    assert after.epic.key != before.epic.key


@pytest.mark.parametrize("name", ["NOPE-404", "999999999", "../myself", "", "what?", "T1-1/x"])
def test_what_is_not_there_is_none(world: World, name: str) -> None:
    """Also what cannot be a key or an id at all."""
    assert world.tracker.issue(name) is None


def test_a_deleted_issue_is_none(world: World) -> None:
    """Gone is gone."""
    issue_id = world.epic("Short-lived")
    world.remove(issue_id)
    assert world.tracker.issue(issue_id) is None


def test_done_and_its_resolution_are_seen(world: World) -> None:
    """By Jira's category, whatever the status is called."""
    issue_id = world.epic("Ships")
    world.resolve(issue_id)
    seen = world.tracker.issue(issue_id)
    assert seen is not None
    assert (seen.epic.status_category, seen.epic.resolution) == ("done", "Done")


def test_the_epics_of_a_version_are_found(world: World) -> None:
    """All of them, over all pages, and whether it is released."""
    version = world.version("1.0")
    other = world.version("2.0")
    for number in range(3):
        world.epic(f"in {number}", versions=[version, other])
    world.epic("out", versions=[other])
    world.release(version)
    found = list(world.tracker.fixed_in(version))
    assert by_summary(iter(found)) == ["in 0", "in 1", "in 2"]
    released = {v.name: v.released for v in found[0].epic.fix_versions}
    assert released == {"1.0": True, "2.0": False}


@pytest.mark.parametrize("version_id", ["999999", "", "1.0", '1" OR project = X'])
def test_a_version_that_is_not_there_has_no_epics(world: World, version_id: str) -> None:
    """A version may be deleted between its webhook and our question."""
    assert list(world.tracker.fixed_in(version_id)) == []


def test_evidence_is_shown_and_replaced(world: World) -> None:
    """Once, however often it is told."""
    issue_id = world.epic("Wanted")
    world.tracker.show_evidence(issue_id, EVIDENCE)
    assert world.evidence(issue_id) == (12, EVIDENCE.url)
    more = replace(EVIDENCE, remarks=13, revenue_band="")
    world.tracker.show_evidence(issue_id, more)
    world.tracker.show_evidence(issue_id, more)
    assert world.evidence(issue_id) == (13, EVIDENCE.url)


def test_evidence_can_be_taken_away_and_taken_away_again(world: World) -> None:
    """Also where none was shown, and where the issue is gone."""
    issue_id = world.epic("Unwanted")
    world.tracker.hide_evidence(issue_id)
    world.tracker.show_evidence(issue_id, EVIDENCE)
    world.tracker.hide_evidence(issue_id)
    world.tracker.hide_evidence(issue_id)
    assert world.evidence(issue_id) is None
    world.remove(issue_id)
    world.tracker.hide_evidence(issue_id)


def test_evidence_for_an_issue_that_is_gone_is_refused(world: World) -> None:
    """It is not worth another try."""
    issue_id = world.epic("Gone")
    world.remove(issue_id)
    with pytest.raises(SinkRefused) as refused:
        world.tracker.show_evidence(issue_id, EVIDENCE)
    assert refused.value.status == 404


def test_the_same_token_makes_one_epic(world: World) -> None:
    """The second call yields what the first one made; another token makes another."""
    make = world.tracker.create_epic
    one, two = f"decision 1 of {world.project}", f"decision 2 of {world.project}"
    first = make(world.project, "SSO\nfor all", "Why:\n\nfour customers\nasked", one)
    again = make(world.project, "SSO, reworded", "", one)
    other = make(world.project, "Another", "", two)
    assert first.epic.id == again.epic.id != other.epic.id
    assert len(list(world.tracker.epics([world.project]))) == 2
    assert (first.epic.issue_type, first.epic.status_category) == ("Epic", "new")
    assert first.epic.key.startswith(f"{world.project}-")
    assert first.epic.summary == "SSO for all"
    assert first.epic.description == "Why:\nfour customers\nasked"


def test_our_rights_are_examined(world: World) -> None:
    """All is well here."""
    findings = world.tracker.examine()
    assert findings
    assert all(finding.ok for finding in findings)


def test_closing_twice_and_opening_again_is_fine(world: World) -> None:
    """A worker that is told to stop twice stops once."""
    world.tracker.close()
    world.tracker.close()
    world.tracker.open()
    assert list(world.tracker.epics([world.project])) == []


def test_prism_sees_a_request_that_breaks_the_contract(prism: Prism) -> None:
    """Or the suite above would prove nothing."""
    prism.take_violations()
    httpx.get(f"{prism.url}/rest/api/3/search/jql?maxResults=five")
    assert len(prism.take_violations()) == 1
