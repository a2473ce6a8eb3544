"""The stand-in's own control surface, which is not Atlassian's: what people would do in Jira.

Each change makes it send the webhooks that Jira would send.
"""

from __future__ import annotations

from html import escape
from typing import Any

import msgspec
from litestar import MediaType, Response, delete, get, post, put
from litestar.params import FromPath, JSONBody

from sinks.http.standin.deliver import Delivery
from sinks.http.standin.faults import CONTROL, Fault
from sinks.jira.adf import text_of
from sinks.jira.standin.shapes import Json, issue_json, version_json
from sinks.jira.standin.state import Change, Issue
from sinks.jira.standin.world import Here, World

_UPDATED = "jira:issue_updated"


class _Order(msgspec.Struct, forbid_unknown_fields=True):
    """A body of this surface; a field that is not known is a mistake."""


class NewIssue(_Order):
    """A new issue; `fix_versions` are version ids."""

    project: str
    summary: str
    description: str = ""
    type: str = "Epic"
    labels: list[str] = []
    fix_versions: list[str] = []
    parent: str | None = None


class Edit(_Order):
    """What of an issue to change."""

    summary: str | None = None
    description: str | None = None
    labels: list[str] | None = None


class Transition(_Order):
    """Where to put an issue; no resolution clears it."""

    status: str = "Done"
    resolution: str | None = "Done"


class Versions(_Order):
    """The ids of all versions that an issue is fixed in."""

    versions: list[str]


class NewVersion(_Order):
    """A new version; `release_date` is the planned day."""

    project: str
    name: str
    release_date: str | None = None


class Move(_Order):
    """The project to move an issue to."""

    project: str


class Address(_Order):
    """Where webhooks go, and the secret that signs them; no url keeps them back."""

    url: str | None
    secret: str | None = None


@post(f"{CONTROL}/issues", sync_to_thread=False)
def create_issue(world: Here, data: JSONBody[NewIssue]) -> Json:
    """A new issue; sends ``jira:issue_created``."""
    state = world.state
    state.add_project(data.project)
    versions = [state.version(version_id) for version_id in data.fix_versions]
    parent = state.issue(data.parent).id if data.parent else None
    issue = state.create_issue(
        data.project,
        summary=data.summary,
        description=data.description,
        type=data.type,
        labels=data.labels,
        parent=parent,
        fix_versions=versions,
    )
    world.announcer.issue("jira:issue_created", issue)
    return _shown(world, issue)


@get(f"{CONTROL}/issues", sync_to_thread=False)
def issues(world: Here) -> list[Json]:
    """Every issue."""
    return [_shown(world, issue) for issue in world.state.issues.values()]


@put(f"{CONTROL}/issues/{{key:str}}", sync_to_thread=False)
def edit_issue(world: Here, key: FromPath[str], data: JSONBody[Edit]) -> Json:
    """Change summary, description or labels; sends ``jira:issue_updated``."""
    issue = world.state.issue(key)
    changes = world.state.edit_issue(issue, data.summary, data.description, data.labels)
    return _changed(world, issue, changes)


@put(f"{CONTROL}/issues/{{key:str}}/fix-versions", sync_to_thread=False)
def set_fix_versions(world: Here, key: FromPath[str], data: JSONBody[Versions]) -> Json:
    """Fix it in exactly these versions; sends ``jira:issue_updated``."""
    issue = world.state.issue(key)
    return _changed(world, issue, world.state.set_fix_versions(issue, data.versions))


@post(f"{CONTROL}/issues/{{key:str}}/transition", status_code=200, sync_to_thread=False)
def transition(world: Here, key: FromPath[str], data: JSONBody[Transition]) -> Json:
    """Put it into a status, by default done; sends ``jira:issue_updated``."""
    issue = world.state.issue(key)
    return _changed(world, issue, world.state.set_status(issue, data.status, data.resolution))


@post(f"{CONTROL}/issues/{{key:str}}/reopen", status_code=200, sync_to_thread=False)
def reopen(world: Here, key: FromPath[str]) -> Json:
    """Put it back to work, unresolved; sends ``jira:issue_updated``."""
    issue = world.state.issue(key)
    return _changed(world, issue, world.state.set_status(issue, "In Progress", None))


@post(f"{CONTROL}/issues/{{key:str}}/move", status_code=200, sync_to_thread=False)
def move(world: Here, key: FromPath[str], data: JSONBody[Move]) -> Json:
    """Move it to another project, so that its key changes; sends ``jira:issue_updated``."""
    issue = world.state.issue(key)
    return _changed(world, issue, world.state.move_issue(issue, data.project))


@delete(f"{CONTROL}/issues/{{key:str}}", sync_to_thread=False)
def delete_issue(world: Here, key: FromPath[str]) -> None:
    """Delete it; sends ``jira:issue_deleted``."""
    issue = world.state.issue(key)
    world.announcer.issue("jira:issue_deleted", issue)
    world.state.delete_issue(issue)


@post(f"{CONTROL}/versions", sync_to_thread=False)
def create_version(world: Here, data: JSONBody[NewVersion]) -> Json:
    """A new version; sends ``jira:version_created``."""
    version = world.state.create_version(data.project, data.name, data.release_date)
    world.announcer.version("jira:version_created", version)
    return version_json(version, world.site)


@post(f"{CONTROL}/versions/{{version_id:str}}/release", status_code=200, sync_to_thread=False)
def release(world: Here, version_id: FromPath[str]) -> Json:
    """Release it; sends ``jira:version_released``, and nothing of its issues, as Jira does."""
    return _released(world, version_id, released=True)


@post(f"{CONTROL}/versions/{{version_id:str}}/unrelease", status_code=200, sync_to_thread=False)
def unrelease(world: Here, version_id: FromPath[str]) -> Json:
    """Take the release back; sends ``jira:version_unreleased``."""
    return _released(world, version_id, released=False)


@delete(f"{CONTROL}/versions/{{version_id:str}}", sync_to_thread=False)
def delete_version(world: Here, version_id: FromPath[str]) -> None:
    """Delete it; sends ``jira:version_deleted``."""
    version = world.state.version(version_id)
    world.state.delete_version(version)
    world.announcer.version("jira:version_deleted", version)


@put(f"{CONTROL}/webhook", sync_to_thread=False)
def set_webhook(world: Here, data: JSONBody[Address]) -> Address:
    """Where webhooks go from now on."""
    world.announcer.webhooks.url, world.announcer.secret = data.url, data.secret
    return Address(url=data.url)


@get(f"{CONTROL}/deliveries", sync_to_thread=False)
def deliveries(world: Here) -> list[Delivery]:
    """Every webhook and what became of it."""
    return world.announcer.webhooks.deliveries


@post(f"{CONTROL}/faults", sync_to_thread=False)
def order_fault(world: Here, data: JSONBody[Fault]) -> Fault:
    """Let the next of the vendor's calls go wrong."""
    world.faults.order(data)
    return data


@delete(f"{CONTROL}/faults", sync_to_thread=False)
def clear_faults(world: Here) -> None:
    """Forget ordered faults and noted calls."""
    world.faults.clear()


@get(f"{CONTROL}/calls", sync_to_thread=False)
def calls(world: Here) -> list[str]:
    """``METHOD path`` of each of the vendor's calls."""
    return world.faults.calls


@get("/browse/{key:str}", media_type=MediaType.HTML, sync_to_thread=False)
def browse(world: Here, key: FromPath[str]) -> Response[str]:
    """The issue as a person sees it."""
    issue = world.state.issue(key)
    links = "".join(_link_row(link["object"]) for link in issue.links.values())
    versions = ", ".join(v.name + " (released)" * v.released for v in issue.fix_versions) or "none"
    page = (
        f"<!doctype html><title>{escape(issue.key)}</title><h1>{escape(issue.summary)}</h1>"
        f"<p>{escape(issue.key)}: {escape(issue.status)}, {escape(issue.resolution or 'open')}; "
        f"fix versions: {escape(versions)}</p><pre>{escape(text_of(issue.description))}</pre>"
        f"<ul>{links}</ul>"
    )
    return Response(page, media_type=MediaType.HTML)


ROUTES = [
    create_issue,
    issues,
    edit_issue,
    set_fix_versions,
    transition,
    reopen,
    move,
    delete_issue,
    create_version,
    release,
    unrelease,
    delete_version,
    set_webhook,
    deliveries,
    order_fault,
    clear_faults,
    calls,
    browse,
]


def _shown(world: World, issue: Issue) -> Json:
    shown = issue_json(issue, world.state, world.site)
    return {**shown, "links": list(issue.links.values()), "properties": issue.properties}


def _changed(world: World, issue: Issue, changes: list[Change]) -> Json:
    if changes:
        world.announcer.issue(_UPDATED, issue, changes)
    return _shown(world, issue)


def _released(world: World, version_id: str, *, released: bool) -> Json:
    version = world.state.version(version_id)
    if version.released != released:
        world.state.release(version, released=released)
        event = "jira:version_released" if released else "jira:version_unreleased"
        world.announcer.version(event, version)
    return version_json(version, world.site)


def _link_row(target: dict[str, Any]) -> str:
    title, summary = escape(target["title"]), escape(target.get("summary", ""))
    return f'<li><a href="{escape(target["url"])}">{title}</a> {summary}</li>'
