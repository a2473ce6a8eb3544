"""Runs a stand-in: beside the caller, for tests and the demo, or as a process of its own."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click
import uvicorn
from litestar import Litestar

READY_WITHIN_S = 15.0
_GRACE_S = 2


class _Announcing(uvicorn.Server):
    """Says where it listens once it does, so that port 0 can be asked for."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            click.echo(f"listening on {_address(self)}")


@contextmanager
def serving(app: Litestar, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve `app` from a thread; yields its address. Port 0 takes a free one.

    Raises:
        RuntimeError: it does not come up, mostly because the port is taken.
    """
    server = uvicorn.Server(_config(app, host, port))
    thread = threading.Thread(target=server.run, name="stand-in", daemon=True)
    thread.start()
    try:
        _await_start(server, thread)
        yield _address(server)
    finally:
        server.should_exit = True
        thread.join(READY_WITHIN_S)


def run(app: Litestar, host: str, port: int) -> None:
    """Serve `app` until the process is told to end; its first line says where it listens."""
    _Announcing(_config(app, host, port)).run()


def _config(app: Litestar, host: str, port: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        lifespan="on",
        timeout_graceful_shutdown=_GRACE_S,
    )


def _await_start(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("the stand-in did not start; is its port taken?")
        thread.join(0.01)


def _address(server: uvicorn.Server) -> str:
    host, port = server.servers[0].sockets[0].getsockname()[:2]
    return f"http://{host}:{port}"
