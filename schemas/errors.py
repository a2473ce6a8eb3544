"""Every named error of Closeloop, and what becomes of the work that raised it.

::

    CloseloopError
    ├── InvalidEvent            dead-lettered: the input can never be right
    │   ├── Undecodable         the bytes are not what their content type says
    │   ├── UnknownType         an event type, or a source, that nobody declared
    │   └── ContradictingHeaders  envelope and ``ce_`` headers disagree
    ├── Temporary               retried with backoff, never dead-lettered
    │   ├── SinkBusy            the other side said when to come back (``retry_after_s``)
    │   └── SinkUnreachable     no answer: refused, reset, timed out
    ├── SinkRefused             the other side said no for good: settled as failed, a person sees it
    ├── Fenced                  somebody else has taken over: what was begun is dropped
    ├── BadRelease              too many records fail at once: the stage stops
    ├── BadSettings             the start is refused, every fault listed; a stage stops
    └── NotAuthentic            answered with 401, see `streams.collect.source`

Rooms hang errors of their own into this tree where nobody else meets them: `streams.verify.tokens`,
`streams.dead.letters`, `streams.ship.person`, `streams.link.triage`,
`streams.link.likeness.minilm` and `streams.commands.errors`.
Rules raise; `streams.stage` alone decides what happens then. Anything else that is raised is a bug:
the batch is bisected until the record that provokes it is alone, and that record is dead-lettered.
"""

from __future__ import annotations


class CloseloopError(Exception):
    """The root of the tree above; never raised itself."""


class InvalidEvent(CloseloopError):
    """Input that can never be right: dead-lettered with its reason and path.

    Attributes:
        reason: what is wrong, one sentence for a person.
        path: where inside the payload, as ``$.data.customer.email``; ``$`` is the whole of it.
    """

    def __init__(self, reason: str, path: str = "$") -> None:
        super().__init__(f"{reason} (at {path})")
        self.reason = reason
        self.path = path


class Undecodable(InvalidEvent):
    """The bytes are not what their content type says: dead-lettered."""


class UnknownType(InvalidEvent):
    """An event type or a source that nobody declared: dead-lettered."""


class ContradictingHeaders(InvalidEvent):
    """A structured CloudEvent whose ``ce_`` headers say something else: dead-lettered."""


class Temporary(CloseloopError):
    """A fault that passes by itself: retried with backoff, never dead-lettered."""


class SinkBusy(Temporary):
    """The other side asked for time: retried after `retry_after_s` seconds."""

    def __init__(self, what: str, retry_after_s: float) -> None:
        super().__init__(f"{what}: come back in {retry_after_s:g} s")
        self.retry_after_s = retry_after_s


class SinkUnreachable(Temporary):
    """The other side did not answer: retried with backoff."""


class SinkRefused(CloseloopError):
    """The other side said no for good: settled as failed, and a person sees the reason."""

    def __init__(self, what: str, status: int | None = None) -> None:
        super().__init__(what)
        self.status = status


class Fenced(CloseloopError):
    """Somebody else has taken over: another worker this partition, a later call this command.

    What was begun is dropped, unwritten.
    """


class BadRelease(CloseloopError):
    """More records fail than single faults explain: the stage stops before it dead-letters them."""


class BadSettings(CloseloopError):
    """Settings that are unknown or wrong: the start is refused with every fault listed.

    Attributes:
        faults: one sentence each, in the order of the settings.
    """

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults
