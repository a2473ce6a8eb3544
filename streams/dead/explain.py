"""Says of a dead letter, to a person, what is wrong, with what, and what to do now. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

import msgspec

from schemas import errors
from schemas.topics import BY_NAME, OUTSIDE
from streams.dead.excerpt import Line, around
from streams.dead.letters import Letter, Settled

Blame: TypeAlias = Literal["sender", "settings", "clock", "closeloop", "nobody"]
WORTH_WAITING = timedelta(days=30)
"""What is from further ahead is no clock that is off: it is wrong."""
_INSTANT = re.compile(r"^(?P<at>\S+) is not between")
_INVALID = frozenset(
    name
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.InvalidEvent)
)


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter in words.

    Attributes:
        what: what kind of thing is wrong, one sentence.
        why: what exactly, as the code said it.
        path: where inside the record; ``$`` is all of it.
        lines: the record around that.
        blame: who can put it right.
        advice: what to do, in order.
    """

    what: str
    why: str
    path: str
    lines: tuple[Line, ...]
    blame: Blame
    advice: tuple[str, ...]


def explain(letter: Letter, settled: Settled | None) -> Explanation:
    """The letter in words; what was done with it already changes the advice."""
    path = letter.said.path if letter.said else "$"
    blame = blame_of(letter)
    what, advice = _WORDS[blame]
    steps = tuple(step(letter) for step in advice)
    if settled is not None:
        steps = (f"it was {settled.fate} already, by {settled.by}: nothing is left to do",)
    return Explanation(
        what=_KINDS.get(letter.error, what) if blame in {"sender", "settings"} else what,
        why=letter.reason,
        path=path,
        lines=tuple(around(letter.value, letter.headers, path, letter.reason)),
        blame=blame,
        advice=steps,
    )


def blame_of(letter: Letter) -> Blame:
    """Who can put it right: that decides what to do."""
    said = letter.said
    if said is None:
        return "nobody"
    if said.error == "UnknownType" and said.path == "$.data.origin":
        return "settings"
    if said.error not in _INVALID and said.error not in _KINDS:
        return "closeloop"
    return "clock" if _good_from(letter) else "sender"


def _good_from(letter: Letter) -> datetime | None:
    """When a record that died for being from the near future stops being from the future."""
    found = _INSTANT.match(letter.reason)
    if not found or letter.said is None:
        return None
    try:
        at = msgspec.convert(found["at"], datetime)
    except msgspec.ValidationError:
        return None
    return at if timedelta(0) < at - letter.said.at < WORTH_WAITING else None


_KINDS = {
    "Undecodable": "The bytes are not what they claim to be.",
    "UnknownType": "Nobody declared this kind of event, or this source.",
    "ContradictingHeaders": "Envelope and headers of the event say different things.",
    "InvalidEvent": "A field is missing or has a value that it cannot have.",
    "Tampered": "A link in one of our mails was not signed by us, or with another secret.",
    "Expired": "A link in one of our mails was used after its time.",
}
"""Error -> what it means."""


class _Envelope(msgspec.Struct):
    source: str


def _sender(letter: Letter) -> str:
    """Who wrote the record, as far as its topic says."""
    if letter.topic.startswith("source."):
        return letter.topic.removeprefix("source.")
    outside = [one for one in BY_NAME[letter.topic].producers if one in OUTSIDE]
    for name, value in letter.headers:
        if name == "ce_source" and value:
            return value.decode("utf-8", "replace")
    try:
        return msgspec.json.decode(letter.value or b"", type=_Envelope).source
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    return outside[0] if outside else BY_NAME[letter.topic].producers[0]


def _origin(letter: Letter) -> str:
    found = re.search(r"'([^']*)'", letter.reason)
    return found[1] if found else "its name"


def _redrive(letter: Letter) -> str:
    return f"put it back: closeloop dead redrive {letter.topic} {letter.place}"


def _drop(letter: Letter) -> str:
    return f"or let it go: closeloop dead drop {letter.topic} {letter.place}"


_WORDS: dict[Blame, tuple[str, tuple[Callable[[Letter], str], ...]]] = {
    "sender": (
        "The record cannot be right as it is.",
        (
            lambda letter: f"ask {_sender(letter)} to correct it and to send it again",
            lambda letter: f"where our reading was wrong: fix it, then {_redrive(letter)}",
            _drop,
        ),
    ),
    "settings": (
        "Nobody declared this source.",
        (
            lambda letter: (
                f"if it may publish: add {_origin(letter)} to CLOSELOOP_UPSTREAM_SOURCES and "
                "restart the workers"
            ),
            lambda letter: f"then {_redrive(letter)}",
            _drop,
        ),
    ),
    "clock": (
        "It says that it comes from the future.",
        (
            lambda letter: f"let {_sender(letter)} set its clock right",
            lambda letter: f"once it is {_good_from(letter)}, {_redrive(letter)}",
            _drop,
        ),
    ),
    "closeloop": (
        "Closeloop itself failed on this record: a fault of ours, not the sender's.",
        (
            lambda letter: (
                f"report it, with {letter.error} and version "
                f"{letter.said.version if letter.said else 'unknown'}"
            ),
            lambda letter: f"after the fix, {_redrive(letter)}",
        ),
    ),
    "nobody": (
        "This is no dead letter of ours: somebody else wrote it onto the dead-letter topic.",
        (_drop,),
    ),
}
"""Who can put it right -> what is wrong, and what to do."""
