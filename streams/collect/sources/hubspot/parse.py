"""HubSpot's events to changes of accounts and opportunities; pure.

A body is an array of up to a hundred events of any type, and an event carries ids and one changed
property: so each becomes a change of one field, with a key of its own, and compaction keeps the
last of each. Ids are HubSpot's own, as text. ``eventId`` is not unique, says HubSpot: what happened
to what, and when, is.

Source: HubSpot, "Webhooks API"; recorded events (read 2026-07).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from schemas.delivery import Delivery
from schemas.errors import UnknownType
from schemas.events import Account, AccountChanged, Opportunity, OpportunityChanged
from schemas.topics import CRM_CHANGED
from streams.collect.outside import Outside, payload_of
from streams.collect.source import Fact, Ignored, Result, digest, each, event_id
from streams.collect.sources.hubspot.properties import COMPANY, DEAL

ENTITIES = {"company": ("account", COMPANY), "deal": ("opportunity", DEAL)}
OBJECT_TYPES = {"0-1": "contact", "0-2": "company", "0-3": "deal", "0-5": "ticket"}
"""HubSpot's newer events say ``object.<what>`` and the type apart."""
_VERBS = (
    *("creation", "deletion", "propertyChange", "merge", "restore", "associationChange"),
    "privacyDeletion",
)
_PEOPLE = "remarks name their people themselves"
IGNORED = {
    **{f"contact.{verb}": _PEOPLE for verb in _VERBS},
    **{f"ticket.{verb}": "tickets come from where support works" for verb in _VERBS},
    **{f"product.{verb}": "says nothing of a customer" for verb in _VERBS},
    **{f"line_item.{verb}": "says nothing of a customer" for verb in _VERBS},
    **{
        f"conversation.{verb}": "conversations are read where support works"
        for verb in ("creation", "deletion", "privacyDeletion", "propertyChange", "newMessage")
    },
    "company.associationChange": "the deal tells the same",
}
_NO_FIELD = "a property that we have no field for"
_SENSITIVE = "HubSpot keeps the value back"
_UNCLEARABLE = "an account or a deal without it cannot be shown"
_ONE_MS = timedelta(milliseconds=1)


def delivery_id(body: bytes) -> str:
    """A re-delivery differs in ``attemptNumber`` alone."""
    try:
        events = msgspec.json.decode(body, type=list[dict[str, Any]])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return digest(body)
    kept = [{k: v for k, v in event.items() if k != "attemptNumber"} for event in events]
    return digest(msgspec.json.encode(kept))


def parse(delivery: Delivery) -> Sequence[Result]:
    """What each event changes; one that cannot be right stands among the others as a `Fault`."""
    return each(payload_of(delivery.body).items(), _event)


def _event(event: Outside) -> Sequence[Result]:
    kind = _kind(event)
    if kind in IGNORED:
        return [Ignored(kind, IGNORED[kind])]
    if kind not in HANDLED:
        path = f"{event.path}.subscriptionType"
        raise UnknownType(f"no such event of HubSpot's: {kind[:60]!r}", path)
    return HANDLED[kind](event, kind.partition(".")[0])


def _kind(event: Outside) -> str:
    kind = event["subscriptionType"].text()
    if not kind.startswith("object."):
        return kind
    entity = OBJECT_TYPES.get(event["objectTypeId"].text(), "object")
    return f"{entity}.{kind.removeprefix('object.')}"


def _existence(event: Outside, entity: str, *, deleted: bool) -> Sequence[Result]:
    return [_fact(event, entity, event["objectId"].id(), "deleted", deleted)]


def _created(event: Outside, entity: str) -> Sequence[Result]:
    return _existence(event, entity, deleted=False)


def _deleted(event: Outside, entity: str) -> Sequence[Result]:
    return _existence(event, entity, deleted=True)


def _changed(event: Outside, entity: str) -> Sequence[Result]:
    what = f"{entity}.propertyChange"
    found = ENTITIES[entity][1].get(event["propertyName"].text())
    if found is None:
        return [Ignored(what, _NO_FIELD)]
    if event["isSensitive"].maybe(Outside.boolean):
        return [Ignored(what, _SENSITIVE)]
    value = event["propertyValue"]
    if value.absent and found.cleared is ...:
        return [Ignored(what, _UNCLEARABLE)]
    new = found.cleared if value.absent else found.read(value)
    return [_fact(event, entity, event["objectId"].id(), found.field, new)]


def _merged(event: Outside, entity: str) -> Sequence[Result]:
    """The winner stays, or a new record takes the place of all of them."""
    winner = event["primaryObjectId"].id()
    survivor = event["newObjectId"].maybe(Outside.id) or winner
    gone = [merged.id() for merged in event["mergedObjectIds"].items()]
    return [
        _fact(event, entity, one, "merged_into", survivor)
        for one in dict.fromkeys([*gone, winner])
        if one != survivor
    ]


def _associated(event: Outside, entity: str) -> Sequence[Result]:
    """A deal's primary company is its account."""
    what = f"{entity}.associationChange"
    if _association(event) != "DEAL_TO_COMPANY":
        return [Ignored(what, "ties a deal to something else than its company")]
    if event["isPrimaryAssociation"].maybe(Outside.boolean) is False:
        return [Ignored(what, "not the deal's main company")]
    company, deal = event["toObjectId"].id(), event["fromObjectId"].id()
    removed = event["associationRemoved"].boolean()
    return [_fact(event, entity, deal, "account_id", None if removed else company)]


def _association(event: Outside) -> str:
    named = event["associationType"].maybe(Outside.text)
    if named is not None:
        return named
    ends = (event["fromObjectTypeId"].text(), event["toObjectTypeId"].text())
    return "_TO_".join(OBJECT_TYPES.get(end, "other").upper() for end in ends)


def _fact(event: Outside, entity: str, id_: str, field: str, value: Any) -> Fact:
    ours = ENTITIES[entity][0]
    at = _occurred(event, is_removal=field == "account_id" and value is None)
    portal = event["portalId"].maybe(Outside.id) or ""
    name = event_id("hubspot", portal, ours, id_, field, at.isoformat(), repr(value))
    changed: AccountChanged | OpportunityChanged
    if ours == "account":
        account = Account(id=id_, **{field: value})
        changed = AccountChanged(
            id=name, source="/hubspot", time=at, specversion="1.0", data=account
        )
    else:
        deal = Opportunity(id=id_, **{field: value})
        changed = OpportunityChanged(
            id=name, source="/hubspot", time=at, specversion="1.0", data=deal
        )
    return Fact(CRM_CHANGED.name, f"{ours}:{id_}#{field}", changed)


def _occurred(event: Outside, *, is_removal: bool) -> datetime:
    """A company that is replaced is removed and added at one time: the addition is to win."""
    at = event["occurredAt"].milliseconds()
    return at - _ONE_MS if is_removal else at


HANDLED: dict[str, Callable[[Outside, str], Sequence[Result]]] = {
    **{
        f"{entity}.{verb}": handle
        for entity in ENTITIES
        for verb, handle in {
            "creation": _created,
            "deletion": _deleted,
            "merge": _merged,
            "privacyDeletion": _deleted,
            "propertyChange": _changed,
            "restore": _created,
        }.items()
    },
    "deal.associationChange": _associated,
}
