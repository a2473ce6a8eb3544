"""Reply: registered, and nothing else happens here."""

from datetime import UTC, datetime

import pytest

from streams.collect.source import NotAuthentic
from streams.collect.sources.reply import SOURCE
from streams.collect.sources.tests.helpers import delivery_of, facts


def test_answers_are_not_parsed_here() -> None:
    """The room that made the link reads them."""
    assert facts("reply", b"answer=solved") == []


def test_nobody_can_post_an_answer_past_its_page() -> None:
    """Whatever headers come with it."""
    assert not SOURCE.is_posted
    with pytest.raises(NotAuthentic):
        SOURCE.verify(delivery_of("reply", b"x"), "secret", datetime.now(UTC))
