"""Every topic as data: what it carries, by which key, who writes and reads it, how long it is kept.

Topic names, keys and retention stand here and nowhere else. ``closeloop topics`` shows this list,
``closeloop topics create`` makes the broker agree with it, and the documents rendered from it are
tested against it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from schemas.errors import UnknownType
from schemas.events import (
    AccountChanged,
    EpicChanged,
    Event,
    FeatureShipped,
    FeatureWithdrawn,
    FeedbackLinked,
    FeedbackReceived,
    LoopChanged,
    NotificationRequested,
    NotificationSettled,
    OpportunityChanged,
    RepChanged,
    VersionChanged,
)

DAY_MS = 24 * 60 * 60 * 1000
MONTH_MS = 30 * DAY_MS
YEAR_MS = 365 * DAY_MS
DEAD_SUFFIX = ".dead"
MIB = 1024 * 1024
LARGEST_BODY_BYTES = 5 * MIB
"""What the gateway accepts; the broker's limit is a little above it, for headers and framing."""
LARGEST_RECORD_BYTES = LARGEST_BODY_BYTES + MIB
LARGEST_DEAD_BYTES = LARGEST_RECORD_BYTES + MIB
"""A dead letter is the whole record and why it is dead: it must fit even where that just did."""
OUTSIDE = frozenset({"CI", "outside", "upstream systems"})
"""The producers and consumers that are not Closeloop."""


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """One topic.

    Attributes:
        key: what the record key is, in words.
        events: the Structs that it may carry; empty for raw bodies.
        owner: the room that decides what is written.
        producers, consumers: rooms or outside parties, in the order of the flow.
        retention_ms: how long a record is kept; None with `compacted`.
        has_words: carries people's words, so that 30 days is the most it may be kept.
        largest_bytes: the largest batch, as it is compressed, that the broker takes.
    """

    name: str
    description: str
    key: str
    owner: str
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    retention_ms: int | None
    events: tuple[type[Event], ...] = ()
    partitions: int = 4
    has_words: bool = False
    has_dead_twin: bool = True
    largest_bytes: int = LARGEST_RECORD_BYTES

    @property
    def cleanup(self) -> Literal["compact", "delete"]:
        """Kafka's ``cleanup.policy``."""
        return "compact" if self.retention_ms is None else "delete"

    @property
    def dead(self) -> str:
        """The name of the topic's dead-letter twin."""
        return self.name + DEAD_SUFFIX

    @property
    def config(self) -> dict[str, str]:
        """The topic configuration that the broker must have."""
        kept = {} if self.retention_ms is None else {"retention.ms": str(self.retention_ms)}
        size = str(self.largest_bytes)
        return {"cleanup.policy": self.cleanup, "max.message.bytes": size, **kept}


def _source(name: str, vendor: str) -> Topic:
    return Topic(
        name=f"source.{name}",
        description=f"Raw requests of {vendor}: bytes, headers and arrival time, unparsed.",
        key="delivery id",
        owner="streams.collect",
        producers=("gateway",),
        consumers=("collect",),
        retention_ms=MONTH_MS,
        has_words=True,
    )


SOURCE_REPLY = Topic(
    name="source.reply",
    description="Uses of the links in our own mails: which, when, and what was written beside it.",
    key="the link's token id",
    owner="streams.verify",
    producers=("gateway",),
    consumers=("verify",),
    retention_ms=MONTH_MS,
    has_words=True,
)
SOURCES: tuple[Topic, ...] = (
    _source("hubspot", "HubSpot"),
    _source("jira", "Jira Cloud"),
    SOURCE_REPLY,
    _source("sendgrid", "SendGrid's event webhook"),
    _source("typeform", "Typeform"),
    _source("zendesk", "Zendesk"),
)

FEEDBACK_RECEIVED = Topic(
    name="feedback.received",
    description="One remark of one customer, in canonical form.",
    key="<source>:<record>",
    owner="streams.collect",
    producers=("collect", "upstream systems"),
    consumers=("link",),
    retention_ms=MONTH_MS,
    events=(FeedbackReceived,),
    has_words=True,
)
CRM_CHANGED = Topic(
    name="crm.changed",
    description="An account, opportunity or rep as of now.",
    key="<entity>:<id>, or <entity>:<id>#<field> for a change of one field",
    owner="streams.enrich",
    producers=("collect", "upstream systems"),
    consumers=("enrich",),
    retention_ms=None,
    events=(AccountChanged, OpportunityChanged, RepChanged),
)
EPIC_CHANGED = Topic(
    name="epic.changed",
    description="A Jira issue, or a version that issues are fixed in, as of now.",
    key="issue:<Jira issue id> or version:<Jira version id>, never the issue key",
    owner="streams.ship",
    producers=("collect", "upstream systems"),
    consumers=("ship",),
    retention_ms=None,
    events=(EpicChanged, VersionChanged),
)
FEEDBACK_LINKED = Topic(
    name="feedback.linked",
    description="A remark with its account and the outcome of linking, and why.",
    key="feedback id",
    owner="streams.link",
    producers=("link", "triage"),
    consumers=("outside",),
    retention_ms=MONTH_MS,
    events=(FeedbackLinked,),
)
FEATURE_SHIPPED = Topic(
    name="feature.shipped",
    description="Generation n of an issue shipped, and to whom.",
    key="issue id",
    owner="streams.ship",
    producers=("ship", "CI"),
    consumers=("ship",),
    retention_ms=YEAR_MS,
    events=(FeatureShipped,),
)
FEATURE_WITHDRAWN = Topic(
    name="feature.withdrawn",
    description="Generation n of an issue is not available after all.",
    key="issue id",
    owner="streams.ship",
    producers=("ship", "CI"),
    consumers=("ship",),
    retention_ms=YEAR_MS,
    events=(FeatureWithdrawn,),
)
NOTIFICATION_REQUESTED = Topic(
    name="notification.requested",
    description="A person is to be told of a ship for an account.",
    key="notification id",
    owner="streams.tell",
    producers=("tell",),
    consumers=("outside",),
    retention_ms=YEAR_MS,
    events=(NotificationRequested,),
)
NOTIFICATION_SETTLED = Topic(
    name="notification.settled",
    description="What the mail provider says became of a mail.",
    key="message id",
    owner="streams.verify",
    producers=("collect",),
    consumers=("verify",),
    retention_ms=YEAR_MS,
    events=(NotificationSettled,),
)
LOOP_CHANGED = Topic(
    name="loop.changed",
    description="How far the loop of one account and one issue has closed.",
    key="<account>:<issue id>",
    owner="streams.verify",
    producers=("verify", "tell"),
    consumers=("outside",),
    retention_ms=None,
    events=(LoopChanged,),
)
CONTROL = Topic(
    name="closeloop.control",
    description="Wakes workers up: something is due now. Faust's own consumer lives here.",
    key="none",
    owner="streams.app",
    producers=("link", "ship", "commands"),
    consumers=("worker",),
    retention_ms=DAY_MS,
    partitions=1,
    has_dead_twin=False,
)

TOPICS: tuple[Topic, ...] = (
    *SOURCES,
    FEEDBACK_RECEIVED,
    CRM_CHANGED,
    EPIC_CHANGED,
    FEEDBACK_LINKED,
    FEATURE_SHIPPED,
    FEATURE_WITHDRAWN,
    NOTIFICATION_REQUESTED,
    NOTIFICATION_SETTLED,
    LOOP_CHANGED,
    CONTROL,
)
BY_NAME: dict[str, Topic] = {topic.name: topic for topic in TOPICS}


def topic(name: str) -> Topic:
    """The topic of that name.

    Raises:
        UnknownType: nobody declared it.
    """
    try:
        return BY_NAME[name]
    except KeyError:
        raise UnknownType(f"no topic is called {name!r}") from None


def dead_twins() -> Iterator[Topic]:
    """The dead-letter topic of every topic that has one: the same key, kept 30 days."""
    for original in TOPICS:
        if original.has_dead_twin:
            yield msgspec.structs.replace(
                original,
                name=original.dead,
                description=f"Records of {original.name} that could not be used, and why.",
                producers=("worker",),
                consumers=("closeloop dead",),
                retention_ms=MONTH_MS,
                events=(),
                partitions=1,
                has_dead_twin=False,
                largest_bytes=LARGEST_DEAD_BYTES,
            )
