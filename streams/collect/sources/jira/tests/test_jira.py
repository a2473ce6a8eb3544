"""Jira: issues and versions as of now, the newest by the state's own clock."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

import pytest

from schemas.errors import InvalidEvent, UnknownType
from schemas.events import EpicChanged, FixVersion, Version, VersionChanged
from streams.collect.sources.jira.parse import VERSIONS
from streams.collect.sources.jira.verify import SIGNATURE, signature_of
from streams.collect.sources.tests.helpers import (
    changed,
    facts,
    fixture,
    ignored,
    material,
    results,
)
from streams.collect.sources.tests.security_cases import SecurityCases

UPDATED = fixture("jira", "issue_updated")
DELETED = fixture("jira", "issue_deleted")
RELEASED = fixture("jira", "version_released")


class TestSecurity(SecurityCases):
    """HMAC of the body; no time is signed."""

    name = "jira"
    secret = "a jira secret"
    other_secret = "somebody else's"
    signature: ClassVar[str] = SIGNATURE

    def sign(self, secret: str, body: bytes, at: datetime) -> Mapping[str, str]:
        """Without a time."""
        assert at.tzinfo is not None
        return {SIGNATURE: signature_of(secret, body)}


def issue(body: bytes) -> EpicChanged:
    """The one issue of a webhook."""
    (fact,) = facts("jira", body)
    assert isinstance(fact.event, EpicChanged)
    assert fact.key == f"issue:{fact.event.data.id}"
    return fact.event


def version(body: bytes) -> VersionChanged:
    """The one version of a webhook."""
    (fact,) = facts("jira", body)
    assert isinstance(fact.event, VersionChanged)
    assert fact.key == f"version:{fact.event.data.id}"
    return fact.event


def test_an_issue_comes_whole() -> None:
    """With its versions, its resolution and the address that people see."""
    data = issue(UPDATED).data
    assert (data.id, data.key, data.status_category, data.resolution) == (
        *("10412", "EXP-12", "done", "Done"),
    )
    assert data.fix_versions == (
        FixVersion(id="20017", name="4.2", released=False, released_on=date(2026, 7, 31)),
    )
    assert data.url == "https://acme-dev.atlassian.net/browse/EXP-12"
    assert not data.deleted


def test_an_issue_is_as_new_as_its_snapshot_not_as_its_webhook() -> None:
    """What was read over REST a moment before, and is newer, must not lose to it."""
    assert issue(UPDATED).time == datetime(2026, 7, 28, 8, 39, 59, 750_000, tzinfo=UTC)


def test_a_deletion_is_newer_than_the_last_change() -> None:
    """Though it does not touch `updated`, and whatever the clocks say."""
    gone = issue(DELETED)
    assert gone.data.deleted
    assert gone.time == datetime(2026, 7, 28, 9, 0, tzinfo=UTC)
    early = issue(changed(DELETED, timestamp=0))
    assert early.time == issue(UPDATED).time + timedelta(milliseconds=1)


def test_the_same_state_is_one_fact_and_another_state_another() -> None:
    """One transition may come as two webhooks, or twice."""
    again = changed(UPDATED, timestamp=1785228000999, changelog=None)
    assert issue(again).id == issue(UPDATED).id
    assert issue(changed(UPDATED, issue__fields__summary="Else")).id != issue(UPDATED).id
    assert issue(DELETED).id != issue(UPDATED).id


def test_a_version_comes_with_the_time_of_the_webhook() -> None:
    """It has no clock of its own."""
    event = version(RELEASED)
    assert event.time == datetime(2026, 7, 28, 10, 0, 0, 250_000, tzinfo=UTC)
    assert event.data == Version(
        id="20017", project_id="10030", name="4.2", released=True, released_on=date(2026, 7, 28)
    )


@pytest.mark.parametrize("kind", VERSIONS)
def test_every_change_of_a_version_is_told(kind: str) -> None:
    """Taken back and deleted as well."""
    data = version(changed(RELEASED, webhookEvent=kind)).data
    assert data.deleted == (kind == "jira:version_deleted")


def test_a_comment_is_left_alone() -> None:
    """It carries a part of the issue: without its resolution, which would be undone."""
    (left,) = ignored("jira", fixture("jira", "comment_created"))
    assert left.what == "comment_created"
    body = changed(fixture("jira", "comment_created"), webhookEvent="jira:issue_updated")
    with pytest.raises(InvalidEvent) as error:
        results("jira", body)
    assert error.value.path == "$.issue.fields"


@pytest.mark.parametrize(
    ("self_url", "url"),
    [
        ("https://jira.acme.example/tools/rest/api/2/issue/1", "https://jira.acme.example/tools"),
        ("https://elsewhere.example/issue/1", None),
        (None, None),
    ],
)
def test_an_address_is_made_only_where_the_site_is_clear(
    self_url: str | None, url: str | None
) -> None:
    """A link in a mail leads somewhere, or is not there."""
    body = changed(UPDATED, issue__self=self_url)
    assert issue(body).data.url == (None if url is None else f"{url}/browse/EXP-12")


@pytest.mark.parametrize(
    ("body", "change", "path"),
    [
        (UPDATED, {"webhookEvent": "jira:issue_exploded"}, "$.webhookEvent"),
        (UPDATED, {"webhookEvent": 7}, "$.webhookEvent"),
        (UPDATED, {"issue": None}, "$.issue"),
        (UPDATED, {"issue__id": "ten"}, "$.issue.id"),
        (UPDATED, {"issue__key": "exp-12"}, "$.issue.key"),
        (UPDATED, {"issue__fields__status": None}, "$.issue.fields"),
        (UPDATED, {"issue__fields__updated": "today"}, "$.issue.fields.updated"),
        (
            UPDATED,
            {"issue__fields__updated": "0001-01-01T00:00:00+14:00"},
            "$.issue.fields.updated",
        ),
        (DELETED, {"timestamp": 2**60}, "$.timestamp"),
        (DELETED, {"timestamp": "1"}, "$.timestamp"),
        (RELEASED, {"version__id": None}, "$.version.id"),
        (RELEASED, {"version__projectId": 1.5}, "$.version.projectId"),
        (RELEASED, {"version__released": "yes"}, "$.version.released"),
        (RELEASED, {"version__releaseDate": "28/Jul/26"}, "$.version.releaseDate"),
        (RELEASED, {"timestamp": None}, "$.timestamp"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(
    body: bytes, change: Mapping[str, Any], path: str
) -> None:
    """So that a person finds it in the payload."""
    with pytest.raises(InvalidEvent) as error:
        results("jira", changed(body, **change))
    assert error.value.path == path


def test_an_event_that_nobody_declared_is_a_named_error() -> None:
    """Not silence."""
    with pytest.raises(UnknownType):
        results("jira", changed(UPDATED, webhookEvent="jira:something_new"))


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("mattermost_webhook-issue-created", "issue:10040"),
        ("mattermost_webhook-issue-deleted", "issue:10303"),
        ("mattermost_webhook-issue-updated-labels", "issue:10040"),
        ("mattermost_webhook-issue-updated-resolved-one-changelog", "issue:10040"),
        ("mattermost_webhook-issue-updated-started-working", "issue:10040"),
        ("version_released.putit", "version:10000"),
        ("mattermost_webhook-cloud-comment-created", None),
    ],
)
def test_recorded_webhooks_are_read(name: str, key: str | None) -> None:
    """Cloud's, as others recorded them."""
    found = [fact.key for fact in facts("jira", material(f"jira/{name}.json"))]
    assert found == ([key] if key else [])
