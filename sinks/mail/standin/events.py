"""SendGrid's signed event webhook: what becomes of each mail that was taken."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from sinks.http.standin.deliver import PAUSES_S, Delivery, Webhooks, encoded
from sinks.mail.standin.box import Kept
from sinks.mail.verify import signed_headers

LINE_END = b"\r\n"
"""Every body ends so, and the signature is over it."""


class Reporter:
    """Reports on mails.

    Attributes:
        bounces: addresses, in lower case, whose mails bounce instead of being delivered.
        times: how often each report is posted; twice shows that receivers drop repetitions.
    """

    def __init__(  # noqa: PLR0913 plain settings, by name
        self,
        key: EllipticCurvePrivateKey,
        url: str | None,
        *,
        times: int = 1,
        bounces: Sequence[str] = (),
        pauses_s: Sequence[float] = PAUSES_S,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.bounces = {address.lower() for address in bounces}
        self.times = times
        self.webhooks = Webhooks(url, self._headers, pauses_s)
        self._key = key
        self._now = now

    def report(self, mail: Kept) -> None:
        """Post ``processed``, then ``delivered`` or ``bounce``, in one array."""
        outcome = _bounced() if mail.to.lower() in self.bounces else _delivered()
        events = [self._event(mail, {"event": "processed"}), self._event(mail, outcome)]
        body = encoded(events) + LINE_END
        for _ in range(self.times):
            self.webhooks.queue(Delivery(id=str(uuid.uuid4()), event=str(outcome["event"])), body)

    def _event(self, mail: Kept, said: dict[str, Any]) -> dict[str, Any]:
        """Custom arguments stand beside SendGrid's own fields."""
        return {
            "email": mail.to,
            "timestamp": int(self._now().timestamp()),
            "smtp-id": f"<{mail.provider_id}@stand-in>",
            "sg_event_id": base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("="),
            "sg_message_id": f"{mail.provider_id}.recvd-stand-in-{mail.number}-0",
            **mail.custom_args,
            **said,
        }

    def _headers(self, _: Delivery, body: bytes) -> dict[str, str]:
        """Signed anew for each try: an old timestamp would be refused."""
        return signed_headers(self._key, body, self._now())


def _delivered() -> dict[str, Any]:
    return {"event": "delivered", "response": "250 2.0.0 OK stand-in", "tls": 1}


def _bounced() -> dict[str, Any]:
    reason = "550 5.1.1 The email account that you tried to reach does not exist."
    return {"event": "bounce", "type": "bounce", "status": "5.1.1", "reason": reason, "tls": 1}
