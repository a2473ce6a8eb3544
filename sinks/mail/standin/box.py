"""The mails that the stand-in took: a folder of files, one html, text and json of each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

_UNSAFE = re.compile(r"[^A-Za-z0-9@._+-]+")
_LONGEST_NAME = 80
_STEM = re.compile(r"(\d{3,})-.*")


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One mail as it was taken.

    Attributes:
        number: counts from 1, over restarts too.
        stem: of its three file names.
        provider_id: the ``X-Message-Id`` that it was answered with.
        request: the whole request.
    """

    number: int
    stem: str
    provider_id: str
    at: datetime
    to: str
    subject: str
    headers: dict[str, str]
    custom_args: dict[str, str]
    text: str
    html: str
    request: dict[str, Any]


class Box:
    """The folder; what an earlier process kept there is found again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, request: dict[str, Any], provider_id: str, at: datetime) -> list[Kept]:
        """Write one mail for each recipient."""
        self.folder.mkdir(parents=True, exist_ok=True)
        kept = list(_mails(request, provider_id, at, self._last() + 1))
        for mail in kept:
            # The json is written last and at once: a mail that has one is whole.
            self._path(mail.stem, "html").write_text(mail.html, encoding="utf-8")
            self._path(mail.stem, "txt").write_text(mail.text, encoding="utf-8")
            draft = self._path(mail.stem, "draft")
            draft.write_bytes(msgspec.json.format(msgspec.json.encode(mail)))
            draft.replace(self._path(mail.stem, "json"))
        return kept

    def mails(self) -> list[Kept]:
        """Every mail, in the order in which it came."""
        read = msgspec.json.Decoder(Kept).decode
        kept = [read(path.read_bytes()) for path in self.folder.glob("*.json")]
        return sorted(kept, key=lambda mail: mail.number)

    def mail(self, number: int) -> Kept | None:
        """The mail of that number, if there is one."""
        return next((mail for mail in self.mails() if mail.number == number), None)

    def clear(self) -> None:
        """Throw all mails away."""
        for path in self.folder.glob("*-*"):
            if _STEM.fullmatch(path.stem):
                path.unlink()

    def _last(self) -> int:
        found = (_STEM.fullmatch(path.stem) for path in self.folder.glob("*.json"))
        return max((int(match[1]) for match in found if match), default=0)

    def _path(self, stem: str, kind: str) -> Path:
        # No with_suffix: an address has dots of its own.
        return self.folder / f"{stem}.{kind}"


def _mails(request: dict[str, Any], provider_id: str, at: datetime, number: int) -> Iterator[Kept]:
    words = {part["type"]: part["value"] for part in request["content"]}
    for bundle in request["personalizations"]:
        for recipient in bundle["to"]:
            yield Kept(
                number=number,
                stem=f"{number:03d}-{_safe(recipient['email'])}",
                provider_id=provider_id,
                at=at,
                to=recipient["email"],
                subject=bundle.get("subject") or request["subject"],
                headers={**request.get("headers", {}), **bundle.get("headers", {})},
                custom_args={**request.get("custom_args", {}), **bundle.get("custom_args", {})},
                text=words.get("text/plain", ""),
                html=words.get("text/html", ""),
                request=request,
            )
            number += 1


def _safe(address: str) -> str:
    return _UNSAFE.sub("_", address).lstrip(".")[:_LONGEST_NAME]
