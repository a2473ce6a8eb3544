"""The triage API over real HTTP: who gets in, what is decided, and what is said of mistakes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from schemas.errors import SinkUnreachable
from schemas.events import Epic
from sinks.contracts import Sighting
from sinks.http.standin.serve import serving
from sinks.jira.fake import FakeTracker
from sinks.kafka.fake import FakePublisher
from sinks.store.contract import Store
from sinks.store.fake import FakeStore
from sinks.store.learned import Guess
from sinks.store.rows import Remark, Words
from streams.collect.gateway import gateway_app
from streams.link.api import LARGEST_BODY_BYTES, Desk, triage_routes
from streams.link.theming import Themes
from streams.settings import Settings
from tests.unit.desk_world import suggest

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TOKEN = "a token of sixteen or more"
WORDS = (
    "Please let us export invoices as a spreadsheet",
    "We want to export our invoices as a spreadsheet file",
    "Exporting invoices as a spreadsheet would help us",
)
DECISION = {"remarks": ["form:0"], "issues": ["APP-1"], "verdict": "accept", "by": "kim"}
EPIC = {"remark": "form:0", "project": "APP", "summary": "Exports", "by": "kim"}


@pytest.fixture
def store() -> FakeStore:
    """One issue, and three remarks that are alike."""
    made = FakeStore()
    made.open()
    with made.transaction() as tx:
        epic = Epic(id="1", key="APP-1", summary="Exports")
        tx.epics.put([Sighting(epic=epic, updated_at=NOW)])
        for record, words in enumerate(WORDS):
            (id_,) = tx.remarks.new_ids(1)
            remark = Remark(
                id=id_,
                origin="form",
                record=str(record),
                version_at=NOW,
                said_at=NOW,
                outcome="unmatched",
            )
            tx.remarks.add([(remark, Words(remark_id=id_, words=words))])
    Themes(made).sort_new(NOW)
    return made


@pytest.fixture(scope="module")
def tracker() -> FakeTracker:
    """In memory."""
    return FakeTracker()


def served(get_store: Any, tracker: FakeTracker) -> Iterator[httpx.Client]:
    """A client of the gateway with the API, on a real port."""
    desk = Desk(get_store, lambda: tracker, lambda: NOW)
    app = gateway_app(Settings(), FakePublisher(), None, [triage_routes(TOKEN, desk)])
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with serving(app) as url, httpx.Client(base_url=url, headers=headers, timeout=20) as client:
        yield client


@pytest.fixture
def client(store: FakeStore, tracker: FakeTracker) -> Iterator[httpx.Client]:
    """Who knows the token."""
    yield from served(lambda: store, tracker)


def problem(answer: httpx.Response, status: int) -> str:
    """What a problem document says."""
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert (answer.status_code, said["status"]) == (status, status)
    return str(said["detail"])


ROUTES = [
    ("GET", "/v1/triage"),
    ("GET", "/v1/triage/themes"),
    ("POST", "/v1/triage/decisions"),
    ("POST", "/v1/triage/undo"),
    ("POST", "/v1/triage/epics"),
]


@pytest.mark.parametrize("said", [None, "", "Bearer", f"Basic {TOKEN}", f"Bearer {TOKEN}x", TOKEN])
def test_nobody_gets_in_without_the_token(
    client: httpx.Client, store: FakeStore, said: str | None
) -> None:
    """Whatever they send; they learn nothing but that."""
    del client.headers["authorization"]
    headers = {} if said is None else {"Authorization": said}
    for method, path in ROUTES:
        answer = client.request(method, path, json=DECISION, headers=headers)
        assert "bearer token" in problem(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"
    assert outcome(store) == "unmatched"


def test_without_a_token_set_there_is_no_api() -> None:
    """As if it had never been heard of."""
    app = gateway_app(Settings(), FakePublisher())
    with serving(app) as url, httpx.Client(base_url=url) as client:
        assert problem(client.get("/v1/triage"), 404)


def outcome(store: FakeStore, record: str = "0") -> str:
    """What linking has come to for a remark."""
    with store.transaction() as tx:
        found = tx.remarks.find(f"form:{record}")
    assert found is not None
    return found[0].outcome


def suggested(store: FakeStore, record: str) -> None:
    """Likeness suggests the issue."""
    with store.transaction() as tx:
        found = tx.remarks.find(f"form:{record}")
        assert found is not None
        tx.remarks.set_outcome({found[0].id: "suggested"})
        suggest(tx, found[0].id, 1, 0.5)


def audited(store: FakeStore, record: str) -> None:
    """Chance has chosen the remark to be asked."""
    with store.transaction() as tx:
        found = tx.remarks.find(f"form:{record}")
        assert found is not None
        id_ = found[0].id
        tx.learned.guess(
            {id_},
            [
                Guess(
                    remark_id=id_,
                    passage=0,
                    issue_id=1,
                    features=(1.0,),
                    confidence=0.9,
                    tier="fast",
                    basis="table",
                    epics=1,
                    audit=True,
                    sure=True,
                    at=NOW,
                )
            ],
        )


def test_what_waits_is_listed(client: httpx.Client) -> None:
    """With how much was looked at, and what of it teaches; never kept by a cache."""
    answer = client.get("/v1/triage", params={"limit": 2})
    said = answer.json()
    assert (said["looked_at"], said["more"], len(said["items"])) == (3, False, 2)
    assert said["items"][0]["alike"] == 3
    assert said["items"][0]["shown"] == said["items"][0]["words"] == WORDS[2]
    assert answer.headers["cache-control"] == "no-store"
    (theme,) = client.get("/v1/triage/themes").json()["themes"]
    assert (theme["remarks"], theme["id"]) == (3, 1)


def test_a_decision_may_be_repeated_and_undone(client: httpx.Client, store: FakeStore) -> None:
    """As browsers do: the second time nothing is decided."""
    first = client.post("/v1/triage/decisions", json=DECISION).json()
    assert first["remarks"][0]["outcome"] == "linked"
    again = client.post("/v1/triage/decisions", json=DECISION)
    assert (again.status_code, again.json()["remarks"][0]["decided"]) == (200, [])
    back = {"remarks": ["form:0"], "by": "kim"}
    assert client.post("/v1/triage/undo", json=back).json()["remarks"][0]["outcome"] == "unmatched"
    assert client.post("/v1/triage/undo", json=back).json()["remarks"][0]["decided"] == []
    assert outcome(store) == "unmatched"


def test_what_was_not_looked_at_teaches_nothing(client: httpx.Client, store: FakeStore) -> None:
    """As the page says; who names remarks and says nothing has looked at them."""
    more = {**DECISION, "remarks": ["form:1", "form:2"], "seen": False}
    for decision in (DECISION, more):
        assert client.post("/v1/triage/decisions", json=decision).is_success
    assert [outcome(store, record) for record in "012"] == ["linked"] * 3
    with store.transaction() as tx:
        assert [lesson.text for lesson in tx.learned.lessons(0)[0]] == [WORDS[0]]


@pytest.mark.parametrize("verdict", ["accept", "reject", "dismiss"])
def test_an_audit_is_not_decided_unseen(
    client: httpx.Client, store: FakeStore, verdict: str
) -> None:
    """It would count as wrong; of those that are named with it none is decided either."""
    both = {**DECISION, "remarks": ["form:0", "form:1"]}
    for record in "01":
        suggested(store, record)
    audited(store, "1")
    asked = {**both, "verdict": verdict, "issues": [] if verdict == "dismiss" else ["APP-1"]}
    refused = client.post("/v1/triage/decisions", json={**asked, "seen": False})
    said = problem(refused, 409)
    assert said.startswith("form:1: it is an audit")
    assert [outcome(store, record) for record in "01"] == ["suggested", "suggested"]
    assert client.post("/v1/triage/decisions", json=asked).is_success


def test_what_cannot_be_decided_is_409_with_the_reason(
    client: httpx.Client, store: FakeStore
) -> None:
    """Of several remarks none is decided then."""
    client.post("/v1/triage/decisions", json=DECISION)
    by_other = client.post("/v1/triage/decisions", json={**DECISION, "by": "lee"})
    assert "by kim" in problem(by_other, 409)
    both = {**DECISION, "remarks": ["form:1", "form:9"], "verdict": "dismiss", "issues": []}
    assert "form:9" in problem(client.post("/v1/triage/decisions", json=both), 409)
    assert outcome(store, "1") == "unmatched"


def test_a_deleted_issue_is_409(client: httpx.Client, store: FakeStore) -> None:
    """Nothing will ever ship of it. What was accepted before may be repeated."""
    again = {**DECISION, "remarks": ["form:1"]}
    assert client.post("/v1/triage/decisions", json=again).is_success
    epic = Epic(id="1", key="APP-1", summary="Exports", deleted=True)
    with store.transaction() as tx:
        tx.epics.put([Sighting(epic=epic, updated_at=NOW + timedelta(days=1))])
    refused = client.post("/v1/triage/decisions", json=DECISION)
    assert problem(refused, 409) == "form:0: APP-1 was deleted in Jira"
    assert outcome(store) == "unmatched"
    assert client.post("/v1/triage/decisions", json=again).is_success


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("decisions", {**DECISION, "remarks": []}, "remarks"),
        ("decisions", {**DECISION, "remarks": ["no colon"]}, "remarks"),
        ("decisions", {**DECISION, "verdict": "perhaps"}, "verdict"),
        ("decisions", {**DECISION, "by": ""}, "by"),
        ("decisions", {**DECISION, "more": 1}, "more"),
        ("undo", {"by": "kim"}, "remarks"),
        ("epics", {"project": "A B", "summary": "x", "by": "kim"}, "project"),
        ("decisions", {**DECISION, "by": "ki\0m"}, "by"),
        ("decisions", {**DECISION, "remarks": ["form:\0"]}, "remarks"),
        ("undo", {"remarks": ["form:0"], "by": "ki\0m"}, "by"),
        ("epics", {**EPIC, "summary": "x\0"}, "summary"),
        ("epics", {**EPIC, "description": "x\0"}, "description"),
    ],
)
def test_a_wrong_field_is_named(
    client: httpx.Client, path: str, body: dict[str, Any], field: str
) -> None:
    """400, and nothing is done."""
    assert field in problem(client.post(f"/v1/triage/{path}", json=body), 400)


@pytest.mark.parametrize("path", ["decisions", "undo", "epics"])
def test_a_request_without_a_body_is_told_what_is_due(client: httpx.Client, path: str) -> None:
    """In words that do not come from our own code."""
    said = problem(client.post(f"/v1/triage/{path}"), 400)
    assert said == "body: is empty; a JSON object is due"


def test_a_limit_out_of_bounds_and_a_large_body_are_refused(client: httpx.Client) -> None:
    """Before anything is read from the store."""
    for limit in (0, 201, "many"):
        assert "limit" in problem(client.get("/v1/triage", params={"limit": limit}), 400)
    large = {**DECISION, "by": "x" * LARGEST_BODY_BYTES}
    assert "256 KiB" in problem(client.post("/v1/triage/decisions", json=large), 413)
    assert problem(client.post("/v1/triage/decisions", content=b"{"), 400)


def test_an_epic_is_made_once(client: httpx.Client, tracker: FakeTracker) -> None:
    """Repeated, it is the same; with no words of customers."""
    body = {"theme": 1, "project": "APP", "summary": "Exports", "by": "kim"}
    first = client.post("/v1/triage/epics", json=body).json()
    assert [one["outcome"] for one in first["remarks"]] == ["linked"] * 3
    again = client.post("/v1/triage/epics", json=body).json()
    assert (again["issue_key"], again["remarks"]) == (first["issue_key"], [])
    tracker.open()
    made = tracker.issue(first["issue_key"])
    assert made is not None
    assert made.epic.description.startswith("3 remarks from 0 accounts")
    neither = {"project": "APP", "summary": "Exports", "by": "kim"}
    assert "one remark or of one theme" in problem(
        client.post("/v1/triage/epics", json=neither), 409
    )


def test_a_store_that_is_away_is_503(tracker: FakeTracker) -> None:
    """With a time to come back."""

    def away() -> Store:
        raise SinkUnreachable("store: no")

    for client in served(away, tracker):
        answer = client.get("/v1/triage")
        assert problem(answer, 503)
        assert int(answer.headers["retry-after"]) > 0


def test_the_api_describes_itself(client: httpx.Client) -> None:
    """Every route, with its refusals, and that a token is due."""
    schema = client.get("/schema/openapi.json").json()
    for method, path in ROUTES:
        operation = schema["paths"][path][method.lower()]
        assert {"200", "400", "401", "503"} <= set(operation["responses"])
        assert operation["security"] == [{"bearer": []}]
    assert schema["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
