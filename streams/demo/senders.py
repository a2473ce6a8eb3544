"""Speaks to the gateway as the vendors do, signatures included."""

from __future__ import annotations

from datetime import datetime

import httpx

from schemas.errors import SinkRefused
from streams.collect.sources.hubspot.verify import signature_of as hubspot_signature
from streams.collect.sources.typeform.verify import signature_of as typeform_signature
from streams.collect.sources.zendesk.verify import signature_of as zendesk_signature
from streams.settings import Settings

JSON = {"content-type": "application/json"}


class Senders:
    """Each vendor's webhook, at our gateway."""

    def __init__(self, settings: Settings, gateway_url: str) -> None:
        self._settings = settings
        self._sources = f"{gateway_url}/v1/sources"
        self._public = f"{settings.public_url}/v1/sources"

    def typeform(self, body: bytes) -> str:
        """A form answer; the delivery's id."""
        signed = typeform_signature(self._settings.typeform_secret, body)
        return self._post("typeform", body, {"Typeform-Signature": signed})

    def zendesk(self, body: bytes, now: datetime) -> str:
        """A trigger's webhook; the delivery's id."""
        at = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        signed = zendesk_signature(self._settings.zendesk_secret, at, body)
        headers = {
            "X-Zendesk-Webhook-Signature": signed,
            "X-Zendesk-Webhook-Signature-Timestamp": at,
        }
        return self._post("zendesk", body, headers)

    def hubspot(self, body: bytes, now: datetime) -> str:
        """A batch of changes; the delivery's id."""
        at = str(int(now.timestamp() * 1000))
        uri = f"{self._public}/hubspot"
        signed = hubspot_signature(self._settings.hubspot_secret, "POST", uri, body, at)
        headers = {"X-HubSpot-Signature-v3": signed, "X-HubSpot-Request-Timestamp": at}
        return self._post("hubspot", body, headers)

    def _post(self, source: str, body: bytes, headers: dict[str, str]) -> str:
        answer = httpx.post(
            f"{self._sources}/{source}", content=body, headers={**JSON, **headers}, timeout=30
        )
        if not answer.is_success:
            raise SinkRefused(f"the gateway answered {answer.status_code}: {answer.text}")
        delivery: str = answer.json()["delivery"]
        return delivery
