"""The gateway wires the triage API: a store that comes later, and no API without a token."""

import httpx

from sinks.http.standin.serve import serving
from sinks.kafka.fake import FakePublisher
from sinks.store.migrations import migrate
from streams.collect.gateway import gateway_app
from streams.commands.gateway import triage_api
from streams.settings import Settings

TOKEN = "a token of sixteen or more"


def test_the_api_is_there_once_its_store_is(database_url: str) -> None:
    """Refused while the schema is not there; without a restart it answers afterwards."""
    settings = Settings(database_url=database_url, api_token=TOKEN)
    app = gateway_app(settings, FakePublisher(), None, triage_api(settings))
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with serving(app) as url, httpx.Client(base_url=url, headers=headers, timeout=20) as client:
        early = client.get("/v1/triage")
        assert (early.status_code, "migrate" in early.json()["detail"]) == (409, True)
        migrate(database_url)
        assert client.get("/v1/triage").json()["items"] == []


def test_a_database_that_is_away_is_503() -> None:
    """Asked anew each time."""
    settings = Settings(database_url="postgresql://nobody@127.0.0.1:1/none", api_token=TOKEN)
    app = gateway_app(settings, FakePublisher(), None, triage_api(settings))
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with serving(app) as url, httpx.Client(base_url=url, headers=headers, timeout=60) as client:
        assert client.get("/v1/triage").status_code == 503


def test_without_a_token_nothing_is_loaded() -> None:
    """Not even routes."""
    assert triage_api(Settings()) == []
