"""A link is good if we signed it, unchanged and not too long ago; nothing else is."""

import base64
import hmac
from datetime import timedelta

import msgspec
import pytest

from schemas.errors import BadSettings, InvalidEvent
from streams.verify.tokens import (
    ACTIONS,
    CUSTOMER,
    Expired,
    ReplyLinks,
    Tampered,
    Token,
    _signature,
    check,
    sign,
    token_id,
)
from tests.unit.tell_rows import NOW, tell

SECRET = "a secret of our own"
TOKEN = Token("t", "solved", "tell-1", "acme", 10001, CUSTOMER, int(NOW.timestamp()) + 60)


def _token_in(url: str) -> Token:
    return check(url.rpartition("/")[2], SECRET, NOW)


def test_what_was_signed_is_read_back() -> None:
    """Until the second before it ends."""
    assert check(sign(TOKEN, SECRET), SECRET, NOW) == TOKEN
    assert check(sign(TOKEN, SECRET), SECRET, NOW + timedelta(seconds=59)) == TOKEN


def test_a_link_ends() -> None:
    """At its second."""
    with pytest.raises(Expired):
        check(sign(TOKEN, SECRET), SECRET, NOW + timedelta(seconds=60))


@pytest.mark.parametrize("secret", ["", "another secret entirely", SECRET + " "])
def test_another_secret_opens_nothing(secret: str) -> None:
    """An empty one never does: where links are not configured none is good."""
    with pytest.raises(Tampered):
        check(sign(TOKEN, SECRET), secret, NOW)
    with pytest.raises(Tampered):
        check(sign(TOKEN, secret), SECRET, NOW)


def test_an_empty_secret_does_not_open_what_it_signed() -> None:
    """Anybody could have signed that."""
    with pytest.raises(Tampered):
        check(sign(TOKEN, ""), "", NOW)


def test_no_character_of_a_link_can_be_changed() -> None:
    """Nor can one be added or left out; also where base64 would read the same bytes."""
    good = sign(TOKEN, SECRET)
    bad = {good[:i] + c + good[i + 1 :] for i in range(len(good)) for c in "Aa0-_.="}
    bad |= {good[:i] + good[i + 1 :] for i in range(len(good))}
    bad |= {good + c for c in "A=. \n"} | {c + good for c in "A=. \n"}
    for text in bad - {good}:
        with pytest.raises(Tampered):
            check(text, SECRET, NOW)


@pytest.mark.parametrize("text", ["", ".", "..", "a.b", "é.é", "\udc80.x", "x" * 99_999])
def test_whatever_is_no_link_is_refused_by_name(text: str) -> None:
    """Also what no header or URL could carry."""
    with pytest.raises(Tampered):
        check(text, SECRET, NOW)


@pytest.mark.parametrize("body", [b"{}", b"[]", b"nothing", b'["t","explode","x","a",1,"w",9]'])
def test_what_is_signed_and_still_no_token_is_refused(body: bytes) -> None:
    """As from a later version of this code."""
    text = base64.urlsafe_b64encode(body).rstrip(b"=").decode()
    with pytest.raises(Tampered):
        check(f"{text}.{_signature(text, SECRET)}", SECRET, NOW)


def test_the_signature_belongs_to_its_use() -> None:
    """The same secret may sign other things elsewhere: those are no links."""
    body = sign(TOKEN, SECRET).partition(".")[0]
    plain = hmac.digest(SECRET.encode(), body.encode(), "sha256")
    signature = base64.urlsafe_b64encode(plain).rstrip(b"=").decode()
    with pytest.raises(Tampered):
        check(f"{body}.{signature}", SECRET, NOW)


def test_both_errors_are_dead_lettered_over_kafka() -> None:
    """They are invalid input, and never retried."""
    assert issubclass(Tampered, InvalidEvent)
    assert issubclass(Expired, InvalidEvent)


def test_a_tell_has_four_links_of_two_people() -> None:
    """The rep's name the rep, the customer's name nobody."""
    links = ReplyLinks(SECRET, "https://loop.example/", 3600).of(tell(), NOW)
    tokens = {name: _token_in(getattr(links, name)) for name in ACTIONS}
    assert {name: token.action for name, token in tokens.items()} == {n: n for n in ACTIONS}
    assert {token.who for token in tokens.values()} == {"rita", CUSTOMER}
    assert tokens["solved"].who == tokens["not_solved"].who == CUSTOMER
    assert links.solved.startswith("https://loop.example/r/")
    assert "rita" not in msgspec.json.encode(tokens["solved"]).decode()


def test_a_mail_sent_twice_carries_the_same_tokens() -> None:
    """One effect each, though the second copy's links are good for longer."""
    links = ReplyLinks(SECRET, "https://loop.example", 3600)
    first, second = links.of(tell(), NOW), links.of(tell(), NOW + timedelta(minutes=10))
    assert first != second
    assert _token_in(first.solved).id == _token_in(second.solved).id == token_id("t1", "solved")
    assert len({_token_in(getattr(first, name)).id for name in ACTIONS}) == 4


def test_a_short_secret_makes_no_links() -> None:
    """It could be guessed."""
    with pytest.raises(BadSettings):
        ReplyLinks("short", "https://loop.example", 3600)
