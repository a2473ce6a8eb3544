"""Which mails SendGrid refuses, and in which words; pure.

Source: Twilio's page "Mail Send errors", and its document of mail/send (read 2026-07).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

Fault: TypeAlias = dict[str, str]
_ORDER = ("text/plain", "text/html")
_RESERVED = {"to", "from", "subject", "reply-to", "cc", "bcc", "content-type", "received"}


def faults_of(request: Any) -> list[Fault]:
    """Everything that is wrong with a request to mail/send; empty where it is taken."""
    if not isinstance(request, dict):
        return [_fault(None, "Bad Request")]
    return [*_people(request), *_words(request)]


def _people(request: dict[str, Any]) -> Iterator[Fault]:
    if not _has_email(request.get("from")):
        yield _fault("from.email", "The from object must be provided for every email send.")
    bundles = request.get("personalizations")
    if not isinstance(bundles, list) or not bundles:
        yield _fault("personalizations", "The personalizations field is required.")
        return
    for number, bundle in enumerate(bundles):
        people = bundle.get("to") or []
        if not people or not all(_has_email(person) for person in people):
            yield _fault(f"personalizations.{number}.to", "Does not contain a valid address.")
        for name in bundle.get("headers", {}):
            if name.lower() in _RESERVED:
                yield _fault(f"personalizations.{number}.headers", f"{name} is reserved.")


def _words(request: dict[str, Any]) -> Iterator[Fault]:
    if not request.get("subject"):
        yield _fault("subject", "The subject is required.")
    content = request.get("content") or []
    if not content:
        message = "Unless a valid template_id is provided, the content parameter is required."
        yield _fault("content", message)
    if any(not part.get("value") for part in content):
        yield _fault("content.value", "The content value must be a string of at least one letter.")
    kinds = [part.get("type") for part in content]
    if sorted(kinds, key=lambda kind: kind != _ORDER[0]) != kinds:
        yield _fault("content", "The text/plain part must come first, then text/html.")


def _has_email(person: Any) -> bool:
    return isinstance(person, dict) and "@" in str(person.get("email", ""))


def _fault(field: str | None, message: str) -> Fault:
    # No null: the document lets a field be absent, not be nothing.
    return {"message": message} if field is None else {"field": field, "message": message}
