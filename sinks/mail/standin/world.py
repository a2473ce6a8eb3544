"""What every handler of the stand-in works on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from sinks.http.standin.faults import Faults
from sinks.mail.standin.box import Box
from sinks.mail.standin.events import Reporter


@dataclass(kw_only=True)
class World:
    """One stand-in.

    Attributes:
        api_key: who is let in; None lets everybody in who brings any.
        scopes: what that key may.
        public_key: verifies the event webhook.
    """

    box: Box
    reporter: Reporter
    faults: Faults
    api_key: str | None
    scopes: list[str]
    has_verified_sender: bool
    public_key: str


Here: TypeAlias = NamedDependency[SkipValidation[World]]
