"""The broker as the commands know it: where it is, and how the workers are woken."""

from __future__ import annotations

from schemas.errors import BadSettings, Fenced, SinkRefused, SinkUnreachable
from schemas.topics import CONTROL
from sinks.kafka.writing import producer
from streams.commands.output import remark
from streams.settings import Settings


def servers_of(settings: Settings) -> str:
    """The broker's address; `BadSettings` where none is configured."""
    if not settings.bootstrap_servers:
        raise BadSettings(["bootstrap_servers: set KAFKA_BOOTSTRAP_SERVERS"])
    return settings.bootstrap_servers


def wake(settings: Settings, why: str) -> None:
    """Tell the workers to look for what is due. Best effort: they look by themselves as well."""
    if not settings.bootstrap_servers:
        return
    try:
        with producer(settings.bootstrap_servers, timeout_s=3) as client:
            client.send(CONTROL.name, why.encode()).get(timeout=3)
    except (SinkUnreachable, SinkRefused, Fenced, BadSettings):
        remark(f"the workers could not be woken; they look every {settings.tick_s:g} s")
