"""The one security suite: every source that is posted to inherits it.

A subclass says how its vendor signs; the cases are what a forger would try.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import ClassVar

import pytest

from streams.collect.registry import source
from streams.collect.signing import FRESH_S
from streams.collect.source import (
    NotAuthentic,
    SignatureMissing,
    SignatureWrong,
)
from streams.collect.sources.tests.helpers import NOW, delivery_of

BODY = '{"words": "Größe, \\u00e9, \\"quoted\\""}\r\n'.encode()


class SecurityCases:
    """What must be refused, and the little that must not be.

    Attributes:
        name: of the source.
        secret: what the settings would hold; `other_secret` belongs to somebody else.
        signature: the header, lower case.
        timestamp: the header of the signed time; None where the vendor signs none.
    """

    name: ClassVar[str]
    secret: ClassVar[str]
    other_secret: ClassVar[str]
    signature: ClassVar[str]
    timestamp: ClassVar[str | None] = None

    def sign(self, secret: str, body: bytes, at: datetime) -> Mapping[str, str]:
        """The headers that the vendor would send."""
        raise NotImplementedError

    def check(self, headers: Mapping[str, str], body: bytes = BODY, at: datetime = NOW) -> None:
        """Verify as the gateway does."""
        source(self.name).verify(delivery_of(self.name, body, headers, at), self.secret, at)

    def signed(self, body: bytes = BODY, at: datetime = NOW) -> dict[str, str]:
        """Headers that are right."""
        return dict(self.sign(self.secret, body, at))

    def test_what_the_vendor_signed_is_taken(self) -> None:
        """Any bytes, over and over: nothing is remembered."""
        for body in (BODY, b"", b"\x00\xff not text", b"{}" * 100_000):
            self.check(self.signed(body), body)
            self.check(self.signed(body), body)

    def test_a_missing_header_is_refused(self) -> None:
        """Each header alone, and all of them."""
        for name in self.signed():
            for value in (None, "", "   "):
                headers = {k: v for k, v in self.signed().items() if k != name}
                if value is not None:
                    headers[name] = value
                with pytest.raises(SignatureMissing):
                    self.check(headers)
        with pytest.raises(SignatureMissing):
            self.check({})

    def test_another_secret_is_refused(self) -> None:
        """A signature that is right for somebody else."""
        with pytest.raises(SignatureWrong):
            self.check(self.sign(self.other_secret, BODY, NOW))

    def test_another_body_is_refused(self) -> None:
        """Not one byte may differ, not even white space at the end."""
        for body in (BODY + b" ", BODY.rstrip(), BODY.upper(), b"", BODY.replace(b"\r\n", b"\n")):
            with pytest.raises(SignatureWrong):
                self.check(self.signed(), body)

    def test_a_truncated_or_padded_signature_is_refused(self) -> None:
        """A prefix of what is right is as wrong as any other."""
        right = self.signed()[self.signature]
        for wrong in (
            right[:-1],
            right[:12],
            right[1:],
            f"{right}=",
            f"{right}, {right}",
            "sha256=",
        ):
            with pytest.raises(NotAuthentic):
                self.check({**self.signed(), self.signature: wrong})

    @pytest.mark.parametrize("text", ["ÿé", "\u2603", "\ud800", "\x00", "=" * 8_000])
    def test_an_odd_signature_is_refused_and_nothing_breaks(self, text: str) -> None:
        """Headers may hold any bytes; a comparison must bear them."""
        for value in (text, f"sha256={text}", self.signed()[self.signature] + text):
            with pytest.raises(NotAuthentic):
                self.check({**self.signed(), self.signature: value})

    def test_a_time_too_far_off_is_refused_to_either_side(self) -> None:
        """Signed as it should be, but played back, or from the future."""
        if self.timestamp is None:
            self.check(self.signed(at=NOW - timedelta(days=365)))
            return
        for off_s in (FRESH_S + 2, 3600, 10 * 365 * 24 * 3600):
            for at in (NOW - timedelta(seconds=off_s), NOW + timedelta(seconds=off_s)):
                with pytest.raises(NotAuthentic):
                    self.check(self.signed(at=at))
        for off_s in (-FRESH_S + 2, FRESH_S - 2):
            self.check(self.signed(at=NOW + timedelta(seconds=off_s)))

    @pytest.mark.parametrize("text", ["yesterday", "ÿ", "²", "-1", "9" * 400, "NaN", "1e9", "0"])
    def test_an_odd_time_is_refused_and_nothing_breaks(self, text: str) -> None:
        """Signed or not."""
        if self.timestamp is not None:
            with pytest.raises(NotAuthentic):
                self.check({**self.signed(), self.timestamp: text})

    def test_why_it_was_refused_tells_no_secret(self) -> None:
        """Nor the signature that would have been right: it goes to the log."""
        with pytest.raises(NotAuthentic) as refused:
            self.check({**self.signed(), self.signature: "wrong"})
        assert self.secret not in str(refused.value)
        assert self.signed()[self.signature].removeprefix("sha256=") not in str(refused.value)
