"""Bad input on Kafka: a letter that says everything, and not one good record lost beside it."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from schemas.codec import STRUCTURED_HEADERS, encode
from schemas.deadletter import DeadLetter, letter_of, strip
from schemas.delivery import Delivery
from schemas.events import FeatureShipped, Feedback, FeedbackReceived, Shipment
from sinks.contracts import Outgoing
from streams.collect.intake import record_of
from streams.dead.burial import code_version
from streams.verify.reply import Reply, outgoing
from streams.verify.tokens import Token, sign
from tests.e2e.tale import Tale
from tests.e2e.vendors import zendesk_ticket
from tests.e2e.world import World, ago, now
from tests.integration.commands.bad_input import KINDS

pytestmark = [pytest.mark.timeout(600), pytest.mark.xdist_group("e2e")]

EXPECTED = {
    "broken JSON": ("Undecodable", "$"),
    "wrong type": ("InvalidEvent", "$.data.words"),
    "missing id": ("InvalidEvent", "$"),
    "missing ce_id": ("InvalidEvent", "$.headers.ce_id"),
    "wrong field of a binary event": ("InvalidEvent", "$.data.record"),
    "not UTF-8": ("Undecodable", "$"),
    "null character": ("InvalidEvent", "$.data.words"),
    "lone surrogate": ("Undecodable", "$"),
    "year 1": ("InvalidEvent", "$.time"),
    "year 9999": ("InvalidEvent", "$.time"),
    "from the future": ("InvalidEvent", "$.time"),
    "beyond 2^53": ("InvalidEvent", "$.data.generation"),
    "unknown type": ("UnknownType", "$.type"),
    "unknown source": ("UnknownType", "$.data.origin"),
    "contradicting headers": ("ContradictingHeaders", "$.headers.ce_id"),
    "no value": ("Undecodable", "$"),
    "no delivery": ("InvalidEvent", "$.headers.delivery_id"),
    "vendor's unknown event": ("UnknownType", "$.type"),
    "forged reply": ("Tampered", "$"),
}


def test_every_kind_is_expected_here() -> None:
    """A kind that is added there is to be sent here."""
    assert set(EXPECTED) == set(KINDS)


@pytest.mark.parametrize("kind", EXPECTED)
def test_a_bad_record_between_two_good_ones(tale: Tale, kind: str) -> None:
    """All three on one partition: the good ones arrive, the bad one's letter says where and why."""
    world, bad = tale.world, KINDS[kind]
    key = tale.tag.encode()
    good = [_good(tale, bad.topic, f"{tale.tag}-{n}") for n in range(2)]
    before, after = (msgspec.structs.replace(record, key=key) for record, _ in good)
    world.put(before, Outgoing(bad.topic, key, bad.value, bad.headers), after)

    for _, has_arrived in good:
        world.until("the good ones", has_arrived)
    letter = world.until("the letter", lambda: _letters(world, bad.topic, key))[0]
    assert (letter.key, letter.value, strip(letter.headers)) == (key, bad.value, [*bad.headers])
    said = letter_of(letter.headers)
    sent = [record for record in world.records(bad.topic) if record.key == key]
    assert [record.offset for record in sent] == [said.offset - 1, said.offset, said.offset + 1]
    assert _place(said) == (bad.topic, sent[1].partition, sent[1].offset)
    assert (said.error, said.path, said.version) == (*EXPECTED[kind], code_version())
    assert bad.told[0] in said.reason or bad.told[0] in said.path or kind in CHECKED_ELSEWHERE
    assert now() - said.at < timedelta(minutes=5)
    assert len(_letters(world, bad.topic, key)) == 1


CHECKED_ELSEWHERE = {
    "from the future",
    "unknown type",
    "unknown source",
    "contradicting headers",
    "vendor's unknown event",
    "forged reply",
}
"""What is told of them is what to do, in the words of ``closeloop dead show``."""


def _place(said: DeadLetter) -> tuple[str, int, int]:
    return said.topic, said.partition, said.offset


def _letters(world: World, topic: str, key: bytes) -> list[Any]:
    return [record for record in world.records(f"{topic}.dead") if record.key == key]


def _good(tale: Tale, topic: str, name: str) -> tuple[Outgoing, Any]:
    """A record with nothing wrong with it, and how one sees that it has arrived."""
    return _GOOD[topic](tale, name)


def _remark(tale: Tale, name: str) -> tuple[Outgoing, Any]:
    said = Feedback(origin="upstream", record=name, words="We sort by hand.")
    event = FeedbackReceived(
        id=name, source="/portal", specversion="1.0", time=ago(minutes=1), data=said
    )
    record = Outgoing("feedback.received", None, encode(event), STRUCTURED_HEADERS)
    return record, lambda: tale.world.remark(f"upstream:{name}")


def _shipment(tale: Tale, _name: str) -> tuple[Outgoing, Any]:
    epic = tale.epic()
    said = Shipment(issue_id=str(epic.id))
    event = FeatureShipped(
        id=f"ci:{epic.id}", source="/ci", specversion="1.0", time=ago(minutes=1), data=said
    )
    record = Outgoing("feature.shipped", None, encode(event), STRUCTURED_HEADERS)
    return record, lambda: tale.world.ship(epic.id)


def _ticket(tale: Tale, _name: str) -> tuple[Outgoing, Any]:
    number = str(tale.number())
    body = zendesk_ticket(
        number, "", at=ago(minutes=1), customer="a@b.example", agent="d@us.example", words="Words."
    )
    delivery = Delivery(
        id=number,
        source="zendesk",
        received_at=now(),
        method="POST",
        url="https://us.example/v1/sources/zendesk",
        headers={"content-type": "application/json"},
        body=body,
    )
    return record_of(delivery), lambda: tale.world.remark(f"zendesk:{number}")


def _reply(tale: Tale, name: str) -> tuple[Outgoing, Any]:
    expires_s = int(now().timestamp()) + 3600
    token = Token(name, "acknowledged", name, tale.id("acme"), tale.number(), "dana", expires_s)
    text = sign(token, tale.world.system.settings.reply_secret)
    record = outgoing(name, Reply(token=text, at=now()))
    return record, lambda: tale.world.loop(token.account_id, token.issue_id)


_GOOD = {
    "feedback.received": _remark,
    "feature.shipped": _shipment,
    "source.zendesk": _ticket,
    "source.reply": _reply,
}
