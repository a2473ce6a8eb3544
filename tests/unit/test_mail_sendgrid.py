"""Every trap of the `sendgrid` package that was found by running it stays shut."""

from __future__ import annotations

import logging
import socket
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from schemas.errors import BadSettings, SinkBusy, SinkRefused, SinkUnreachable
from sinks.contracts import Mail
from sinks.http.standin.serve import serving
from sinks.mail.compose import MESSAGE_ARG
from sinks.mail.sendgrid import SendGridMailer
from sinks.mail.standin import sendgrid_app
from tests.contract.receiver import receiving

KEY = "SG.key-that-nobody-may-see"
MAIL = Mail(
    message_id="m-0001",
    to_email="rita@us.example",
    to_name="Rita",
    subject="Audit log",
    text="SG.abc.def is what the customer wrote",
    html="<p>SG.abc.def is what the customer wrote</p>",
)


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A stand-in that lets `KEY` in."""
    with serving(sendgrid_app(tmp_path / "mails", api_key=KEY)) as address:
        yield address


def mailer_of(url: str, key: str = KEY, **options: Any) -> SendGridMailer:
    """A mailer that is open."""
    mailer = SendGridMailer(key, "us@us.example", "Us", host=url, **options)
    mailer.open()
    return mailer


def fault(url: str, kind: str, **more: Any) -> None:
    """Let the next call go wrong."""
    httpx.post(f"{url}/_demo/faults", json={"kind": kind, **more}).raise_for_status()


def request_of(url: str) -> dict[str, Any]:
    """What the one mail was asked for with."""
    (mail,) = httpx.get(f"{url}/_demo/mails").json()
    request: dict[str, Any] = mail["request"]
    return request


def test_nothing_is_sent_before_open() -> None:
    """A mailer may be made without a network."""
    with pytest.raises(RuntimeError, match="open"):
        SendGridMailer(KEY, "us@us.example").send(MAIL)


@pytest.mark.parametrize("key", ["", " ", "two words", "line\nbreak", "größe"])
def test_a_key_that_can_be_none_stops_the_start(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package alone takes the one of the environment, or sends the word None."""
    monkeypatch.setenv("SENDGRID_API_KEY", "SG.of-somebody-else")
    with pytest.raises(BadSettings):
        SendGridMailer(key, "us@us.example").open()


def test_links_are_not_rewritten(url: str) -> None:
    """Tracking would break the signed ones, and read a scanner's look as a click."""
    mailer_of(url).send(MAIL)
    tracking = request_of(url)["tracking_settings"]
    assert tracking["click_tracking"] == {"enable": False, "enable_text": False}
    assert tracking["open_tracking"] == {"enable": False}


def test_our_id_stands_with_the_person(url: str) -> None:
    """At the top level the vendor's document wants a string, the package sends an object."""
    mailer_of(url).send(MAIL)
    request = request_of(url)
    assert "custom_args" not in request
    assert request["personalizations"][0]["custom_args"] == {MESSAGE_ARG: "m-0001"}


def test_names_and_subject_stay_on_one_line(url: str) -> None:
    """A header must not end early."""
    mailer_of(url).send(replace(MAIL, to_name="Rita\r\nBcc: x@y.example", subject="a\n\tb\0 c"))
    request = request_of(url)
    assert request["personalizations"][0]["to"][0]["name"] == "Rita Bcc: x@y.example"
    assert request["subject"] == "a b c"


def test_the_vendors_id_is_yielded_or_nothing(url: str) -> None:
    """It is a header that the document does not promise."""
    (given,) = [mailer_of(url).send(MAIL)]
    (mail,) = httpx.get(f"{url}/_demo/mails").json()
    assert given == mail["provider_id"]


@pytest.mark.parametrize("kind", ["reset", "drop"])
def test_a_lost_answer_is_temporary_and_not_repeated_by_us(url: str, kind: str) -> None:
    """Whether it was taken, only the vendor's event tells."""
    fault(url, kind)
    with pytest.raises(SinkUnreachable):
        mailer_of(url).send(MAIL)
    assert len(httpx.get(f"{url}/_demo/mails").json()) == (1 if kind == "drop" else 0)
    assert len(httpx.get(f"{url}/_demo/calls").json()) == 1


def test_busy_says_when_to_come_back(url: str) -> None:
    """429."""
    fault(url, "busy", retry_after="7")
    with pytest.raises(SinkBusy) as busy:
        mailer_of(url).send(MAIL)
    assert busy.value.retry_after_s == 7


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_fault_of_theirs_is_temporary(url: str, status: int) -> None:
    """Also a status that the package has no class for."""
    fault(url, "error", status=status)
    with pytest.raises(SinkUnreachable):
        mailer_of(url).send(MAIL)


def test_a_refusal_carries_their_words_and_never_the_key(url: str) -> None:
    """401."""
    wrong = KEY + "-but-another"
    with pytest.raises(SinkRefused, match="authorization grant is invalid") as refused:
        mailer_of(url, key=wrong).send(MAIL)
    assert refused.value.status == 401
    assert wrong not in "".join(traceback.format_exception(refused.value))


def test_a_refusal_that_is_no_json_is_still_a_refusal() -> None:
    """A proxy has words of its own."""
    with receiving() as receiver:
        receiver.refusals.append(413)
        with pytest.raises(SinkRefused) as refused:
            mailer_of(receiver.url).send(MAIL)
    assert refused.value.status == 413


@pytest.mark.parametrize("status", [200, 204])
def test_only_202_is_a_mail_taken(status: int) -> None:
    """A redirect is followed with a GET, which may well find a page."""
    with receiving() as receiver:
        receiver.refusals.append(status)
        with pytest.raises(SinkRefused, match="202 was due"):
            mailer_of(receiver.url).send(MAIL)


def test_a_server_that_never_answers_is_unreachable() -> None:
    """The package alone waits for ever."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mailer = mailer_of(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout_s=0.2)
        began = time.monotonic()
        with pytest.raises(SinkUnreachable):
            mailer.send(MAIL)
        assert time.monotonic() - began < 5


def test_key_and_words_are_not_logged(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """The package logs both at level debug, and Faust may ask for that level."""
    logging.getLogger("python_http_client").setLevel(logging.NOTSET)
    with caplog.at_level(logging.DEBUG):
        mailer_of(url).send(MAIL)
    said = "".join(record.getMessage() for record in caplog.records)
    assert KEY not in said
    assert "customer wrote" not in said


@pytest.mark.parametrize(
    ("options", "advice"),
    [({"scopes": ["mail.batch.read"]}, "mail.send"), ({"has_verified_sender": False}, "verify")],
)
def test_what_is_missing_is_found_with_what_to_do(
    tmp_path: Path, options: dict[str, Any], advice: str
) -> None:
    """A right of the key, or a sender."""
    with serving(sendgrid_app(tmp_path, **options)) as url:
        (wrong,) = [finding for finding in mailer_of(url).examine() if not finding.ok]
    assert advice in wrong.advice


def test_a_key_that_may_only_send_is_well(url: str) -> None:
    """That it may not look at senders is no fault."""
    fault(url, "error", status=403, path="verified_senders")
    httpx.get(f"{url}/v3/verified_senders/nothing")
    findings = mailer_of(url).examine()
    assert [finding.ok for finding in findings] == [True, True]


def test_a_revoked_key_is_a_finding(url: str) -> None:
    """Not an error: the other findings are worth having."""
    findings = mailer_of(url, key="SG.revoked").examine()
    assert not any(finding.ok for finding in findings)
    assert "key" in findings[0].advice
