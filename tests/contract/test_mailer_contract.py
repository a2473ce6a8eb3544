"""Every mailer keeps the same promises: the fake, SMTP, SendGrid, and that under Prism's eyes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace

from schemas.errors import SinkRefused
from sinks.contracts import Mail
from sinks.http.standin.serve import serving
from sinks.mail.sendgrid import SendGridMailer
from sinks.mail.standin import sendgrid_app
from tests.contract.mailer_worlds import (
    FakeWorld,
    Inbox,
    SendGridWorld,
    SmtpWorld,
    World,
    smtp_server,
)
from tests.contract.prism import Prism, executable, material, proxy

MAIL = Mail(
    message_id="m-0001",
    to_email="rita@us.example",
    to_name="Rita Rep",
    subject="Audit log is there",
    text="Hello Rita,\n\nwhat Acme asked for has shipped.",
    html="<p>Hello Rita,</p>\n<p>what <b>Acme</b> asked for has shipped.</p>",
    unsubscribe_url="https://closeloop.example/u/abc?kind=shipped&sig=1",
)


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A stand-in of SendGrid that lets one key in."""
    folder: Path = tmp_path_factory.mktemp("mails")
    with serving(sendgrid_app(folder, api_key="key")) as address:
        yield address


@pytest.fixture(scope="module")
def prism(stand_in: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prism]:
    """Prism with Twilio's document, before the stand-in."""
    executable()
    document = material("sendgrid/tsg_mail_v3.json")
    with proxy(document, stand_in, tmp_path_factory.mktemp("prism")) as running:
        yield running


@pytest.fixture(params=["fake", "smtp", "sendgrid", "sendgrid under prism"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """One mailer, open, with no mails yet."""
    with ExitStack() as stack:
        if request.param == "fake":
            world: World = FakeWorld()
        elif request.param == "smtp":
            inbox = Inbox()
            world = SmtpWorld(inbox, stack.enter_context(smtp_server(inbox)))
        elif request.param == "sendgrid":
            world = _sendgrid(request.getfixturevalue("stand_in"), None)
        else:
            prism = request.getfixturevalue("prism")
            stack.enter_context(_no_violations(prism))
            world = _sendgrid(request.getfixturevalue("stand_in"), prism)
        world.mailer.open()
        stack.callback(world.mailer.close)
        yield world


def _sendgrid(stand_in: str, prism: Prism | None) -> SendGridWorld:
    host = prism.url if prism else stand_in
    mailer = SendGridMailer("key", "closeloop@us.example", "Closeloop", host=host)
    return SendGridWorld(mailer, stand_in)


@contextmanager
def _no_violations(prism: Prism) -> Iterator[None]:
    prism.take_violations()
    yield
    assert prism.take_violations() == []


def test_a_mail_arrives_as_it_was_written(world: World) -> None:
    """Recipient, subject, both bodies, and our id."""
    world.mailer.send(MAIL)
    (mail,) = world.arrived()
    assert (mail.to, mail.subject, mail.message_id) == (MAIL.to_email, MAIL.subject, "m-0001")
    assert (mail.text, mail.html) == (MAIL.text, MAIL.html)


def test_a_mail_can_be_unsubscribed_with_one_click(world: World) -> None:
    """RFC 8058, and no out-of-office answers."""
    world.mailer.send(MAIL)
    (mail,) = world.arrived()
    assert mail.headers["List-Unsubscribe"] == f"<{MAIL.unsubscribe_url}>"
    assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail.headers["Auto-Submitted"] == "auto-generated"


def test_without_a_link_nothing_says_unsubscribe(world: World) -> None:
    """A correction cannot be unsubscribed from."""
    world.mailer.send(replace(MAIL, unsubscribe_url=None))
    (mail,) = world.arrived()
    assert not [name for name in mail.headers if name.startswith("List-")]


def test_every_language_and_long_lines_survive(world: World) -> None:
    """Also what looks like SMTP's end of a mail."""
    words = "Größe ñ 日本語 🎉\n.\nFrom here\n" + "x" * 5000
    html = f"<p>{words}</p>"
    world.mailer.send(
        replace(MAIL, subject="Größe 日本語 🎉", to_name="Ríta", text=words, html=html)
    )
    (mail,) = world.arrived()
    assert (mail.subject, mail.text, mail.html) == ("Größe 日本語 🎉", words, html)


def test_the_same_mail_twice_is_two_mails(world: World) -> None:
    """No provider drops repetitions: the caller claims a mail before it sends it."""
    world.mailer.send(MAIL)
    world.mailer.send(MAIL)
    assert len(world.arrived()) == 2


@pytest.mark.parametrize(
    "broken",
    [
        replace(MAIL, text=""),
        replace(MAIL, html=" \n"),
        replace(MAIL, subject=" "),
        replace(MAIL, to_email="nobody"),
        replace(MAIL, to_email="größe@us.example"),
        replace(MAIL, to_email="a@b.example, c@d.example"),
        replace(MAIL, to_email="a@b.example\r\nBcc: c@d.example"),
        replace(MAIL, unsubscribe_url="https://x.example/>\r\nBcc: c@d.example"),
    ],
    ids=[
        "no text",
        "no html",
        "no subject",
        "no address",
        "not ascii",
        "two",
        "injected",
        "bad link",
    ],
)
def test_a_mail_that_cannot_be_sent_is_refused(world: World, broken: Mail) -> None:
    """For good, before anything leaves."""
    with pytest.raises(SinkRefused):
        world.mailer.send(broken)
    assert world.arrived() == []


def test_the_providers_id_is_given_back(world: World) -> None:
    """Where there is one, it is another each time."""
    first, second = world.mailer.send(MAIL), world.mailer.send(MAIL)
    assert first != second or (first, second) == ("", "")


def test_closing_twice_and_opening_again_is_fine(world: World) -> None:
    """A worker that is told to stop twice stops once."""
    world.mailer.close()
    world.mailer.close()
    world.mailer.open()
    world.mailer.send(MAIL)
    assert len(world.arrived()) == 1


@pytest.mark.parametrize("world", ["fake", "smtp", "sendgrid"], indirect=True)
def test_key_and_sender_are_examined(world: World) -> None:
    """All is well here, and nothing is sent; Twilio's document of mails knows no scopes."""
    assert all(finding.ok for finding in world.mailer.examine())
    assert world.arrived() == []


def test_prism_sees_a_request_that_breaks_the_contract(prism: Prism) -> None:
    """Or the suite above would prove nothing."""
    prism.take_violations()
    httpx.post(
        f"{prism.url}/v3/mail/send", json={"from": "us"}, headers={"Authorization": "Bearer key"}
    )
    assert len(prism.take_violations()) == 1


def test_prism_sees_our_stand_in_refuse_in_the_vendors_words(prism: Prism) -> None:
    """Its 400 and 401 have the shape of the document."""
    prism.take_violations()
    body = {
        "from": {"email": "us@us.example"},
        "subject": "s",
        "personalizations": [{"to": [{"email": "you@us.example"}]}],
        "content": [{"type": "text/html", "value": "h"}, {"type": "text/plain", "value": "t"}],
    }
    statuses = [
        httpx.post(
            f"{prism.url}/v3/mail/send", json=body, headers={"Authorization": f"Bearer {key}"}
        ).status_code
        for key in ("key", "wrong")
    ]
    assert statuses == [400, 401]
    assert prism.take_violations() == []
