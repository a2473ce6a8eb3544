"""The provider takes a mail and its answer is lost: what then, with its report and without."""

from collections.abc import Iterator

import pytest

from deploy.embedded.process import ServerProcess
from tests.chaos.crowd import MANY, RESEND_AFTER_S, Crowd
from tests.e2e.world import World

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]


@pytest.fixture
def silent(world: World) -> Iterator[None]:
    """The provider keeps its reports back."""
    url = f"{world.system.gateway_url}/v1/sources/sendgrid"
    world.mail_provider("PUT", "webhook", {"url": None})
    yield
    world.mail_provider("PUT", "webhook", {"url": url})


def test_an_answer_that_is_lost_is_made_up_for_by_the_report(
    world: World, workers: list[ServerProcess], crowd: Crowd
) -> None:
    """Sent once: the delivered event settles the mail before it is tried again."""
    world.mail_provider("POST", "faults", {"kind": "drop", "calls": 3, "path": "mail/send"})
    world.system.start_worker()
    crowd.appears()
    crowd.is_whole()
    assert crowd.mails() == dict.fromkeys(crowd.names(), 1)
    assert workers[0].alive


@pytest.mark.usefixtures("silent")
def test_without_answer_and_report_it_is_sent_again_once(
    world: World, workers: list[ServerProcess], crowd: Crowd
) -> None:
    """The documented second mail: SendGrid knows no idempotency key. One rep, and two mails."""
    world.mail_provider("POST", "faults", {"kind": "drop", "path": "mail/send"})
    world.system.start_worker()
    crowd.appears()
    crowd.is_whole()
    assert sorted(crowd.mails().values()) == [1] * (MANY - 1) + [2]
    assert workers[0].alive


@pytest.mark.usefixtures("silent")
def test_killed_after_sending_without_a_report_it_is_sent_again_once(
    world: World, workers: list[ServerProcess], crowd: Crowd
) -> None:
    """After `resend_after_s`, and not before: nothing stays in doubt for ever."""
    crowd.appears()
    doomed = world.system.start_worker(CLOSELOOP_KILL_AT="send.after:3")
    world.until("the worker's death", lambda: not doomed.alive)
    world.system.start_worker()
    crowd.is_whole()
    twice = [name for name, number in crowd.mails().items() if number == 2]
    assert sorted(crowd.mails().values()) == [1] * (MANY - 1) + [2]
    first, second = [mail for mail in world.mails() if mail.to.partition("@")[0] == twice[0]]
    assert (second.at - first.at).total_seconds() >= RESEND_AFTER_S - 1
    assert workers[-1].alive
