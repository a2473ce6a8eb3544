"""Jira Cloud over its REST API v3; `sinks.jira.connection` says what is kept off the package."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import jira
import msgspec
import structlog

from schemas.errors import InvalidEvent, SinkRefused, SinkUnreachable
from sinks.contracts import Evidence, Finding, Sighting
from sinks.jira.adf import document_of
from sinks.jira.connection import answers, connect
from sinks.jira.evidence import GLOBAL_ID, PROPERTY, property_of, remote_link_of
from sinks.jira.read import FIELDS, sighting_of
from sinks.jira.rights import findings_of

TIMEOUT_S = (5.0, 30.0)
"""To connect, and to wait for each piece of the answer."""
PAGE_SIZE = 100
MOST_PAGES = 10_000
"""A search of more pages than this (a million issues) is a server that repeats itself."""
_KEY_OR_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]{1,30}-[1-9][0-9]{0,9}|[0-9]{1,18}", re.ASCII)
_log = structlog.get_logger(__name__)


class _Page(msgspec.Struct):
    issues: list[Any] = []
    nextPageToken: str | None = None  # noqa: N815 Jira's word
    isLast: bool = False  # noqa: N815 Jira's word


class JiraTracker:
    """The tracker of production. Not safe to share between threads: the session is not.

    Args:
        url: of the site (``https://acme.atlassian.net``) or of Atlassian's API gateway.
        email, token: of the account that acts; an API token of id.atlassian.com.
        projects: keys whose rights `examine` looks at; all that the account may see where empty.
        epic_type: what this Jira calls an epic.
    """

    def __init__(  # noqa: PLR0913 plain settings, by name
        self,
        url: str,
        email: str,
        token: str,
        *,
        projects: Sequence[str] = (),
        epic_type: str = "Epic",
        timeout_s: tuple[float, float] = TIMEOUT_S,
        page_size: int = PAGE_SIZE,
    ) -> None:
        self._url = url.rstrip("/")
        self._login = (email, token)
        self._projects = tuple(projects)
        self._epic_type = epic_type
        self._timeout_s = timeout_s
        self._page_size = page_size
        self._connected: jira.JIRA | None = None
        self._site = self._url

    def open(self) -> None:
        """Connect and look at the server, which must call itself Cloud.

        Effects: one GET.

        Raises:
            SinkRefused: no Jira Cloud is there.
        """
        self._connected, self._site = connect(self._url, self._login, self._timeout_s)

    def close(self) -> None:
        """Let go of the connection; safe to repeat."""
        if self._connected is not None:
            self._connected.close()  # type: ignore[no-untyped-call] # the package's own gap
            self._connected = None

    def epics(self, projects: Sequence[str]) -> Iterator[Sighting]:
        """Every epic of these projects, oldest first, each once.

        One that cannot be read is logged and left out: it must not hide the others.
        """
        within = f"project in ({', '.join(_quoted(key) for key in projects)}) AND "
        yield from self._found((within if projects else "") + self._is_epic)

    def issue(self, key_or_id: str) -> Sighting | None:
        """One issue as it is now; None where there is none, or none that we may see."""
        if not _KEY_OR_ID.fullmatch(key_or_id):
            return None
        try:
            with answers(f"issue {key_or_id}"):
                raw = self._client.issue(key_or_id, fields=",".join(FIELDS)).raw
            return sighting_of(raw, self._site)
        except InvalidEvent as error:
            raise SinkRefused(f"issue {key_or_id} cannot be read: {error}") from error
        except SinkRefused as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return None

    def fixed_in(self, version_id: str) -> Iterator[Sighting]:
        """Every epic that names this version; none where there is no such version (any more)."""
        if not re.fullmatch("[0-9]{1,18}", version_id, re.ASCII):
            return
        try:
            yield from self._found(f"fixVersion = {version_id} AND {self._is_epic}")
        except SinkRefused as error:
            # Jira answers 400 where a query names a version that it does not know.
            if error.status != HTTPStatus.BAD_REQUEST or self._has_version(version_id):
                raise

    def show_evidence(self, issue_id: str, evidence: Evidence) -> None:
        """One remote link, for people, and one issue property, for machines.

        Effects: two writes; safe to repeat, by `GLOBAL_ID` and `PROPERTY`. Whatever a link is sent
        without, Jira clears: so both are written whole.
        """
        link = remote_link_of(evidence)
        with answers(f"evidence of issue {issue_id}"):
            self._client.add_remote_link(
                issue_id,
                link.destination,
                globalId=GLOBAL_ID,
                application=link.application,
                relationship=link.relationship,
            )
            self._client.add_issue_property(issue_id, PROPERTY, property_of(evidence))

    def hide_evidence(self, issue_id: str) -> None:
        """Take link and property away; nothing happens where there is none.

        Effects: two deletes; safe to repeat.
        """
        client = self._client
        url = client._get_url(f"issue/{issue_id}/properties/{PROPERTY}")  # noqa: SLF001 no method
        with answers(f"evidence of issue {issue_id}", gone_is_fine=True):
            client.delete_remote_link(issue_id, global_id=GLOBAL_ID)
        with answers(f"evidence of issue {issue_id}", gone_is_fine=True):
            client._session.delete(url)  # noqa: SLF001 the package cannot drop a property unread

    def create_epic(self, project: str, summary: str, description: str, token: str) -> Sighting:
        """A new epic, or the one that `token` made: it carries a label that is made of the token.

        Effects: one search, then at most one POST. Safe to repeat once Jira's search index has
        caught up, which takes seconds: Jira knows no idempotency key. Should two be made in that
        window all the same, every later call yields the older one.
        """
        label = label_of(token)
        made = next(self._found(f"labels = {_quoted(label)} AND {self._is_epic}"), None)
        if made is not None:
            return made
        fields: dict[str, Any] = {
            "project": {"key": project},
            "issuetype": {"name": self._epic_type},
            "summary": " ".join(summary.split())[:255],
            "description": document_of(description),
            "labels": [label],
        }
        with answers(f"a new epic in {project}"):
            created = self._client.create_issue(fields=fields, prefetch=False)
        seen = self.issue(str(created.id))
        if seen is None:
            raise SinkUnreachable(f"epic {created.key} was made but is not shown yet")
        return seen

    def examine(self) -> list[Finding]:
        """Who we are, and whether that account may read, link and create in each project."""
        try:
            with answers("who we are"):
                me = self._client.myself()
        except SinkRefused as error:
            return [Finding(what=str(error), ok=False, advice="check the e-mail and API token")]
        name = me.get("displayName", "unknown")
        found = [Finding(what=f"Jira at {self._url} knows us as {name}", ok=True)]
        for project in self._projects or ("",):
            found += self._rights(project)
        return found

    def _rights(self, project: str) -> list[Finding]:
        def ask(permissions: str) -> Mapping[str, Any]:
            with answers(f"rights in {project or 'any project'}"):
                return self._client.my_permissions(project or None, permissions=permissions)

        return findings_of(project, ask)

    @property
    def _client(self) -> jira.JIRA:
        if self._connected is None:
            raise RuntimeError("open() comes before any call")
        return self._connected

    @property
    def _is_epic(self) -> str:
        return f"issuetype = {_quoted(self._epic_type)} ORDER BY created ASC, key ASC"

    def _has_version(self, version_id: str) -> bool:
        try:
            with answers(f"version {version_id}"):
                self._client.version(version_id)
        except SinkRefused as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return False
            raise
        return True

    def _found(self, jql: str) -> Iterator[Sighting]:
        """Every readable issue of a search, each id once."""
        seen: set[str] = set()
        for raw in self._pages(jql):
            try:
                sighting = sighting_of(raw, self._site)
            except InvalidEvent as error:
                _log.warning("issue_left_out", reason=error.reason, path=error.path)
                continue
            if sighting.epic.id not in seen:
                seen.add(sighting.epic.id)
                yield sighting

    def _pages(self, jql: str) -> Iterator[Any]:
        tokens: set[str] = set()
        token: str | None = None
        for _ in range(MOST_PAGES):
            page = self._page(jql, token)
            yield from page.issues
            token = page.nextPageToken
            if page.isLast or not token:
                return
            if token in tokens:
                break
            tokens.add(token)
        raise SinkUnreachable("Jira's search repeats itself: the same page is next for ever")

    def _page(self, jql: str, token: str | None) -> _Page:
        with answers("search"):
            answer = self._client.enhanced_search_issues(
                jql, token, self._page_size, fields=list(FIELDS), json_result=True
            )
            return msgspec.convert(answer, _Page)


def label_of(token: str) -> str:
    """The label that remembers which token made an epic; labels hold neither spaces nor secrets."""
    return f"closeloop-{hashlib.sha256(token.encode()).hexdigest()[:20]}"


def _quoted(text: str) -> str:
    """A JQL string: quotes and backslashes escaped, so that a value stays a value."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
