"""The stand-in of SendGrid keeps mails, and reports on them as SendGrid does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from sinks.http.standin.serve import serving
from sinks.mail.compose import MESSAGE_ARG
from sinks.mail.standin import sendgrid_app
from sinks.mail.verify import SIGNATURE_HEADER, TIMESTAMP_HEADER, is_authentic, public_key_of
from tests.contract.prism import material
from tests.contract.receiver import Received, Receiver, receiving, until


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Where reports go."""
    with receiving() as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where mails are kept."""
    return tmp_path / "mails"


@pytest.fixture
def http(receiver: Receiver, folder: Path) -> Iterator[httpx.Client]:
    """A stand-in that reports to `receiver`, with short pauses."""
    app = sendgrid_app(folder, webhook_url=receiver.url, pauses_s=(0.01, 0.01))
    with serving(app) as url, httpx.Client(base_url=url) as client:
        client.headers["Authorization"] = "Bearer any"
        yield client


def mail_to(*addresses: str, **more: Any) -> dict[str, Any]:
    """A request, with what is to be different."""
    return {
        "from": {"email": "us@us.example"},
        "subject": "Audit <log>",
        "personalizations": [
            {"to": [{"email": address}], "custom_args": {MESSAGE_ARG: f"m-{number}"}}
            for number, address in enumerate(addresses)
        ],
        "content": [
            {"type": "text/plain", "value": "text"},
            {"type": "text/html", "value": "<p>html</p>"},
        ],
        **more,
    }


def send(http: httpx.Client, request: Any) -> httpx.Response:
    """Hand it over."""
    return http.post("/v3/mail/send", json=request)


def authentic(http: httpx.Client, request: Received) -> bool:
    """Whether the shown key verifies a report."""
    key = public_key_of(http.get("/_demo/public_key").text)
    signature = request.headers[SIGNATURE_HEADER.lower()]
    timestamp = request.headers[TIMESTAMP_HEADER.lower()]
    return is_authentic(key, signature, timestamp, request.body, datetime.now(UTC))


def test_a_mail_is_kept_as_three_files(http: httpx.Client, folder: Path) -> None:
    """Named by number and recipient; one for each recipient."""
    answer = send(http, mail_to("rita@us.example", "../../etc/päss wd@x.example"))
    assert answer.status_code == 202
    assert answer.content == b""
    assert answer.headers["X-Message-Id"]
    assert sorted(path.name for path in folder.iterdir()) == [
        "001-rita@us.example.html",
        "001-rita@us.example.json",
        "001-rita@us.example.txt",
        "002-_.._etc_p_ss_wd@x.example.html",
        "002-_.._etc_p_ss_wd@x.example.json",
        "002-_.._etc_p_ss_wd@x.example.txt",
    ]


def test_numbers_go_on_after_a_restart(http: httpx.Client, folder: Path) -> None:
    """What an earlier process kept is not overwritten."""
    send(http, mail_to("rita@us.example"))
    with serving(sendgrid_app(folder)) as url:
        headers = {"Authorization": "Bearer any"}
        httpx.post(f"{url}/v3/mail/send", json=mail_to("rita@us.example"), headers=headers)
        assert [mail["number"] for mail in httpx.get(f"{url}/_demo/mails").json()] == [1, 2]


def test_mails_can_be_looked_at(http: httpx.Client) -> None:
    """An index for people, JSON for programs, each mail as its reader sees it."""
    send(http, mail_to("rita@us.example"))
    page = http.get("/_demo/mails", headers={"Accept": "text/html,*/*"}).text
    assert "Audit &lt;log&gt;" in page
    assert http.get("/_demo/mails/1").text == "<p>html</p>"
    assert http.get("/_demo/mails/1").headers["content-type"].startswith("text/html")
    assert http.get("/_demo/mails/1/text").text == "text"
    assert http.get("/_demo/mails/1/json").json()["custom_args"] == {MESSAGE_ARG: "m-0"}
    assert http.get("/_demo/mails/2").status_code == 404
    http.delete("/_demo/mails")
    assert http.get("/_demo/mails").json() == []


def test_a_delivery_is_reported_signed(http: httpx.Client, receiver: Receiver) -> None:
    """One array, its body ends with CRLF, custom arguments beside SendGrid's own fields."""
    given = send(http, mail_to("rita@us.example")).headers["X-Message-Id"]
    (request,) = receiver.await_requests(1)
    assert authentic(http, request)
    assert request.body.endswith(b"]\r\n")
    processed, delivered = request.json
    assert [processed["event"], delivered["event"]] == ["processed", "delivered"]
    assert delivered[MESSAGE_ARG] == "m-0"
    assert delivered["sg_message_id"].startswith(f"{given}.")
    assert processed["sg_event_id"] != delivered["sg_event_id"]


def test_a_report_may_come_twice_and_is_the_same(http: httpx.Client, receiver: Receiver) -> None:
    """Both signed: receivers drop the second by its event id."""
    http.put("/_demo/webhook", json={"url": receiver.url, "times": 2}).raise_for_status()
    send(http, mail_to("rita@us.example"))
    requests = receiver.await_requests(2)
    assert requests[0].body == requests[1].body
    assert all(authentic(http, request) for request in requests)


def test_a_mail_may_bounce(http: httpx.Client, receiver: Receiver) -> None:
    """Whichever case its address is written in."""
    http.put("/_demo/bounces", json={"addresses": ["Rita@us.example"]}).raise_for_status()
    send(http, mail_to("rita@US.example"))
    (request,) = receiver.await_requests(1)
    assert request.json[1]["event"] == "bounce"
    assert request.json[1]["reason"].startswith("550")


def test_a_refused_report_comes_again(http: httpx.Client, receiver: Receiver) -> None:
    """At least once."""
    receiver.refusals[:] = [500, 500]
    send(http, mail_to("rita@us.example"))
    requests = receiver.await_requests(3)
    assert len({request.body for request in requests}) == 1
    until(lambda: http.get("/_demo/deliveries").json()[0]["state"] == "delivered")


def test_a_mail_whose_answer_is_dropped_is_kept_and_reported(
    http: httpx.Client, receiver: Receiver
) -> None:
    """The window in which a sender does not know; the report settles it."""
    http.post("/_demo/faults", json={"kind": "drop"})
    with pytest.raises(httpx.TransportError):
        send(http, mail_to("rita@us.example"))
    assert receiver.await_requests(1)[0].json[1][MESSAGE_ARG] == "m-0"


@pytest.mark.parametrize(
    "broken",
    [
        {"content": []},
        {"content": [{"type": "text/plain", "value": ""}]},
        {"content": [{"type": "text/html", "value": "h"}, {"type": "text/plain", "value": "t"}]},
        {"subject": ""},
        {"from": {}},
        {"personalizations": []},
        {"personalizations": [{"to": []}]},
        {"personalizations": [{"to": [{"email": "nobody"}]}]},
        {"personalizations": [{"to": [{"email": "a@b.example"}], "headers": {"Subject": "x"}}]},
    ],
)
def test_what_sendgrid_refuses_is_refused(http: httpx.Client, broken: dict[str, Any]) -> None:
    """Also mail without content, which its document lets pass."""
    answer = send(http, mail_to("rita@us.example", **broken))
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"]
    assert http.get("/_demo/mails").json() == []


@pytest.mark.parametrize("authorization", ["", "Bearer", "Basic x", "wrong"])
def test_nobody_is_let_in_without_a_key(http: httpx.Client, authorization: str) -> None:
    """In SendGrid's words."""
    headers = {"Authorization": authorization}
    for answer in (
        http.post("/v3/mail/send", json=mail_to("a@b.example"), headers=headers),
        http.get("/v3/scopes", headers=headers),
    ):
        assert answer.status_code == 401
        assert "errors" in answer.json()


def test_events_have_the_shape_of_recorded_ones(http: httpx.Client, receiver: Receiver) -> None:
    """Every key that ours have, SendGrid's have too, beside the custom one."""
    http.put("/_demo/bounces", json={"addresses": ["gone@us.example"]}).raise_for_status()
    send(http, mail_to("rita@us.example", "gone@us.example"))
    recorded: dict[str, set[str]] = {}
    path = material("webhooks/sendgrid/events_by_type.anymail.json")
    for case in json.loads(path.read_bytes()):
        for event in case["events"]:
            recorded.setdefault(event["event"], set()).update(event)
    events = [event for request in receiver.await_requests(2) for event in request.json]
    assert {event["event"] for event in events} == {"processed", "delivered", "bounce"}
    for event in events:
        assert set(event) - recorded[event["event"]] == {MESSAGE_ARG}
