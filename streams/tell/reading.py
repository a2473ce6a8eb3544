"""Shows what the tell room would do, by its own rules, and does nothing."""

from __future__ import annotations

from datetime import datetime

import msgspec

from sinks.absent import NoMailer
from sinks.contracts import Mail
from sinks.store.contract import Store, Transaction
from sinks.store.rows import Message, Ship, Tell
from streams.settings import Settings
from streams.tell.gather import gather
from streams.tell.message import Look, render
from streams.tell.views import Links
from streams.tell.work import TellWork

UNUSED_SECRET = "no link is signed here"  # noqa: S105 - it protects nothing
"""A preview must work before the links' secret is set."""


def audience_of(store: Store, ship: Ship, settings: Settings, now: datetime) -> list[Tell]:
    """Everyone who would be considered for a ship, told or skipped; nothing is written."""
    unsigned = msgspec.structs.replace(settings, reply_secret=UNUSED_SECRET)
    work = TellWork(store, NoMailer(), unsigned)
    return work.preview(ship, now)


def mail_of(tx: Transaction, message: Message, settings: Settings, now: datetime) -> Mail | None:
    """The mail as it would go out now; None where nothing of it is true any more.

    Its links lead nowhere: whoever reads a preview must not answer for a customer.
    """
    tells = tx.tells.of_message(message.id)
    views = gather(tx, tells, now, lambda _tell, _now: links_to_nowhere(settings))
    return render(message, views, Look(docs_url=settings.docs_url), now) if views else None


def links_to_nowhere(settings: Settings) -> Links:
    """Links as a mail has them, that no gateway takes."""
    url = f"{settings.public_url.rstrip('/')}/r/preview"
    return Links(acknowledged=url, customer_told=url, solved=url, not_solved=url)
