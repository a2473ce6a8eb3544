"""What the access log shows of a request's path."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from streams.collect.access import with_access


async def _answer(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})


async def _drop(_message: Any) -> None:
    """Nobody reads the answer here."""


@pytest.mark.parametrize(
    ("path", "shown"), [("/r/secret.token", "/r/..."), ("/v1/sources/jira", "/v1/sources/jira")]
)
async def test_a_links_token_is_not_logged_but_other_paths_are(path: str, shown: str) -> None:
    """A token in a log could be used by whoever reads the log."""
    scope: Any = {"type": "http", "method": "GET", "path": path, "headers": [], "state": {}}
    with capture_logs() as logs:
        await with_access(_answer, scope, _drop, _drop)
    assert [line["path"] for line in logs] == [shown]
