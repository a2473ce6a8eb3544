"""Our own mails: what a rep or a customer answered by their links."""

from streams.collect.source import Source
from streams.collect.sources.reply import parse, verify

FORM = frozenset({"application/x-www-form-urlencoded"})

SOURCE = Source(
    name="reply",
    vendor="the links in our own mails",
    handled={parse.REPLY: "source.reply"},
    ignored={},
    secret=lambda settings: settings.reply_secret,
    verify=verify.verify,
    delivery_id=parse.delivery_id,
    parse=parse.parse,
    content_types=FORM,
    is_posted=False,
)
