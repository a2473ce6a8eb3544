"""The stand-in of Jira announces what Jira would, and remembers what it was told."""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import httpx
import pytest

from sinks.http.standin.serve import serving
from sinks.jira.read import epic_of, sighting_of
from sinks.jira.standin import jira_app
from sinks.jira.standin.state import State
from tests.contract.prism import material
from tests.contract.receiver import Receiver, receiving, until

SECRET = "It's a Secret to Everybody"
Do: TypeAlias = Callable[..., Any]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Where webhooks go."""
    with receiving() as made:
        yield made


@pytest.fixture
def http(receiver: Receiver) -> Iterator[httpx.Client]:
    """A stand-in that announces to `receiver`, with short pauses."""
    pauses_s = (0.01, 0.01)
    app = jira_app(webhook_url=receiver.url, webhook_secret=SECRET, pauses_s=pauses_s, page_size=2)
    with serving(app) as url, httpx.Client(base_url=url) as client:
        yield client


@pytest.fixture
def do(http: httpx.Client) -> Do:
    """One call of the control surface."""

    def call(method: str, path: str, **body: Any) -> Any:
        answer = http.request(method, f"/_demo{path}", json=body or None).raise_for_status()
        return answer.json() if answer.content else None

    return call


def test_a_new_issue_is_announced_and_signed(receiver: Receiver, do: Do) -> None:
    """With an identifier, so that a repetition is known."""
    made = do("POST", "/issues", project="DEMO", summary="Audit log", description="Why\n\nwho")
    (request,) = receiver.await_requests(1)
    digest = hmac.new(SECRET.encode(), request.body, hashlib.sha256).hexdigest()
    assert request.headers["x-hub-signature"] == f"sha256={digest}"
    assert request.headers["x-atlassian-webhook-identifier"]
    assert request.json["webhookEvent"] == "jira:issue_created"
    epic = epic_of(request.json["issue"], "https://acme.example", "$.issue")
    assert (epic.id, epic.key, epic.description) == (made["id"], "DEMO-1", "Why\nwho")


def test_every_change_is_announced_with_what_changed(receiver: Receiver, do: Do) -> None:
    """In the order in which it happened, as Jira words it."""
    version = do("POST", "/versions", project="DEMO", name="1.0")["id"]
    do("POST", "/issues", project="DEMO", summary="Audit log")
    do("PUT", "/issues/DEMO-1", summary="Audit log!", labels=["beta"], description="more")
    do("PUT", "/issues/DEMO-1/fix-versions", versions=[version])
    do("POST", "/issues/DEMO-1/transition", status="Done", resolution="Won't Do")
    do("POST", "/issues/DEMO-1/reopen")
    do("POST", f"/versions/{version}/release")
    do("POST", f"/versions/{version}/release")
    do("POST", f"/versions/{version}/unrelease")
    do("PUT", "/issues/DEMO-1/fix-versions", versions=[])
    do("POST", "/issues/DEMO-1/move", project="NEW")
    do("DELETE", "/issues/NEW-1")
    do("DELETE", f"/versions/{version}")
    bodies = [request.json for request in receiver.await_requests(12)]
    assert [_told(body) for body in bodies] == [
        ("jira:version_created", []),
        ("jira:issue_created", []),
        ("jira:issue_updated", ["summary", "description", "labels"]),
        ("jira:issue_updated", ["Fix Version"]),
        ("jira:issue_updated", ["resolution", "status"]),
        ("jira:issue_updated", ["resolution", "status"]),
        ("jira:version_released", []),
        ("jira:version_unreleased", []),
        ("jira:issue_updated", ["Fix Version"]),
        ("jira:issue_updated", ["project", "Key"]),
        ("jira:issue_deleted", []),
        ("jira:version_deleted", []),
    ]
    assert bodies[3]["changelog"]["items"][0] == {
        "field": "Fix Version",
        "fieldtype": "jira",
        "fieldId": "fixVersions",
        "from": None,
        "fromString": None,
        "to": version,
        "toString": "1.0",
    }
    assert bodies[6]["version"]["released"] is True
    assert isinstance(bodies[6]["version"]["projectId"], int)
    assert bodies[9]["issue_event_type_name"] == "issue_moved"


def _told(body: dict[str, Any]) -> tuple[str, list[str]]:
    changes = body.get("changelog", {}).get("items", [])
    return body["webhookEvent"], [change["field"] for change in changes]


def test_a_refused_webhook_comes_again_with_the_same_identifier(receiver: Receiver, do: Do) -> None:
    """A few times; the next one waits, so that order is kept."""
    receiver.refusals[:] = [500, 503]
    do("POST", "/issues", project="DEMO", summary="one")
    do("POST", "/issues", project="DEMO", summary="two")
    requests = receiver.await_requests(4)
    ids = [request.headers["x-atlassian-webhook-identifier"] for request in requests]
    assert len(set(ids[:3])) == 1
    assert ids[3] != ids[0]
    retries = [request.headers.get("x-atlassian-webhook-retry") for request in requests]
    assert retries == [None, "1", "2", None]
    until(lambda: _states(do) == ["delivered", "delivered"])


def test_a_webhook_that_is_never_taken_is_given_up(receiver: Receiver, do: Do) -> None:
    """And the next one goes on."""
    receiver.refusals[:] = [500] * 3
    do("POST", "/issues", project="DEMO", summary="one")
    do("POST", "/issues", project="DEMO", summary="two")
    until(lambda: _states(do) == ["given_up", "delivered"])
    assert do("GET", "/deliveries")[0]["attempts"] == 3


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/nobody", "not a url", None])
def test_an_address_that_takes_nothing_stops_nothing(do: Do, url: str | None) -> None:
    """The stand-in serves on."""
    do("PUT", "/webhook", url=url, secret=None)
    do("POST", "/issues", project="DEMO", summary="one")
    until(lambda: _states(do) == ["no_address" if url is None else "given_up"])


def test_without_a_secret_nothing_is_signed(receiver: Receiver, do: Do) -> None:
    """As in Jira."""
    do("PUT", "/webhook", url=receiver.url, secret=None)
    do("POST", "/issues", project="DEMO", summary="one")
    (request,) = receiver.await_requests(1)
    assert "x-hub-signature" not in request.headers


def _states(do: Do) -> list[str]:
    return [delivery["state"] for delivery in do("GET", "/deliveries")]


def test_webhooks_have_the_shape_of_recorded_ones(receiver: Receiver, do: Do) -> None:
    """Every key that ours have, Jira's have too."""
    version = do("POST", "/versions", project="DEMO", name="1.0")["id"]
    do("POST", "/issues", project="DEMO", summary="Audit log", fix_versions=[version])
    do("POST", "/issues/DEMO-1/transition", status="Done", resolution="Done")
    do("POST", f"/versions/{version}/release")
    _, created, updated, released = [request.json for request in receiver.await_requests(4)]
    assert _excess(created, _recorded("mattermost_webhook-issue-created")) == set()
    resolved = _recorded("mattermost_webhook-issue-updated-resolved-one-changelog")
    # Which versions an issue is fixed in, no recorded one shows.
    assert _excess(updated, resolved) == set()
    known = {"$.version.releaseDate"}  # in the vendor's document of a version
    assert _excess(released, _recorded("version_released.putit")) <= known
    assert sighting_of(updated["issue"], "https://acme.example").epic.resolution == "Done"


def _recorded(name: str) -> Any:
    return json.loads(material(f"webhooks/jira/{name}.json").read_bytes())


def _excess(ours: Any, theirs: Any, path: str = "$") -> set[str]:
    """Paths that ours has and theirs lacks; lists are compared by their first item."""
    if isinstance(ours, list) and isinstance(theirs, list):
        both = ours and theirs
        return _excess(ours[0], theirs[0], f"{path}[]") if both else set()
    if not (isinstance(ours, dict) and isinstance(theirs, dict)):
        return set()
    optional = {"accountType"}
    lacking = {f"{path}.{name}" for name in ours if name not in theirs and name not in optional}
    shared = (
        _excess(ours[name], theirs[name], f"{path}.{name}") for name in ours if name in theirs
    )
    return lacking.union(*shared)


@pytest.mark.parametrize(
    "jql",
    ["", "ORDER BY created ASC, key ASC", "summary ~ x", "project = NOPE", "project = DEMO OR"],
)
def test_a_query_that_jira_would_refuse_is_refused(http: httpx.Client, jql: str) -> None:
    """In its words: unbounded, unknown, or not readable."""
    answer = http.get("/rest/api/3/search/jql", params={"jql": jql})
    assert answer.status_code == 400
    assert answer.json()["errorMessages"][0]


def test_a_plain_description_is_refused(http: httpx.Client) -> None:
    """Version 3 takes documents only, though its own document lets anything pass."""
    fields = {
        "project": {"key": "DEMO"},
        "issuetype": {"name": "Epic"},
        "summary": "s",
        "description": "plain",
    }
    answer = http.post("/rest/api/3/issue", json={"fields": fields})
    assert answer.status_code == 400
    assert "Atlassian Document" in answer.text


def test_a_link_and_a_property_are_made_once_and_then_replaced(http: httpx.Client, do: Do) -> None:
    """201, then 200; what the second one lacks is gone."""
    do("POST", "/issues", project="DEMO", summary="one")
    base = "/rest/api/3/issue/DEMO-1"
    target = {"url": "https://x.example", "title": "t"}
    whole = {"globalId": "g", "relationship": "r", "object": target}
    part = {"globalId": "g", "object": target}
    assert [http.post(f"{base}/remotelink", json=link).status_code for link in (whole, part)] == [
        201,
        200,
    ]
    link = http.get(f"{base}/remotelink", params={"globalId": "g"}).json()
    assert "relationship" not in link
    assert [http.put(f"{base}/properties/p", json=7).status_code for _ in range(2)] == [201, 200]
    assert http.get(f"{base}/properties/p").json() == {"key": "p", "value": 7}
    gone = [http.delete(f"{base}/properties/p").status_code for _ in range(2)]
    assert gone == [204, 404]
    refused = [{"globalId": "g" * 256, "object": target}, {"object": {"url": "x"}}]
    statuses = [http.post(f"{base}/remotelink", json=link).status_code for link in refused]
    assert statuses == [400, 400]


def test_a_person_can_look_at_an_issue(http: httpx.Client, do: Do) -> None:
    """With its links; nothing in it is taken for markup."""
    do("POST", "/issues", project="DEMO", summary="<b>bold</b>")
    page = http.get("/browse/DEMO-1").text
    assert "&lt;b&gt;bold" in page
    assert "<b>bold" not in page


def test_a_mistaken_order_is_refused(http: httpx.Client) -> None:
    """A field that is not known is a mistake, not to be passed over."""
    answer = http.post("/_demo/issues", json={"project": "DEMO", "sumary": "typo"})
    assert answer.status_code == 400
    assert http.post("/_demo/issues/NOPE-1/reopen").status_code == 404


def test_a_parent_and_a_former_key_survive_a_move() -> None:
    """The key that an issue had first leads to it after two moves."""
    state = State(["A"])
    issue = state.create_issue("A", summary="s")
    state.move_issue(issue, "B")
    state.move_issue(issue, "C")
    assert state.issue("A-1") is state.issue("b-1") is state.issue("C-1") is issue


@pytest.mark.parametrize("module", ["sinks.jira.standin", "sinks.mail.standin"])
def test_it_runs_as_a_process_and_says_where(module: str, tmp_path: Any) -> None:
    """Port 0 takes a free one; the line with the address comes at once, also into a pipe."""
    process = subprocess.Popen(  # noqa: S603 our own module
        [sys.executable, "-m", module],
        stdout=subprocess.PIPE,
        cwd=tmp_path,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = next(line for line in process.stdout if line.startswith("listening on "))
        assert httpx.get(f"{line.split()[-1]}/_demo/calls").json() == []
    finally:
        process.terminate()
        process.wait(10)


@pytest.mark.parametrize("module", ["sinks.jira.standin", "sinks.mail.standin"])
def test_its_help_has_an_example(module: str) -> None:
    """As every command of ours."""
    done = subprocess.run(  # noqa: S603 our own module
        [sys.executable, "-m", module, "--help"], capture_output=True, text=True, check=True
    )
    assert f"python -m {module}" in done.stdout
