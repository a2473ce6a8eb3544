"""A Typeform response to a remark; pure.

Which answer is what is said by the form's own conventions (README.md): a question's ``ref``, or a
hidden field, of the names below. A form that knows none of them still works: its text answers, with
their questions, are the words.

Source: Typeform, "Webhooks: example payload" and "Responses: answer types" (read 2026-07).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from schemas.delivery import Delivery
from schemas.errors import InvalidEvent, UnknownType
from schemas.events import Customer, Feedback, FeedbackReceived, Reporter
from schemas.topics import FEEDBACK_RECEIVED
from streams.collect.outside import Outside, payload_of
from streams.collect.source import Fact, Ignored, Result, digest, event_id

RESPONSE = "form_response"
IGNORED = {"form_response_partial": "the person has not sent it yet"}
WORDS = ("problem", "words")
"""References of the questions whose answers are the words, in this order."""
ABOUT = frozenset(
    {
        *("title", "email", "name", "contact_id", "company", "opportunity"),
        *("rep_email", "rep_name", "user", "issue_key", "thread"),
    }
)
"""References of the questions, and names of the hidden fields, that say something else."""
PLACEHOLDER = "xxxxx"
"""What Typeform puts into a hidden field that the link did not fill."""
_KEY = re.compile(r"\b[A-Z][A-Z0-9_]{1,30}-[1-9][0-9]{0,9}\b")


def delivery_id(body: bytes) -> str:
    """Typeform's id of the event; it is the same for a re-delivery."""
    try:
        return payload_of(body)["event_id"].id()
    except InvalidEvent:
        return digest(body)


def parse(delivery: Delivery) -> Sequence[Result]:
    """The remark that a response is."""
    payload = payload_of(delivery.body)
    kind = payload["event_type"].text()
    if kind in IGNORED:
        return [Ignored(kind, IGNORED[kind])]
    if kind != RESPONSE:
        raise UnknownType(f"no such event of Typeform's: {kind[:60]!r}", "$.event_type")
    token = payload["form_response"]["token"].id()
    response = _Response(payload["form_response"])
    words = response.words()
    if words is None:
        return [Ignored(kind, "nobody wrote any words")]
    event = FeedbackReceived(
        id=event_id("typeform", payload["event_id"].id()),
        source="/typeform",
        time=payload["form_response"]["submitted_at"].instant(),
        specversion="1.0",
        data=_feedback(response, token, words),
    )
    return [Fact(FEEDBACK_RECEIVED.name, f"typeform:{token}", event)]


def _feedback(response: _Response, token: str, words: str) -> Feedback:
    said = response.said
    return Feedback(
        origin="typeform",
        record=token,
        words=words,
        title=said("title", Outside.name),
        customer=Customer(
            email=response.customer_email(),
            name=said("name", Outside.name),
            id=said("contact_id", Outside.id),
        ),
        account_id=response.hidden("company"),
        opportunity_id=response.hidden("opportunity"),
        reporter=Reporter(
            email=said("rep_email", Outside.email),
            name=said("rep_name", Outside.name),
            id=response.hidden("user"),
        ),
        thread=response.hidden("thread"),
        issue_keys=tuple(dict.fromkeys(_KEY.findall(said("issue_key", Outside.text) or "")))[:100],
    )


class _Response:
    """A response, by the names that the form's maker gave."""

    def __init__(self, response: Outside) -> None:
        self._hidden = response["hidden"].fields()
        self._questions = {
            field["id"].id(): field
            for field in response["definition"]["fields"].maybe(_items) or ()
        }
        self._answers = response["answers"].maybe(_items) or []
        self._by_ref = {ref: each for each in self._answers if (ref := self._ref(each))}

    def said(self, name: str, check: Callable[[Outside], str]) -> str | None:
        """What was answered to the question with this reference; else the hidden field."""
        if name in self._by_ref:
            return _plain(self._by_ref[name]).maybe(check)
        value = self._hidden.get(name)
        return None if value is None or value.raw == PLACEHOLDER else value.maybe(check)

    def hidden(self, name: str) -> str | None:
        """An id that the form's link carried; nobody types one, so answers do not count."""
        value = self._hidden.get(name)
        return None if value is None or value.raw == PLACEHOLDER else value.maybe(Outside.id)

    def customer_email(self) -> str | None:
        """The one that is named so; else the first that was asked for and is not the rep's."""
        named = self.said("email", Outside.email)
        if named is not None:
            return named
        for answer in self._answers:
            if answer["type"].text() == "email" and self._ref(answer) != "rep_email":
                return answer["email"].maybe(Outside.email)
        return None

    def words(self) -> str | None:
        """What the form calls the problem or the words; else every text, under its question."""
        named = [_text(self._by_ref[name]) for name in WORDS if name in self._by_ref]
        found = [text for text in named if text.strip()] or list(self._texts())
        return Outside("\n\n".join(found), "$.form_response.answers").maybe(Outside.words)

    def _texts(self) -> Iterator[str]:
        for answer in self._answers:
            if answer["type"].text() == "text" and self._ref(answer) not in ABOUT:
                text = answer["text"].text()
                if text.strip():
                    yield "\n".join(filter(None, (self._question(answer), text)))

    def _question(self, answer: Outside) -> str:
        field = self._questions.get(answer["field"]["id"].id())
        return "" if field is None else field["title"].maybe(Outside.text) or ""

    def _ref(self, answer: Outside) -> str | None:
        """An answer may leave its question's reference out; the definition always has it."""
        own = answer["field"]["ref"].maybe(Outside.text)
        if own is not None:
            return own
        field = self._questions.get(answer["field"]["id"].id())
        return None if field is None else field["ref"].maybe(Outside.text)


def _items(array: Outside) -> list[Outside]:
    return array.items()


def _plain(answer: Outside) -> Outside:
    """The value of an answer that is one text."""
    kind = answer["type"].text()
    if kind == "choice":
        label = answer["choice"]["label"]
        return answer["choice"]["other"] if label.absent else label
    if kind not in _PLAIN:
        raise UnknownType(f"an answer of type {kind[:60]!r} does not say that", answer.path)
    return answer[kind]


def _text(answer: Outside) -> str:
    """Any answer as a person would read it out."""
    kind = answer["type"].text()
    if kind not in ANSWERS:
        raise UnknownType(f"no such type of answer: {kind[:60]!r}", f"{answer.path}.type")
    return ANSWERS[kind](answer[kind])


def _number(value: Outside) -> str:
    number = value.raw
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise value.wrong("expected number")
    return f"{number:g}" if isinstance(number, float) else str(value.integer())


def _yes_or_no(value: Outside) -> str:
    return "yes" if value.boolean() else "no"


def _choice(value: Outside) -> str:
    return value["label"].maybe(Outside.text) or value["other"].text()


def _choices(value: Outside) -> str:
    labels = [label.text() for label in value["labels"].maybe(_items) or ()]
    other = value["other"].maybe(Outside.text)
    return ", ".join([*labels, *([other] if other else [])])


def _payment(value: Outside) -> str:
    return f"{value['amount'].text()} {value['name'].maybe(Outside.text) or ''}".strip()


_PLAIN = frozenset({"text", "email", "url", "phone_number", "date", "file_url"})
ANSWERS: Mapping[str, Callable[[Outside], str]] = {
    **dict.fromkeys(_PLAIN, Outside.text),
    "number": _number,
    "boolean": _yes_or_no,
    "choice": _choice,
    "choices": _choices,
    "payment": _payment,
}
"""Typeform's type of an answer -> how it is read out."""
