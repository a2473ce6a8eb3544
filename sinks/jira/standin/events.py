"""Jira's own webhooks: what each change makes it send, signed."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sinks.http.standin.deliver import PAUSES_S, Delivery, Webhooks, encoded
from sinks.jira.standin.shapes import ACTOR, version_json, webhook_issue
from sinks.jira.standin.state import Change, Issue, State, Version


class Announcer:
    """Turns changes into webhooks.

    Attributes:
        secret: of ``X-Hub-Signature``; without one nothing is signed, as in Jira.
    """

    def __init__(
        self,
        state: State,
        site: str,
        url: str | None,
        secret: str | None,
        pauses_s: Sequence[float] = PAUSES_S,
    ) -> None:
        self.secret = secret
        self.webhooks = Webhooks(url, self._headers, pauses_s)
        self._state = state
        self._site = site

    def issue(self, event: str, issue: Issue, changes: Sequence[Change] = ()) -> None:
        """``jira:issue_created``, ``jira:issue_updated`` or ``jira:issue_deleted``."""
        payload: dict[str, Any] = {"user": ACTOR}
        if event != "jira:issue_deleted":
            payload["issue_event_type_name"] = _issue_event_type(event, changes)
        payload["issue"] = webhook_issue(issue, self._state, self._site)
        if changes:
            payload["changelog"] = {"id": self._state.next_id(), "items": list(changes)}
        self._announce(event, payload)

    def version(self, event: str, version: Version) -> None:
        """``jira:version_created``, ``_released``, ``_unreleased`` or ``_deleted``."""
        self._announce(event, {"version": version_json(version, self._site)})

    def _announce(self, event: str, payload: dict[str, Any]) -> None:
        now_ms = int(datetime.now(UTC).timestamp() * 1000)
        body = encoded({"timestamp": now_ms, "webhookEvent": event, **payload})
        self.webhooks.queue(Delivery(id=str(uuid.uuid4()), event=event), body)

    def _headers(self, delivery: Delivery, body: bytes) -> dict[str, str]:
        """The identifier stays the same over retries: receivers know a repetition by it."""
        headers = {
            "X-Atlassian-Webhook-Identifier": delivery.id,
            "X-Atlassian-Webhook-Flow": "Primary",
        }
        if delivery.attempts > 1:
            headers["X-Atlassian-Webhook-Retry"] = str(delivery.attempts - 1)
        if self.secret:
            digest = hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
            headers["X-Hub-Signature"] = f"sha256={digest}"
        return headers


def _issue_event_type(event: str, changes: Sequence[Change]) -> str:
    fields = {change["field"] for change in changes}
    if event == "jira:issue_created":
        return "issue_created"
    if "Key" in fields:
        return "issue_moved"
    return "issue_generic" if fields & {"status", "resolution"} else "issue_updated"
