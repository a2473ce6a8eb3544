"""Bad input over HTTP: refused with a problem document, or kept and dead-lettered; none is lost."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest

from schemas.deadletter import letter_of
from streams.collect.problems import DETAILS, MEDIA_TYPE
from streams.collect.sources.hubspot.verify import signature_of as hubspot_signature
from streams.collect.sources.typeform.verify import signature_of as typeform_signature
from streams.collect.sources.zendesk.verify import signature_of as zendesk_signature
from tests.e2e.tale import Tale
from tests.e2e.vendors import hubspot_change, stamp, typeform_response, zendesk_ticket
from tests.e2e.world import World, ago, now

pytestmark = [pytest.mark.timeout(600), pytest.mark.xdist_group("e2e")]

Headers = dict[str, str]
JSON = {"content-type": "application/json"}
MIB = 1024 * 1024
EPOCH = datetime(1, 1, 1, tzinfo=UTC)


class Posted(NamedTuple):
    """A request."""

    source: str
    body: bytes
    headers: Headers


def form(world: World, body: bytes, **headers: str) -> Posted:
    """A form's answer, signed as Typeform does; `headers` with ``_`` for ``-``."""
    signed = typeform_signature(world.system.settings.typeform_secret, body)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Posted("typeform", body, {**JSON, "Typeform-Signature": signed, **given})


def ticket(world: World, at: datetime, **changes: Any) -> Posted:
    """A ticket, signed as Zendesk does at `at`; `changes` of its body, None removes."""
    good = zendesk_ticket(
        "1", "APP-1", at=ago(minutes=1), customer="a@b.example", agent="d@us.example", words="w"
    )
    said = {k: v for k, v in (json.loads(good) | changes).items() if v is not None}
    body = json.dumps(said).encode()
    signed = zendesk_signature(world.system.settings.zendesk_secret, stamp(at), body)
    return Posted("zendesk", body, {**JSON, **_zendesk(signed, stamp(at))})


def _zendesk(signature: str, at: str) -> Headers:
    name = "X-Zendesk-Webhook-Signature"
    return {name: signature, f"{name}-Timestamp": at}


def company(world: World, at: datetime) -> Posted:
    """A change of a company, signed as HubSpot does at `at`."""
    body = hubspot_change(1, 7, "name", "Acme", ago(minutes=1))
    settings = world.system.settings
    uri, said = f"{settings.public_url}/v1/sources/hubspot", str(int(at.timestamp() * 1000))
    signed = hubspot_signature(settings.hubspot_secret, "POST", uri, body, said)
    headers = {"X-HubSpot-Signature-v3": signed, "X-HubSpot-Request-Timestamp": said}
    return Posted("hubspot", body, {**JSON, **headers})


def good_form(name: str) -> bytes:
    """A form's answer with nothing wrong with it."""
    return typeform_response(
        name, "We sort by hand.", at=ago(minutes=1), customer="p@b.example", rep="d@us.example"
    )


def changed(name: str, at: str, value: Any) -> bytes:
    """A form's answer with something else at one place of it."""
    body = msgspec.json.decode(good_form(name))
    body["form_response"][at] = value
    return json.dumps(body).encode()


REFUSED: dict[str, tuple[int, Callable[[World], Posted]]] = {
    "broken JSON": (400, lambda w: form(w, b'{"event_id": ')),
    "nothing at all": (400, lambda w: form(w, b"")),
    "not UTF-8": (400, lambda w: form(w, good_form("x").replace(b"hand", b"h\xff"))),
    "lone surrogate": (400, lambda w: form(w, good_form("x").replace(b"hand", b"\\ud800"))),
    "null bytes": (400, lambda w: form(w, b"\0\0\0\0")),
    "wrong signature": (401, lambda w: form(w, good_form("x"), Typeform_Signature="sha256=AAAA")),
    "no signature": (401, lambda _: Posted("typeform", good_form("x"), JSON)),
    "altered after signing": (401, lambda w: _altered(form(w, good_form("x")))),
    "stale, of Zendesk": (401, lambda w: ticket(w, ago(minutes=6))),
    "from the future, of Zendesk": (401, lambda w: ticket(w, now() + timedelta(minutes=6))),
    "stale, of HubSpot": (401, lambda w: company(w, ago(minutes=6))),
    "year 1, of Zendesk": (401, lambda w: ticket(w, EPOCH)),
    "unknown source": (404, lambda _: Posted("nobody", b"{}", JSON)),
    "a source that is not posted": (404, lambda _: Posted("reply", b"{}", JSON)),
    "another path": (404, lambda _: Posted("zendesk/../../secrets", b"{}", JSON)),
    "50 MB": (413, lambda w: form(w, b'"' + b"x" * 50 * MIB + b'"')),
    "text": (415, lambda w: form(w, good_form("x"), content_type="text/plain")),
    "packed": (415, lambda w: form(w, gzip.compress(good_form("x")), content_encoding="gzip")),
}  # fmt: skip


def unknown(name: str) -> bytes:
    """An event that Typeform does not have."""
    return json.dumps({"event_id": name, "event_type": "form_gone"}).encode()


class Wrong(NamedTuple):
    """What a dead letter says is wrong, and a body that is."""

    error: str
    path: str
    body: Callable[[str], bytes]


RESPONSE, AT = "$.form_response", "submitted_at"
DEAD = {
    "wrong type": Wrong("InvalidEvent", f"{RESPONSE}.answers", lambda n: changed(n, "answers", 7)),
    "missing id": Wrong("InvalidEvent", f"{RESPONSE}.token", lambda n: changed(n, "token", None)),
    "a number beyond 2^53": Wrong(
        "InvalidEvent", f"{RESPONSE}.token", lambda n: changed(n, "token", 2**53 + 1)
    ),
    "unknown event": Wrong("UnknownType", "$.event_type", unknown),
    "null character": Wrong(
        "InvalidEvent",
        f"{RESPONSE}.answers[0].text",
        lambda n: good_form(n).replace(b"hand", b"\\u0000"),
    ),
    "year 1": Wrong("InvalidEvent", "$.time", lambda n: changed(n, AT, "0001-01-01T00:00:00Z")),
    "year 9999": Wrong("InvalidEvent", "$.time", lambda n: changed(n, AT, "9999-12-31T23:59:59Z")),
    "from the future": Wrong(
        "InvalidEvent", "$.time", lambda n: changed(n, AT, stamp(now() + timedelta(hours=1)))
    ),
}


def _altered(posted: Posted) -> Posted:
    return posted._replace(body=posted.body + b" ")


def send(world: World, posted: Posted) -> httpx.Response:
    """Post it."""
    url = f"{world.system.gateway_url}/v1/sources/{posted.source}"
    return world.http.post(url, content=posted.body, headers=posted.headers)


def good(tale: Tale) -> str:
    """A good form's answer is taken; the remark that it becomes."""
    token = f"good{tale.number()}"
    assert send(tale.world, form(tale.world, good_form(token))).status_code == 202
    return f"typeform:{token}"


@pytest.mark.parametrize("kind", REFUSED)
def test_a_request_that_is_refused(tale: Tale, kind: str) -> None:
    """A problem document that says what any of that status says, and the good ones around it."""
    status, posted = REFUSED[kind]
    before = good(tale)
    answer = send(tale.world, posted(tale.world))
    after = good(tale)
    document = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (status, MEDIA_TYPE)
    assert set(document) == {"type", "title", "status", "detail", "request_id"}
    assert (document["status"], document["detail"]) == (status, DETAILS[status])
    assert document["request_id"] == answer.headers["x-request-id"]
    tale.heard(before)
    tale.heard(after)


@pytest.mark.parametrize("kind", DEAD)
def test_a_request_that_is_kept_and_of_no_use(tale: Tale, kind: str) -> None:
    """It is signed and it is JSON: 202, and a dead letter that says where it is wrong."""
    wrong, world = DEAD[kind], tale.world
    before = good(tale)
    bad = form(world, wrong.body(f"bad{tale.number()}"))
    answer = send(world, bad)
    assert answer.status_code == 202
    after = good(tale)
    delivery = answer.json()["delivery"].encode()
    topic = "source.typeform.dead"
    letters = world.until(
        "the letter", lambda: [r for r in world.records(topic) if r.key == delivery]
    )
    said = [letter_of(letter.headers) for letter in letters]
    assert [letter.value for letter in letters] == [bad.body]
    assert [(each.error, each.path) for each in said] == [(wrong.error, wrong.path)]
    tale.heard(before)
    tale.heard(after)


def test_nothing_that_was_refused_is_on_a_topic(tale: Tale) -> None:
    """Neither among the deliveries nor among the dead."""
    world = tale.world
    world.until("every offset", lambda: not world.lag())
    before = {name: world.ends(name) for name in ("source.typeform", "source.zendesk")}
    for _, posted in REFUSED.values():
        send(world, posted(world))
    assert {name: world.ends(name) for name in before} == before
