"""Zendesk's ticket events to remarks; pure. Our own trigger's body is read by `trigger`.

Events write enums in upper case and ids as text, unlike Zendesk's REST API, and carry the requester
only by id: whoever needs mail addresses uses the trigger.

Source: Zendesk, "Webhook event types: ticket events" (read 2026-07).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from schemas.delivery import Delivery
from schemas.errors import InvalidEvent, UnknownType
from schemas.events import Customer, Feedback
from streams.collect.outside import Outside, payload_of
from streams.collect.source import Ignored, Result, digest, event_id
from streams.collect.sources.zendesk import trigger
from streams.collect.sources.zendesk.remark import fact, record_of, withdrawn

PREFIX = "zen:event-type:"
REDACTED = "[redacted]"
DELETED = "[deleted]"
_FIELD = "changes a field of the ticket, not what the customer said"
_AGENT = "an agent's own words are not the customer's"
_INTERNAL = "an internal note"
IGNORED = {
    **{
        f"{PREFIX}ticket.{name}": _FIELD
        for name in (
            *("agent_assignment_changed", "attachment_linked_to_comment"),
            *("attachment_redacted_from_comment", "brand_changed", "comment_made_private"),
            *("custom_field_changed", "custom_status_changed", "description_changed"),
            *("email_ccs_changed", "external_id_changed", "followers_changed", "form_changed"),
            *("group_assignment_changed", "merged", "organization_changed", "priority_changed"),
            *("problem_link_changed", "requester_changed", "status_changed", "subject_changed"),
            *("submitter_changed", "tags_changed", "task_due_at_changed", "ticket_type_changed"),
            *("type_changed", "schedule_changed", "sla_policy_changed"),
        )
    },
    **{
        f"{PREFIX}{domain}.*": "tells of people, organizations or pages, not of tickets"
        for domain in (
            *("user", "organization", "article", "community_post", "agent"),
            *("agent_availability", "omnichannel_config", "messaging_ticket"),
        )
    },
}


def delivery_id(body: bytes) -> str:
    """Zendesk's id of the event; a trigger's body has none, and is the same when sent again."""
    try:
        payload = payload_of(body)
        return payload["id"].id() if _is_event(payload["type"].text()) else digest(body)
    except InvalidEvent:
        return digest(body)


def parse(delivery: Delivery) -> Sequence[Result]:
    """The remark that a ticket event, or our trigger, tells of."""
    payload = payload_of(delivery.body)
    kind = payload["type"].text()
    if kind == trigger.REMARK:
        return [trigger.remark(payload)]
    if kind in HANDLED:
        return [HANDLED[kind](payload, kind)]
    reason = IGNORED.get(kind) or IGNORED.get(f"{kind.partition('.')[0]}.*")
    if reason is None:
        raise UnknownType(f"no such event of Zendesk's: {kind[:60]!r}", "$.type")
    return [Ignored(kind if kind in IGNORED else f"{kind.partition('.')[0]}.*", reason)]


def _is_event(kind: str) -> bool:
    return kind.startswith(PREFIX)


def _ticket(payload: Outside, kind: str) -> Result:
    """A ticket's description is its first words; an agent may have taken them down."""
    detail = payload["detail"]
    if detail["is_public"].maybe(Outside.boolean) is False:
        return Ignored(kind, _INTERNAL)
    ticket, words = detail["id"].id(), detail["description"].words()
    customer = Customer(id=detail["requester_id"].maybe(Outside.id))
    data = _feedback(detail, ticket, words, customer)
    return fact(_event_id(payload), payload["time"].instant(), data)


def _deleted(payload: Outside, _kind: str) -> Result:
    detail = payload["detail"]
    words = detail["description"].maybe(Outside.words) or DELETED
    data = _feedback(detail, detail["id"].id(), words, Customer())
    return fact(_event_id(payload), payload["time"].instant(), withdrawn(data))


def _comment(payload: Outside, kind: str) -> Result:
    comment = payload["event"]["comment"]
    if comment["author"]["is_staff"].boolean():
        return Ignored(kind, _AGENT)
    if not comment["is_public"].boolean():
        return Ignored(kind, _INTERNAL)
    author = comment["author"]
    customer = Customer(id=author["id"].id(), name=author["name"].maybe(Outside.name))
    return _said(payload, comment["body"].words(), customer)


def _redacted(payload: Outside, _kind: str) -> Result:
    """What was blackened in Zendesk must not live on here."""
    words = payload["event"]["comment"]["body"].maybe(Outside.words) or REDACTED
    author = payload["event"]["comment"]["author"]
    customer = Customer(id=author["id"].maybe(Outside.id), name=author["name"].maybe(Outside.name))
    return _said(payload, words, customer)


def _said(payload: Outside, words: str, customer: Customer) -> Result:
    detail = payload["detail"]
    comment_id = payload["event"]["comment"]["id"].id()
    description = detail["description"].maybe(Outside.text)
    record = record_of(detail["id"].id(), words, description, comment_id)
    data = _feedback(detail, _checked(record, payload), words, customer)
    return fact(_event_id(payload), payload["time"].instant(), data)


def _feedback(detail: Outside, record: str, words: str, customer: Customer) -> Feedback:
    return Feedback(
        origin="zendesk",
        record=record,
        words=words,
        title=detail["subject"].maybe(Outside.name),
        customer=customer,
        thread=detail["id"].id(),
    )


def _checked(record: str, payload: Outside) -> str:
    return Outside(record, payload["event"]["comment"]["id"].path).id()


def _event_id(payload: Outside) -> str:
    return event_id("zendesk", payload["id"].id())


HANDLED: dict[str, Callable[[Outside, str], Result]] = {
    f"{PREFIX}ticket.created": _ticket,
    f"{PREFIX}ticket.undeleted": _ticket,
    f"{PREFIX}ticket.comment_added": _comment,
    f"{PREFIX}ticket.comment_redacted": _redacted,
    f"{PREFIX}ticket.marked_as_spam": _deleted,
    f"{PREFIX}ticket.permanently_deleted": _deleted,
    f"{PREFIX}ticket.soft_deleted": _deleted,
}
