"""The pages behind our links: GET shows and does nothing, POST does it once the broker has it."""

import asyncio
import base64
import hashlib
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from litestar import Litestar
from litestar.datastructures import State
from litestar.testing import TestClient

from schemas.errors import SinkUnreachable
from sinks.contracts import Outgoing
from sinks.store.fake import FakeStore
from streams.clock import HandClock
from streams.settings import Settings
from streams.verify import pages
from streams.verify.pages import reply_routes
from streams.verify.reply import decode_reply
from streams.verify.tokens import ReplyLinks, check
from tests.unit.tell_rows import NOW, tell

SECRET = "a secret of our own"
SETTINGS = Settings(reply_secret=SECRET, public_url="https://loop.example")
LINKS = ReplyLinks(SECRET, "https://loop.example", 3600).of(tell(), NOW)


class Broker:
    """Takes what is published, unless it is away or too slow."""

    def __init__(self) -> None:
        self.records: list[Outgoing] = []
        self.error: Exception | None = None
        self.delay_s = 0.0

    async def publish(self, records: Sequence[Outgoing]) -> None:
        """Keep them."""
        await asyncio.sleep(self.delay_s)
        if self.error is not None:
            raise self.error
        self.records += records


@pytest.fixture
def broker() -> Broker:
    """Empty."""
    return Broker()


@pytest.fixture
def clock() -> HandClock:
    """Just after the mail went out."""
    return HandClock(NOW)


@pytest.fixture
def store() -> FakeStore:
    """Open and empty."""
    opened = FakeStore()
    opened.open()
    return opened


@pytest.fixture
def client(broker: Broker, clock: HandClock, store: FakeStore) -> Iterator[TestClient[Litestar]]:
    """The two routes, as the gateway mounts them."""
    state = State({"publisher": broker, "clock": clock})
    with TestClient(Litestar(reply_routes(SETTINGS, store), state=state)) as opened:
        yield opened


def _path(url: str) -> str:
    return url.removeprefix("https://loop.example")


SOLVED, NOT_SOLVED = _path(LINKS.solved), _path(LINKS.not_solved)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_opening_a_link_has_no_effect(
    client: TestClient[Litestar], broker: Broker, method: str
) -> None:
    """However often a mail scanner opens it."""
    for _ in range(3):
        assert client.request(method, SOLVED).status_code == 200
    assert broker.records == []


@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "DELETE", "PATCH"])
def test_no_other_method_has_an_effect(
    client: TestClient[Litestar], broker: Broker, method: str
) -> None:
    """Only the button's does."""
    client.request(method, SOLVED)
    assert broker.records == []


def test_the_page_shows_what_it_would_do_and_a_button(client: TestClient[Litestar]) -> None:
    """The form posts to the page's own address."""
    page = client.get(SOLVED).text
    assert "Is it solved for you?" in page
    assert '<form method="post">' in page
    assert "<textarea" not in page
    assert "<textarea" in client.get(NOT_SOLVED).text


def test_pressing_the_button_publishes_one_reply(
    client: TestClient[Litestar], broker: Broker
) -> None:
    """Keyed by the token, with what was written beside it."""
    answer = client.post(NOT_SOLVED, data={"comment": "Groups are <missing> ü"})
    assert answer.status_code == 200
    assert "Thank you" in answer.text
    assert "missing" not in answer.text
    (record,) = broker.records
    reply = decode_reply(record.value)
    token = check(reply.token, SECRET, NOW)
    assert record.topic == "source.reply"
    assert record.key == token.id.encode()
    assert token.action == "not_solved"
    assert (reply.at, reply.comment) == (NOW, "Groups are <missing> ü")


@pytest.mark.parametrize("error", [SinkUnreachable("away"), None])
def test_no_thanks_before_the_broker_has_it(
    client: TestClient[Litestar], broker: Broker, monkeypatch: Any, error: Exception | None
) -> None:
    """Away or too slow: try again later, and nobody believes that it was kept."""
    monkeypatch.setattr(pages, "PUBLISH_TIMEOUT_S", 0.05)
    broker.error, broker.delay_s = error, 0.0 if error else 5.0
    answer = client.post(SOLVED)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "60"
    assert "Thank you" not in answer.text


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/r/x", "/r/x.y", SOLVED + "A", SOLVED[:-1], "/r/%00.%ff"])
def test_a_link_that_is_not_ours_is_refused_and_told_nothing(
    client: TestClient[Litestar], broker: Broker, method: str, path: str
) -> None:
    """The same words whatever is wrong with it."""
    answer = client.request(method, path)
    assert answer.status_code == 400
    assert "This link does not work" in answer.text
    assert not [word for word in ("acme", "rita", "signature", "secret") if word in answer.text]
    assert broker.records == []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_that_is_too_old_is_gone(
    client: TestClient[Litestar], broker: Broker, clock: HandClock, method: str
) -> None:
    """Nothing is published."""
    clock.advance(timedelta(hours=1))
    answer = client.request(method, SOLVED)
    assert answer.status_code == 410
    assert broker.records == []


def test_a_used_link_says_so_and_has_no_button(
    client: TestClient[Litestar], store: FakeStore
) -> None:
    """Going back to the mail a day later."""
    token = check(SOLVED.rpartition("/")[2], SECRET, NOW)
    with store.transaction() as tx:
        tx.loops.use_reply(token.id, NOW)
    page = client.get(SOLVED).text
    assert "We are glad that it is solved for you." in page
    assert "<form" not in page


def test_the_page_works_without_the_store(client: TestClient[Litestar], store: FakeStore) -> None:
    """Only whether the link was used is not known then."""
    store.close()
    assert "<form" in client.get(SOLVED).text


@pytest.mark.parametrize("path", [SOLVED, "/r/x.y"])
def test_nothing_is_run_kept_indexed_framed_or_told_to_others(
    client: TestClient[Litestar], path: str
) -> None:
    """The address is the capability: it must not leak by referrer, cache or search engine."""
    answer = client.get(path)
    headers = answer.headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in headers["X-Robots-Tag"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "<script" not in answer.text
    assert "http" not in answer.text.replace("https://loop.example", "")


def test_the_policy_allows_the_style_that_the_page_has(client: TestClient[Litestar]) -> None:
    """By its digest: a changed byte and the page would be bare."""
    answer = client.get(SOLVED)
    style = answer.text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("body", "comment"),
    [
        (b"", ""),
        (b"comment=a%00b", "ab"),
        (b"comment=\xff\xfe", "\ufffd\ufffd"),
        (b"comment=" + b"x" * 10_000, "x" * 4_000),
        (b"&".join([b"a=b"] * 50), ""),
        (b'{"comment": 1}', ""),
    ],
)
def test_whatever_is_posted_the_answer_counts(
    client: TestClient[Litestar], broker: Broker, body: bytes, comment: str
) -> None:
    """A comment that cannot be read does not lose it."""
    assert client.post(NOT_SOLVED, content=body).status_code == 200
    assert decode_reply(broker.records[0].value).comment == comment


def test_a_body_that_is_too_large_is_refused(client: TestClient[Litestar], broker: Broker) -> None:
    """64 KiB are enough for anybody's comment."""
    assert client.post(NOT_SOLVED, content=b"comment=" + b"x" * 100_000).status_code == 413
    assert broker.records == []


def test_without_a_secret_no_link_is_good(broker: Broker, clock: HandClock) -> None:
    """Where replies are not configured."""
    app = Litestar(reply_routes(Settings()), state=State({"publisher": broker, "clock": clock}))
    with TestClient(app) as client:
        assert client.post(SOLVED).status_code == 400
    assert broker.records == []
