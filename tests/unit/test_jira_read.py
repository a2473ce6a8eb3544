"""Jira's JSON becomes our `Epic`, or an error that names the place."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, date, datetime
from typing import Any

import pytest

from schemas.errors import InvalidEvent
from schemas.events import FixVersion
from sinks.jira.adf import DEEPEST, document_of, text_of
from sinks.jira.read import epic_of, sighting_of
from tests.contract.prism import material

SITE = "https://acme.atlassian.net"
ISSUE: dict[str, Any] = {
    "id": "10040",
    "key": "TES-41",
    "fields": {
        "summary": "Audit log",
        "description": "Who did what",
        "issuetype": {"name": "Epic"},
        "project": {"id": "10000", "key": "TES"},
        "status": {"name": "Shipped!", "statusCategory": {"key": "done"}},
        "resolution": {"name": "Done"},
        "fixVersions": [
            {"id": "10100", "name": "1.0", "released": True, "releaseDate": "2026-07-01"},
            {"id": "10101", "name": "1.1", "released": False, "releaseDate": "2026-09-01"},
            {"id": "10102", "name": "2.0", "released": False},
        ],
        "labels": ["beta"],
        "parent": {"id": "10001", "key": "TES-1"},
        "updated": "2026-02-15T19:15:40.477-0800",
    },
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """`ISSUE` with one value replaced, or dropped where it is Ellipsis."""
    issue = deepcopy(ISSUE)
    *steps, last = path.split(".")
    node: Any = issue
    for step in steps:
        node = node[int(step) if step.isdigit() else step]
    if value is ...:
        del node[last]
    else:
        node[last] = value
    return issue


def test_an_issue_is_read_whole() -> None:
    """Every field that we know."""
    epic = epic_of(ISSUE, SITE + "/")
    assert (epic.id, epic.key, epic.project_id, epic.parent_id) == (
        "10040",
        "TES-41",
        "10000",
        "10001",
    )
    assert (epic.summary, epic.description, epic.issue_type) == (
        "Audit log",
        "Who did what",
        "Epic",
    )
    assert (epic.status, epic.status_category, epic.resolution) == ("Shipped!", "done", "Done")
    assert epic.labels == ("beta",)
    assert epic.url == "https://acme.atlassian.net/browse/TES-41"
    assert not epic.deleted


def test_a_version_keeps_its_day_planned_or_real() -> None:
    """A promise is checked against the planned day."""
    assert epic_of(ISSUE, SITE).fix_versions == (
        FixVersion(id="10100", name="1.0", released=True, released_on=date(2026, 7, 1)),
        FixVersion(id="10101", name="1.1", released=False, released_on=date(2026, 9, 1)),
        FixVersion(id="10102", name="2.0", released=False),
    )


def test_the_time_of_the_change_is_in_utc() -> None:
    """Jira's offset has no colon."""
    seen = sighting_of(ISSUE, SITE)
    assert seen.updated_at == datetime(2026, 2, 16, 3, 15, 40, 477_000, tzinfo=UTC)


@pytest.mark.parametrize("field", ["resolution", "fixVersions", "labels", "parent", "description"])
@pytest.mark.parametrize("value", [None, ...])
def test_what_a_project_does_not_use_may_be_absent(field: str, value: Any) -> None:
    """A hidden field is left out by Jira, an empty one is null."""
    epic = epic_of(changed(f"fields.{field}", value), SITE)
    assert not getattr(
        epic, {"fixVersions": "fix_versions", "parent": "parent_id"}.get(field, field)
    )


@pytest.mark.parametrize("category", ["undefined", "", "DONE", "someday"])
def test_an_unknown_status_category_is_unknown(category: str) -> None:
    """It is never taken for done."""
    issue = changed("fields.status.statusCategory", {"key": category})
    assert epic_of(issue, SITE).status_category == "unknown"
    assert epic_of(changed("fields.status", {"name": "x"}), SITE).status_category == "unknown"


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("id", 10040, "$.issue.id"),
        ("id", "x1", "$.issue.id"),
        ("key", "TES", "$.issue.key"),
        ("fields", ..., "$.issue"),
        ("fields.summary", None, "$.issue.fields.summary"),
        ("fields.updated", ..., "$.issue.fields"),
        ("fields.status.name", "", "$.issue.fields.status.name"),
        ("fields.fixVersions.0.released", "yes", "$.issue.fields.fixVersions[0].released"),
        ("fields.fixVersions.1.releaseDate", "soon", "$.issue.fields.fixVersions[1].releaseDate"),
        ("fields.labels", "beta", "$.issue.fields.labels"),
    ],
)
def test_an_error_names_the_place_in_the_payload(path: str, value: Any, said: str) -> None:
    """So that a person finds it in the dead letter."""
    with pytest.raises(InvalidEvent) as error:
        epic_of(changed(path, value), SITE, "$.issue")
    assert error.value.path == said


@pytest.mark.parametrize("issue", [None, [], "TES-41", 7, {}])
def test_what_is_no_issue_is_an_error(issue: Any) -> None:
    """Of ours, not of the library's."""
    with pytest.raises(InvalidEvent):
        epic_of(issue, SITE)


@pytest.mark.parametrize("updated", ["yesterday", "", "2026-02-15T19:15:40"])
def test_a_change_without_a_time_is_an_error(updated: str) -> None:
    """Newer and older could not be told apart."""
    with pytest.raises(InvalidEvent) as error:
        sighting_of(changed("fields.updated", updated), SITE, "$.issue")
    assert error.value.path == "$.issue.fields.updated"


def test_long_words_are_cut_to_what_an_event_holds() -> None:
    """And null characters, which PostgreSQL cannot hold, are left out."""
    long = deepcopy(ISSUE)
    long["fields"] |= {"summary": "s\0" * 3000, "description": "d" * 300_000}
    epic = epic_of(long, SITE)
    assert epic.summary == "s" * 1000
    assert len(epic.description) == 200_000


def test_a_document_is_flattened_to_its_words() -> None:
    """Blocks on lines of their own; mentions and cards by what they show; media say nothing."""
    cell = {"type": "tableCell", "content": [{"type": "paragraph", "content": [_text("cell")]}]}
    document = {
        "type": "doc",
        "version": 1,
        "content": [
            {"type": "heading", "attrs": {"level": 1}, "content": [_text("Why")]},
            {
                "type": "paragraph",
                "content": [
                    _text("Four "),
                    {"type": "mention", "attrs": {"id": "1", "text": "@Rita"}},
                    _text(" asked"),
                    {"type": "hardBreak"},
                    {"type": "emoji", "attrs": {"shortName": ":tada:"}},
                    {"type": "inlineCard", "attrs": {"url": "https://acme.example"}},
                ],
            },
            {"type": "mediaSingle", "content": [{"type": "media", "attrs": {"id": "9"}}]},
            {"type": "table", "content": [{"type": "tableRow", "content": [cell, cell]}]},
            {"type": "some new node", "content": [{"type": "paragraph", "content": [_text("n")]}]},
            {"type": "bulletList", "content": [_item("one"), _item("two")]},
            "not a node",
            None,
        ],
    }
    assert text_of(document).split("\n") == [
        "Why",
        "Four @Rita asked",
        ":tada:https://acme.example",
        "cell",
        "cell",
        "n",
        "one",
        "two",
    ]


def test_text_becomes_a_document_and_text_again() -> None:
    """No node is empty: Jira refuses that."""
    document = document_of("One\r\ntwo\n\n\n\nthree\n")
    assert text_of(document) == "One\ntwo\nthree"
    assert '"text": ""' not in json.dumps(document)
    assert document_of("")["content"] == []


def test_both_forms_of_a_description_read_alike() -> None:
    """Else each webhook after each search would look like a change."""
    said = "One\r\n two \n\nthree\n"
    assert text_of(said) == text_of(document_of(said)) == "One\ntwo\nthree"


def test_a_document_without_end_does_not_exhaust_us() -> None:
    """What is too deep is left out."""
    node: dict[str, Any] = _text("bottom")
    for _ in range(DEEPEST * 5):
        node = {"type": "panel", "content": [node, _text("x")]}
    assert "bottom" not in text_of(node)


def _text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def _item(words: str) -> dict[str, Any]:
    return {"type": "listItem", "content": [{"type": "paragraph", "content": [_text(words)]}]}


def recorded(name: str) -> Any:
    """A webhook that Jira really sent."""
    return json.loads(material(f"webhooks/jira/mattermost_webhook-{name}.json").read_bytes())


@pytest.mark.parametrize(
    ("name", "category", "resolution"),
    [
        ("issue-created", "new", None),
        ("issue-updated-labels", "new", None),
        ("issue-updated-started-working", "indeterminate", None),
        ("issue-updated-resolved-one-changelog", "done", "Done"),
    ],
)
def test_recorded_webhooks_are_read(name: str, category: str, resolution: str | None) -> None:
    """As Jira sent them, with all of their other fields."""
    seen = sighting_of(recorded(name)["issue"], "https://some-instance-test.atlassian.net")
    assert (seen.epic.status_category, seen.epic.resolution) == (category, resolution)
    assert seen.epic.id.isdigit()
    assert seen.epic.description.startswith("Unit test description")


def test_a_recorded_deletion_is_read() -> None:
    """The issue comes whole a last time; that it is gone, the event says."""
    epic = epic_of(recorded("issue-deleted")["issue"], SITE, "$.issue", deleted=True)
    assert epic.deleted


def test_the_part_of_an_issue_in_a_comment_is_not_taken_for_the_whole() -> None:
    """It has no resolution: read as whole it would re-open what is done."""
    with pytest.raises(InvalidEvent, match="updated"):
        epic_of(recorded("cloud-comment-created")["issue"], SITE, "$.issue")
