"""The fake mailer fails on order, as a provider fails."""

from __future__ import annotations

import pytest

from schemas.errors import SinkRefused, SinkUnreachable
from sinks.contracts import Mail
from sinks.mail.fake import FakeMailer

MAIL = Mail(
    message_id="m-0001",
    to_email="rita@us.example",
    to_name="Rita",
    subject="Audit log",
    text="text",
    html="<p>html</p>",
)


def test_failures_come_one_each_in_order() -> None:
    """Then it works again."""
    mailer = FakeMailer()
    mailer.fail_next(SinkUnreachable("gone"), SinkRefused("no"))
    with pytest.raises(SinkUnreachable):
        mailer.send(MAIL)
    with pytest.raises(SinkRefused):
        mailer.send(MAIL)
    mailer.send(MAIL)
    assert mailer.mails == [MAIL]


def test_a_mail_may_be_taken_though_it_failed() -> None:
    """As when only the answer was lost."""
    mailer = FakeMailer()
    mailer.fail_next(SinkUnreachable("lost"), taken=True)
    with pytest.raises(SinkUnreachable):
        mailer.send(MAIL)
    assert mailer.mails == [MAIL]
