"""Typeform: what a response becomes, by the form's own conventions."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import ClassVar

import pytest

from schemas.errors import InvalidEvent, UnknownType
from schemas.events import Customer, Feedback, FeedbackReceived, Reporter
from streams.collect.source import Ignored
from streams.collect.sources.tests.helpers import (
    changed,
    facts,
    fixture,
    ignored,
    material,
    results,
)
from streams.collect.sources.tests.security_cases import SecurityCases
from streams.collect.sources.typeform import SOURCE
from streams.collect.sources.typeform.parse import ANSWERS
from streams.collect.sources.typeform.verify import SIGNATURE, signature_of

RESPONSE = fixture("typeform", "response")
PLAIN = fixture("typeform", "response_plain")
EVERY = fixture("typeform", "response_every_type")


class TestSecurity(SecurityCases):
    """HMAC of the body; no time is signed."""

    name = "typeform"
    secret = "a typeform secret"
    other_secret = "somebody else's"
    signature: ClassVar[str] = SIGNATURE

    def sign(self, secret: str, body: bytes, at: datetime) -> Mapping[str, str]:
        """Without a time."""
        assert at.tzinfo is not None
        return {SIGNATURE: signature_of(secret, body)}


def remark(body: bytes) -> FeedbackReceived:
    """The one remark of a response."""
    (fact,) = facts("typeform", body)
    assert isinstance(fact.event, FeedbackReceived)
    assert fact.key == f"typeform:{fact.event.data.record}"
    return fact.event


def test_a_form_by_our_conventions_says_who_what_and_for_whom() -> None:
    """References and hidden fields are read by name; Typeform's filler counts as absent."""
    event = remark(RESPONSE)
    assert event.time == datetime(2026, 7, 28, 9, 2, 40, tzinfo=UTC)
    assert event.data == Feedback(
        origin="typeform",
        record="k7m2p9q4r1s8t5u3",
        words=(
            "Every month our auditors ask for a list of all exports, and we copy it by hand."
            "\n\n“It takes Jörg two days.”"
        ),
        customer=Customer(email="ada@acme.example", name="Ada Osei"),
        account_id="9001",
        opportunity_id="5551",
        reporter=Reporter(email="ruth@closeloop.example", id="71"),
        issue_keys=("EXP-12", "LOOP-7"),
    )


def test_any_other_form_yields_its_texts_under_their_questions() -> None:
    """And the first address that was asked for is the customer's."""
    data = remark(PLAIN).data
    assert data.words == (
        "What would you change?\nLet me export\nthe audit log.\n\nAnything else?\nNo, thank you!"
    )
    assert data.customer.email == "sam@northwind.example"
    assert data.reporter == Reporter()


@pytest.mark.parametrize(
    ("ref", "read"),
    [
        *(("a", "long"), ("b", "short"), ("c", "kim@globex.example")),
        *(("d", "https://globex.example/x"), ("e", "https://files.example/1.png")),
        *(("f", "9.5"), ("g", "3"), ("h", "no"), ("i", "London"), ("j", "Kyiv, Lima, Oslo")),
        *(("k", "2026-07-31"), ("l", "100 A. Payer"), ("m", "+4930123456")),
    ],
)
def test_a_problem_may_be_an_answer_of_any_type(ref: str, read: str) -> None:
    """All thirteen of the example, read out as a person would."""
    index = "abcdefghijklm".index(ref)
    body = changed(EVERY, **{f"form_response__answers__{index}__field__ref": "problem"})
    assert remark(body).data.words == read


def test_every_type_of_answer_is_in_the_table() -> None:
    """Eleven types make thirteen kinds of question."""
    assert len(ANSWERS) == 11


def test_a_type_of_answer_that_nobody_declared_matters_only_where_it_is_read() -> None:
    """A form may grow by a question that we do not need."""
    odd = {"type": "hologram", "hologram": {}, "field": {"id": "z", "type": "hologram"}}
    assert remark(changed(EVERY, form_response__answers__5=odd)).data.words == "long\n\nshort"
    odd["field"]["ref"] = "problem"  # type: ignore[index]
    with pytest.raises(UnknownType) as error:
        results("typeform", changed(EVERY, form_response__answers__5=odd))
    assert error.value.path == "$.form_response.answers[5].type"


def test_a_rep_types_the_own_address_and_it_is_not_the_customers() -> None:
    """Whoever fills in the form for a customer."""
    body = changed(
        PLAIN, form_response__answers__1__field={"id": "q2", "type": "email", "ref": "rep_email"}
    )
    data = remark(body).data
    assert data.reporter.email == "sam@northwind.example"
    assert data.customer.email is None


def test_a_response_without_words_is_no_remark() -> None:
    """Stars alone cannot be linked to anything."""
    assert ignored("typeform", changed(PLAIN, form_response__answers=[])) == [
        Ignored("form_response", "nobody wrote any words")
    ]


def test_what_has_not_been_sent_yet_is_left_alone() -> None:
    """Typeform tells of half-filled forms, if it is asked to."""
    (left,) = ignored("typeform", changed(PLAIN, event_type="form_response_partial"))
    assert left.what == "form_response_partial"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"event_type": "form_exploded"}, "$.event_type"),
        ({"event_type": None}, "$.event_type"),
        ({"event_id": ""}, "$.event_id"),
        ({"form_response": None}, "$.form_response.token"),
        ({"form_response__token": None}, "$.form_response.token"),
        ({"form_response__token": ["x"]}, "$.form_response.token"),
        ({"form_response__token": "t" * 201}, "$.form_response.token"),
        ({"form_response__submitted_at": "soon"}, "$.form_response.submitted_at"),
        ({"form_response__submitted_at": "2026-07-28T09:02:40"}, "$.form_response.submitted_at"),
        ({"form_response__hidden__rep_email": "ruth"}, "$.form_response.hidden.rep_email"),
        ({"form_response__hidden__company": [1]}, "$.form_response.hidden.company"),
        ({"form_response__answers__0__text": "a\0b"}, "$.form_response.answers[0].text"),
        ({"form_response__answers__0__text": 5}, "$.form_response.answers[0].text"),
        ({"form_response__answers__3__email": "ada at acme"}, "$.form_response.answers[3].email"),
        ({"form_response__answers": {"a": 1}}, "$.form_response.answers"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(change: Mapping[str, object], path: str) -> None:
    """So that a person finds it in the payload."""
    with pytest.raises(InvalidEvent) as error:
        results("typeform", changed(RESPONSE, **change))
    assert error.value.path == path


def test_a_delivery_is_known_by_the_vendors_event_id() -> None:
    """A re-delivery has the same; a body without one still has an id."""
    assert SOURCE.delivery_id(RESPONSE) == "01J3Y6T9K4QZ7S8D2M5V1N0B3C"
    assert SOURCE.delivery_id(b"no json") == SOURCE.delivery_id(b"no json")
    assert remark(RESPONSE).id == remark(RESPONSE + b"\n").id


def test_the_vendors_own_example_is_read() -> None:
    """Thirteen answers; references stand in the definition alone."""
    data = remark(material("typeform/form_response.vendor-example.json")).data
    assert data.record == "a3a12ec67a1365927098a606107fac15"
    assert data.customer.email == "laura@example.com"
    assert "It's cold right now!" in data.words
    assert data.account_id is None
