"""The `jira` package's client as we use it, and its errors as ours.

The package was measured, and these of its habits are kept off (each has a test):

- it repeats a POST after a reset or a 429, and sleeps meanwhile: ``max_retries=0``;
- it waits for ever: a time-out on every call;
- it follows redirects, which turn a POST into a GET: none is followed;
- search answers None where the server does not call itself Cloud: refused here;
- search renames the fields it is asked for after any custom field of that name, and asks for all
  fields first: their names are pinned;
- it asks for application links before each remote link: pinned as none;
- its errors print whole answers, headers and all: only one short line leaves `answers`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import jira
import msgspec
from jira.exceptions import JIRAError
from requests.exceptions import RequestException, TooManyRedirects

from schemas.errors import SinkRefused, SinkUnreachable
from sinks.http.answers import failure
from sinks.jira.read import FIELDS

_BRIEF = 500


def connect(
    url: str, login: tuple[str, str], timeout_s: tuple[float, float]
) -> tuple[jira.JIRA, str]:
    """A client that has seen the server, and the address where people see Jira.

    Effects: one GET.

    Raises:
        SinkRefused: no Jira Cloud is there.
    """
    with answers(f"Jira at {url}"):
        client = jira.JIRA(
            url,
            options={"rest_api_version": "3"},
            basic_auth=login,
            max_retries=0,
            timeout=timeout_s,
            logging=False,
            get_server_info=False,  # asked below, once redirects are off
        )
        client._session.max_redirects = 0  # noqa: SLF001 no option of the package does this
        about: Any = client.server_info()
    kind = about.get("deploymentType") if isinstance(about, dict) else None
    if kind != "Cloud":
        client.close()  # type: ignore[no-untyped-call] # the package's own gap
        raise SinkRefused(f"Jira at {url} is {kind or 'unknown'}; only Jira Cloud is spoken")
    client.deploymentType = kind
    client._applicationlinks = []  # noqa: SLF001 the package's cache of them
    client._fields_cache_value = {name: name for name in FIELDS}  # noqa: SLF001 the same
    return client, str(about.get("displayUrl") or about.get("baseUrl") or url)


@contextmanager
def answers(what: str, *, gone_is_fine: bool = False) -> Iterator[None]:
    """Turn whatever the package raises into one of our errors.

    Args:
        what: begins the message.
        gone_is_fine: 404 is no error: what was to be removed is not there.
    """
    try:
        yield
    except JIRAError as error:
        if gone_is_fine and error.status_code == HTTPStatus.NOT_FOUND:
            return
        headers: Mapping[str, str] = {} if error.response is None else error.response.headers
        status = error.status_code or HTTPStatus.BAD_GATEWAY
        raise failure(what, status, error.text or "", headers, datetime.now(UTC)) from None
    except TooManyRedirects:
        raise SinkRefused(f"{what}: redirected; check the address") from None
    except (RequestException, msgspec.ValidationError, ValueError) as error:
        raise SinkUnreachable(f"{what}: {type(error).__name__}: {error}"[:_BRIEF]) from None
