"""The gateway in a crowd, over real connections: strangers cannot fill it, nor keep it waiting."""

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import psutil
import pytest

from schemas.topics import LARGEST_BODY_BYTES, MIB
from sinks.contracts import Outgoing
from sinks.kafka.fake import FakePublisher
from streams.clock import HandClock
from streams.collect import intake, patience
from streams.collect.admission import Admission
from streams.collect.gateway import gateway_app
from streams.collect.serve import server_of
from streams.collect.sources.tests.helpers import fixture
from streams.collect.sources.typeform.verify import signature_of
from streams.settings import Settings
from streams.verify import pages
from streams.verify.pages import reply_routes
from streams.verify.tokens import ReplyLinks
from tests.unit.tell_rows import tell

SETTINGS = Settings(typeform_secret="typeform secret", reply_secret="a secret of sixteen")
NOW = datetime(2026, 7, 28, 9, 30, tzinfo=UTC)
BODY = fixture("typeform", "response")
WHERE = "/v1/sources/typeform"
WAIT_S = 30
PROGRAM = f"""
from sinks.kafka.fake import FakePublisher
from streams.collect.gateway import gateway_app
from streams.collect.serve import server_of
from streams.settings import Settings

settings = Settings(typeform_secret={SETTINGS.typeform_secret!r})
server_of(gateway_app(settings, FakePublisher()), "127.0.0.1", %d).run()
"""


class Sender:
    """Sends bytes, not always a whole request of them."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, *parts: bytes) -> None:
        """As much as the other side takes."""
        with contextlib.suppress(ConnectionError):
            for part in parts:
                self._writer.write(part)
            await self._writer.drain()

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the answer."""
        async with asyncio.timeout(WAIT_S):
            head = await self._reader.readuntil(b"\r\n\r\n")
            status, *lines = head.decode().strip().split("\r\n")
            headers = {name.lower(): v.strip() for name, _, v in (x.partition(":") for x in lines)}
            body = await self._reader.readexactly(int(headers["content-length"]))
        return int(status.split()[1]), headers, body

    async def is_cut_off(self) -> bool:
        """Whether the other side closes, without a word."""
        async with asyncio.timeout(WAIT_S):
            with contextlib.suppress(ConnectionError):
                return await self._reader.read() == b""
        return True

    def close(self) -> None:
        """Go away."""
        self._writer.transport.abort()


class Gateway:
    """A running gateway and those who connect to it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.senders: list[Sender] = []

    async def sender(self) -> Sender:
        """Somebody connects."""
        one = Sender(*await asyncio.open_connection("127.0.0.1", self.port))
        self.senders.append(one)
        return one

    async def stranger(self, announced: int, sent: bytes, *more: str) -> Sender:
        """Somebody begins a request, unsigned, and stops."""
        one = await self.sender()
        await one.send(head(announced, *more), sent)
        return one

    async def post(self, body: bytes = BODY) -> httpx.Response:
        """A form's response, signed."""
        headers = {"Content-Type": "application/json"}
        headers["Typeform-Signature"] = signature_of(SETTINGS.typeform_secret, body)
        async with httpx.AsyncClient(timeout=WAIT_S) as client:
            url = f"http://127.0.0.1:{self.port}{WHERE}"
            return await client.post(url, content=body, headers=headers)


def head(announced: int, *more: str, where: str = WHERE) -> bytes:
    """The head of a request that announces so many bytes."""
    lines = (f"POST {where} HTTP/1.1", "Host: x", f"Content-Length: {announced}", *more)
    return "\r\n".join((*lines, "Content-Type: application/json", "", "")).encode()


@contextlib.asynccontextmanager
async def running(
    publisher: FakePublisher, admission: Admission | None = None
) -> AsyncIterator[Gateway]:
    """The gateway on a port of its own."""
    app = gateway_app(
        SETTINGS, publisher, HandClock(NOW), reply_routes(SETTINGS), admission=admission
    )
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = server_of(app, "127.0.0.1", 0)
        serving = asyncio.create_task(server.serve([listening]))
        gateway = Gateway(listening.getsockname()[1])
        try:
            yield gateway
        finally:
            for one in gateway.senders:
                one.close()
            server.should_exit = True
            await serving


def is_told_to_come_back(answer: tuple[int, dict[str, str], bytes]) -> bool:
    """Whether this is a problem document with the time after which to send again."""
    status, headers, body = answer
    assert (status, headers["content-type"]) == (503, "application/problem+json")
    assert json.loads(body)["status"] == 503
    return int(headers["retry-after"]) > 0


async def test_bodies_half_sent_give_way_the_most_silent_first() -> None:
    """The good request is taken, and so is who has gone on sending."""
    publisher = FakePublisher()
    admission = Admission(most_bytes=10_000, most_requests=100)
    async with running(publisher, admission) as gateway:
        strangers = [await gateway.stranger(4_000, b"x" * 3_000) for _ in range(20)]
        for one in strangers[:17]:
            assert is_told_to_come_back(await one.answer())
        assert admission.held_bytes == 9_000
        assert (await gateway.post()).status_code == 202
        assert is_told_to_come_back(await strangers[17].answer())
        await strangers[19].send(b"x" * 1_000)
        assert (await strangers[19].answer())[0] == 401
        assert admission.held_bytes == 3_000
        strangers[18].close()
        largest = b'"' + b"x" * 9_998 + b'"'
        assert (await gateway.post(largest)).status_code == 202
    assert (len(publisher.records), admission.held_bytes) == (2, 0)


async def test_requests_that_send_nothing_give_way_too() -> None:
    """There are never more of them than may be under way."""
    publisher = FakePublisher()
    async with running(publisher, Admission(most_requests=5)) as gateway:
        strangers = [await gateway.stranger(4_000, b"") for _ in range(8)]
        for one in strangers[:3]:
            assert is_told_to_come_back(await one.answer())
        assert (await gateway.post()).status_code == 202
        assert is_told_to_come_back(await strangers[3].answer())
    assert len(publisher.records) == 1


async def test_what_waits_for_the_broker_does_not_give_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It may be written already: whoever comes then is told to come back, and later taken."""
    publisher = FakePublisher()
    begun, may_go_on, publish = asyncio.Event(), asyncio.Event(), publisher.publish

    async def slow(records: list[Outgoing]) -> None:
        begun.set()
        await may_go_on.wait()
        await publish(records)

    monkeypatch.setattr(publisher, "publish", slow)
    async with running(publisher, Admission(most_requests=1)) as gateway:
        first = asyncio.create_task(gateway.post())
        await begun.wait()
        refused = await gateway.post()
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
        may_go_on.set()
        assert (await first).status_code == 202
        assert (await gateway.post()).status_code == 202
    assert len(publisher.records) == 2


async def test_who_asks_before_sending_too_much_is_told_at_once() -> None:
    """Without a byte of the body; who announces more than is ever read hears of it too."""
    async with running(FakePublisher()) as gateway:
        asking = ("Expect: 100-continue",)
        polite = await gateway.stranger(LARGEST_BODY_BYTES + 1, b"", *asking)
        assert (await polite.answer())[0] == 413
        endless = await gateway.stranger(intake.DISCARDED_BYTES + 1, b"")
        assert (await endless.answer())[0] == 413


@pytest.mark.parametrize("sent", [b"", b"POST /v1/sources/typeform HTTP/1.1\r\nHo"])
async def test_who_sends_no_whole_head_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    """Whether nothing comes or a piece, at the first request of a connection or the next."""
    monkeypatch.setattr(patience, "HEAD_TIMEOUT_S", 0.5)
    async with running(FakePublisher()) as gateway:
        silent, returning = await gateway.sender(), await gateway.stranger(2, b"{}")
        assert (await returning.answer())[0] == 401
        await silent.send(sent)
        await returning.send(sent or b"P")
        assert await silent.is_cut_off()
        assert await returning.is_cut_off()
        assert (await gateway.post()).status_code == 202


async def test_a_body_that_comes_too_slowly_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """408, however often a byte of it arrives."""
    monkeypatch.setattr(intake, "READ_TIMEOUT_S", 0.2)
    async with running(FakePublisher()) as gateway:
        slow = await gateway.stranger(2_000, b"x")
        answer = asyncio.create_task(slow.answer())
        while not answer.done():
            await slow.send(b"x")
            await asyncio.wait({answer}, timeout=0.02)
        assert answer.result()[0] == 408


async def test_an_answer_that_comes_too_slowly_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """408, on the page behind a link in a mail: who has the link cannot keep us waiting."""
    monkeypatch.setattr(pages, "READ_TIMEOUT_S", 0.2)
    link = ReplyLinks(SETTINGS.reply_secret, "", 3600).of(tell(), NOW).not_solved
    publisher = FakePublisher()
    async with running(publisher) as gateway:
        slow = await gateway.sender()
        await slow.send(head(2_000, where=link), b"comment=")
        assert (await slow.answer())[0] == 408
    assert not publisher.records


@contextlib.contextmanager
def process() -> Iterator[tuple[Gateway, psutil.Process]]:
    """A gateway in a process of its own, so that its memory can be measured."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with subprocess.Popen([sys.executable, "-c", PROGRAM % port]) as running:  # noqa: S603 - ours
        try:
            yield Gateway(port), psutil.Process(running.pid)
        finally:
            running.kill()


async def _taken(gateway: Gateway, body: bytes = BODY) -> Any:
    """The status of a good request, sent again for as long as nobody listens."""
    async with asyncio.timeout(WAIT_S):
        while True:
            try:
                return (await gateway.post(body)).status_code
            except httpx.ConnectError:
                await asyncio.sleep(0.05)


async def _taken_again(gateway: Gateway, body: bytes) -> None:
    """Sent as vendors do, again after 503: the gateway may not have seen all strangers go yet."""
    async with asyncio.timeout(WAIT_S):
        while (status := await _taken(gateway, body)) != 202:
            assert status == 503


async def test_a_crowd_does_not_fill_the_memory() -> None:
    """Sixty bodies of nearly five megabytes, all but the last bytes; then all is as before."""
    sent = bytes(LARGEST_BODY_BYTES - 1)
    with process() as (gateway, its):
        assert await _taken(gateway) == 202
        before = its.memory_info().rss
        strangers = [gateway.stranger(LARGEST_BODY_BYTES, sent) for _ in range(60)]
        async with asyncio.timeout(WAIT_S):
            await asyncio.gather(*strangers)
        assert await _taken(gateway) == 202
        assert its.memory_info().rss - before < 2 * 64 * MIB
        for one in gateway.senders:
            one.close()
        largest = b'"' + b"x" * (LARGEST_BODY_BYTES - 2) + b'"'
        for _ in range(3):
            await _taken_again(gateway, largest)
