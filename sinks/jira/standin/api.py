"""The part of Jira Cloud's REST API v3 that our client calls, over the stand-in's memory.

Source: Jira Cloud platform REST v3 document; ``tests/contract`` holds both to it (read 2026-07).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from litestar import HttpMethod, Response, delete, get, post, put, route
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from sinks.jira.adf import Adf
from sinks.jira.read import FIELDS
from sinks.jira.standin import jql as query
from sinks.jira.standin.shapes import ACTOR, Json, issue_json, link_json, self_url, version_json
from sinks.jira.standin.state import Issue, Refused, Unknown
from sinks.jira.standin.world import Here

API = "/rest/api/3"
_LONGEST_GLOBAL_ID = 255
_FIRST_PAGE = "p0"


@get(f"{API}/serverInfo", sync_to_thread=False)
def server_info(world: Here) -> Json:
    """What the server is."""
    return {
        "baseUrl": world.site,
        "displayUrl": world.site,
        "version": "1001.0.0-SNAPSHOT",
        "versionNumbers": [1001, 0, 0],
        "deploymentType": world.deployment,
        "buildNumber": 100_000,
        "serverTitle": "Stand-in of Jira",
    }


@get(f"{API}/myself", sync_to_thread=False)
def myself(world: Here) -> Json:
    """Who is logged in."""
    return {**ACTOR, "emailAddress": world.login[0] if world.login else "stand-in@example.com"}


@get(f"{API}/mypermissions", sync_to_thread=False)
def my_permissions(
    world: Here,
    permissions: FromQuery[str] = "",
    project_key: Annotated[str, QueryParameter(name="projectKey")] = "",
) -> Json:
    """Which of these rights are held."""
    if project_key and project_key not in world.state.projects:
        raise Unknown(f"No project could be found with key '{project_key}'.")
    if not permissions:
        raise Refused("The 'permissions' query parameter is required.")
    asked = permissions.split(",")
    return {"permissions": {key: _right(key, world.missing_rights) for key in asked}}


@get(f"{API}/field", sync_to_thread=False)
def fields() -> list[Json]:
    """The fields that issues have; and a custom one that takes the name of a system field."""
    system = [_field(name, name, custom=False) for name in FIELDS]
    return [*system, _field("customfield_10050", "status", custom=True)]


@get(f"{API}/search/jql", sync_to_thread=False)
def search(
    world: Here,
    jql: FromQuery[str] = "",
    fields: FromQuery[list[str] | None] = None,
    max_results: Annotated[int, QueryParameter(name="maxResults")] = 50,
    page: Annotated[str, QueryParameter(name="nextPageToken")] = _FIRST_PAGE,
) -> Json:
    """One page; fewer than asked for, as Cloud does where it likes."""
    found = query.search(jql, world.state)
    start = int(page.removeprefix("p"))
    end = start + min(max_results, world.page_size)
    wanted = _split(fields) or ["id"]
    issues = [issue_json(i, world.state, world.site, wanted) for i in found[start:end]]
    last = end >= len(found)
    next_page = {} if last else {"nextPageToken": f"p{end}"}
    return {"issues": issues, "isLast": last, **next_page}


@get(f"{API}/issue/{{key:str}}", sync_to_thread=False)
def read_issue(world: Here, key: FromPath[str], fields: FromQuery[list[str] | None] = None) -> Json:
    """One issue."""
    return issue_json(world.state.issue(key), world.state, world.site, _split(fields))


@post(f"{API}/issue", sync_to_thread=False)
def create_issue(world: Here, data: JSONBody[Json]) -> Json:
    """A new issue, and its webhook."""
    given = data.get("fields", {})
    description: Adf | str | None = given.get("description")
    if isinstance(description, str):
        raise Refused("Operation value must be an Atlassian Document (see the ADF specification)")
    summary = given.get("summary")
    if not isinstance(summary, str) or not summary or "\n" in summary:
        raise Refused("You must specify a summary of the issue, on one line.")
    issue = world.state.create_issue(
        given.get("project", {}).get("key", ""),
        summary=summary,
        description=description,
        type=given.get("issuetype", {}).get("name", "Epic"),
        labels=_labels(given.get("labels", [])),
    )
    world.announcer.issue("jira:issue_created", issue)
    return {"id": issue.id, "key": issue.key, "self": self_url(world.site, issue)}


@get(f"{API}/issue/{{key:str}}/remotelink", sync_to_thread=False)
def read_links(
    world: Here, key: FromPath[str], global_id: Annotated[str, QueryParameter(name="globalId")] = ""
) -> list[Json] | Json:
    """The remote links of an issue, or the one of that global id."""
    issue = world.state.issue(key)
    if global_id:
        return link_json(issue, _link(issue, global_id), world.site)
    return [link_json(issue, link, world.site) for link in issue.links.values()]


@post(f"{API}/issue/{{key:str}}/remotelink", sync_to_thread=False)
def write_link(world: Here, key: FromPath[str], data: JSONBody[Json]) -> Response[Json]:
    """Make a remote link, or replace the one of the same global id, whole."""
    issue = world.state.issue(key)
    target, global_id = data.get("object", {}), str(data.get("globalId", ""))
    if not target.get("url") or not target.get("title"):
        raise Refused("'url' and 'title' are required.")
    if len(global_id) > _LONGEST_GLOBAL_ID:
        raise Refused("'globalId' is longer than 255 characters.")
    before = issue.links.get(global_id)
    number = int(world.state.next_id()) if before is None else before["id"]
    issue.links[global_id or str(number)] = {**data, "id": number}
    answer = {"id": number, "self": f"{self_url(world.site, issue)}/remotelink/{number}"}
    return Response(answer, status_code=201 if before is None else 200)


@delete(f"{API}/issue/{{key:str}}/remotelink", sync_to_thread=False)
def drop_link(
    world: Here, key: FromPath[str], global_id: Annotated[str, QueryParameter(name="globalId")]
) -> None:
    """Remove the remote link of that global id."""
    issue = world.state.issue(key)
    _link(issue, global_id)
    del issue.links[global_id]


@get(f"{API}/issue/{{key:str}}/properties/{{name:str}}", sync_to_thread=False)
def read_property(world: Here, key: FromPath[str], name: FromPath[str]) -> Json:
    """One property of an issue."""
    issue = world.state.issue(key)
    if name not in issue.properties:
        raise Unknown(f"The property {name} does not exist.")
    return {"key": name, "value": issue.properties[name]}


@put(f"{API}/issue/{{key:str}}/properties/{{name:str}}", sync_to_thread=False)
def write_property(
    world: Here, key: FromPath[str], name: FromPath[str], data: JSONBody[Any]
) -> Response[Json]:
    """Set one property: 201 the first time, 200 after."""
    issue = world.state.issue(key)
    is_new = name not in issue.properties
    issue.properties[name] = data
    return Response({}, status_code=201 if is_new else 200)


@delete(f"{API}/issue/{{key:str}}/properties/{{name:str}}", sync_to_thread=False)
def drop_property(world: Here, key: FromPath[str], name: FromPath[str]) -> None:
    """Remove one property."""
    issue = world.state.issue(key)
    if name not in issue.properties:
        raise Unknown(f"The property {name} does not exist.")
    del issue.properties[name]


@get(f"{API}/version/{{version_id:str}}", sync_to_thread=False)
def read_version(world: Here, version_id: FromPath[str]) -> Json:
    """One version."""
    return version_json(world.state.version(version_id), world.site)


@get(f"{API}/project/{{key:str}}/versions", sync_to_thread=False)
def read_versions(world: Here, key: FromPath[str]) -> list[Json]:
    """The versions of a project."""
    if key not in world.state.projects:
        raise Unknown(f"No project could be found with key '{key}'.")
    versions = world.state.versions.values()
    return [version_json(v, world.site) for v in versions if v.project.key == key]


@route(
    ["/rest/{rest:path}"],
    http_method=[HttpMethod.GET, HttpMethod.POST, HttpMethod.PUT, HttpMethod.DELETE],
    sync_to_thread=False,
)
def unknown(rest: FromPath[Path]) -> None:
    """Whatever else is called: 404, but noted like all calls."""
    raise Unknown(f"null for uri: /rest{rest}")


ROUTES = [
    unknown,
    server_info,
    myself,
    my_permissions,
    fields,
    search,
    read_issue,
    create_issue,
    read_links,
    write_link,
    drop_link,
    read_property,
    write_property,
    drop_property,
    read_version,
    read_versions,
]


def _right(key: str, missing: Any) -> Json:
    return {"id": "1", "key": key, "name": key, "havePermission": key not in missing}


def _field(identity: str, clause: str, *, custom: bool) -> Json:
    return {
        "id": identity,
        "key": identity,
        "name": identity,
        "custom": custom,
        "clauseNames": [clause],
    }


def _split(names: list[str] | None) -> list[str] | None:
    return None if names is None else [name for part in names for name in part.split(",")]


def _labels(labels: list[str]) -> list[str]:
    if any(" " in label for label in labels):
        raise Refused("The label contains spaces which is invalid.")
    return labels


def _link(issue: Issue, global_id: str) -> Json:
    if global_id not in issue.links:
        raise Unknown("The remote issue link does not exist.")
    return issue.links[global_id]
