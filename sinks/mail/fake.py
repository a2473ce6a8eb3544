"""A mailer in memory: what it was handed, and failures on order."""

from __future__ import annotations

from schemas.errors import CloseloopError
from sinks.contracts import Finding, Mail
from sinks.mail.compose import check


class FakeMailer:
    """Passes the same suite as the real ones (``tests/contract/test_mailer_contract.py``).

    Attributes:
        mails: every mail it took, in order; a repeated one stands there twice, as with SendGrid.
        findings: what `examine` yields.
    """

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.findings = [Finding(what="mailer in memory", ok=True)]
        self.is_open = False
        self._failures: list[tuple[CloseloopError, bool]] = []

    def fail_next(self, *errors: CloseloopError, taken: bool = False) -> None:
        """The next mails raise these, one each.

        Args:
            errors: what is raised.
            taken: the mail is kept all the same, as when only the answer was lost.
        """
        self._failures.extend((error, taken) for error in errors)

    def open(self) -> None:
        """Connect to nothing."""
        self.is_open = True

    def close(self) -> None:
        """Nothing to let go of."""
        self.is_open = False

    def send(self, mail: Mail) -> str:
        """Keep it; an id of its own."""
        check(mail)
        error, taken = self._failures.pop(0) if self._failures else (None, True)
        if taken:
            self.mails.append(mail)
        if error is not None:
            raise error
        return f"fake-{len(self.mails)}"

    def examine(self) -> list[Finding]:
        """What was set."""
        return self.findings
