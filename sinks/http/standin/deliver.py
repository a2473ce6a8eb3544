"""Sends a vendor's webhooks: in order, at least once, with a few tries each."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Literal

import httpx
import msgspec
from litestar import Litestar

TIMEOUT_S = 10.0
PAUSES_S = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Between tries. The vendors wait for minutes; a demonstration does not."""


class Delivery(msgspec.Struct):
    """One webhook and what became of it."""

    id: str
    event: str
    attempts: int = 0
    state: Literal["waiting", "delivered", "given_up", "no_address"] = "waiting"
    status: int | None = None


class Webhooks:
    """The queue of webhooks; `lifespan` sends them.

    Attributes:
        url: where to; None keeps them back, and they are marked ``no_address``.
        deliveries: all that ever were queued, in order.
    """

    def __init__(
        self,
        url: str | None,
        headers: Callable[[Delivery, bytes], Mapping[str, str]],
        pauses_s: Sequence[float] = PAUSES_S,
    ) -> None:
        self.url = url
        self.deliveries: list[Delivery] = []
        self._headers = headers
        self._pauses_s = pauses_s
        self._queue: asyncio.Queue[tuple[Delivery, bytes]] = asyncio.Queue()

    def queue(self, delivery: Delivery, body: bytes) -> None:
        """Send `body` after those that were queued before it."""
        self.deliveries.append(delivery)
        self._queue.put_nowait((delivery, body))

    @contextlib.asynccontextmanager
    async def lifespan(self, _: Litestar) -> AsyncIterator[None]:
        """Send for as long as the stand-in runs."""
        async with httpx.AsyncClient(timeout=TIMEOUT_S) as client:
            sending = asyncio.create_task(self._send_all(client))
            yield
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sending

    async def _send_all(self, client: httpx.AsyncClient) -> None:
        while True:
            await self._send(client, *await self._queue.get())

    async def _send(self, client: httpx.AsyncClient, delivery: Delivery, body: bytes) -> None:
        for pause_s in (*self._pauses_s, None):
            if self.url is None:
                delivery.state = "no_address"
                return
            if await self._try(client, self.url, delivery, body):
                delivery.state = "delivered"
                return
            if pause_s is not None:
                await asyncio.sleep(pause_s)
        delivery.state = "given_up"

    async def _try(
        self, client: httpx.AsyncClient, url: str, delivery: Delivery, body: bytes
    ) -> bool:
        delivery.attempts += 1
        delivery.status = None
        headers = {"content-type": "application/json", **self._headers(delivery, body)}
        try:
            answer = await client.post(url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL):
            return False
        delivery.status = answer.status_code
        return answer.is_success


def encoded(payload: Any) -> bytes:
    """The body of a webhook; its signature is over these very bytes."""
    return msgspec.json.encode(payload)
