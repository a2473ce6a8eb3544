"""THE MAP: every stage, its topics and its rule, and everything that falls due, wired by name.

=========  ==============================================  ==================================
stage      reads                                           writes
=========  ==============================================  ==================================
collect    source.<vendor>                                 feedback.received, crm.changed,
                                                           epic.changed, notification.settled
enrich     crm.changed                                     histories of accounts, deals, reps
link       feedback.received                               remarks, links; feedback.linked
ship       epic.changed, feature.shipped, .withdrawn       epics, ships
verify     notification.settled                            mails: delivered, bounced, ...
reply      source.reply                                    loops; loop.changed
=========  ==============================================  ==================================

What is due (holds, audiences, mails, the outbox, evidence for the tracker) are rows with a time; a
Faust timer takes them on whichever worker looks first. Nothing here decides anything.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import faust
from faust.types import StreamT

from schemas.topics import CONTROL
from sinks.contracts import Mailer, Publisher, Tracker
from sinks.store.contract import Store
from streams.catchup import EVIDENCE_PATH, CatchUp
from streams.clock import Clock, WallClock
from streams.collect.stage import CollectStage
from streams.due import AnyWork, DueWork
from streams.enrich.stage import EnrichStage
from streams.garbage import tend
from streams.hosting import host
from streams.link.alike import Audits
from streams.link.certificate import Promise
from streams.link.certifying import Certifying
from streams.link.drawing import few
from streams.link.linkers import Linkers
from streams.link.stage import LinkStage
from streams.link.theming import Themes
from streams.probe import Probe, pass_by
from streams.relay import Relay
from streams.settings import Settings
from streams.ship.rules import Policy
from streams.ship.stage import ShipStage
from streams.stage import Stage, StageRunner
from streams.tell.work import TellWork
from streams.verify.stage import ReplyStage, VerifyStage

CATCH_UP_S = 5.0
ASK_TRACKER_S = 15.0


@dataclass(frozen=True)
class Parts:
    """Everything real that the worker is made of; a test hands in what it likes instead."""

    settings: Settings
    store: Store
    publisher: Publisher
    tracker: Tracker
    mailer: Mailer
    likeness: Linkers
    clock: Clock = field(default_factory=WallClock)
    probe: Probe = pass_by


def stages(parts: Parts) -> tuple[Stage[Any], ...]:
    """Every stage, in the order of the flow."""
    settings = parts.settings
    policy = Policy(
        hold=timedelta(seconds=settings.hold_s), without_version=settings.ship_without_version
    )
    evidence_s = settings.evidence_after_s
    audits = Audits(settings.audit_share, few(*_promise(settings)))
    return (
        CollectStage().stage(),
        EnrichStage(evidence_s).stage(),
        LinkStage(parts.likeness, origins(settings), evidence_s, audits, settings.jira_url).stage(),
        ShipStage(policy, evidence_s).stage(),
        VerifyStage().stage(),
        ReplyStage(settings.reply_secret).stage(),
    )


def origins(settings: Settings) -> frozenset[str]:
    """The sources that remarks may come from: our own, and those that settings name."""
    return frozenset({"typeform", "zendesk", *settings.upstream_sources})


def _promise(settings: Settings) -> Promise:
    return settings.link_precision, settings.link_risk


def due_work(parts: Parts) -> tuple[DueWork, DueWork, DueWork]:
    """What is looked for at every tick, now and then, and seldom."""
    settings, store = parts.settings, parts.store
    tell = TellWork(store, parts.mailer, settings, probe=parts.probe)
    relay = Relay(store, parts.publisher.publish)
    catch_up = CatchUp(
        store,
        parts.tracker,
        evidence_after_s=settings.evidence_after_s,
        evidence_url=settings.public_url.rstrip("/") + EVIDENCE_PATH,
    )

    certifying = Certifying(store, parts.likeness, _promise(settings))

    async def ask_tracker(now: Any) -> int:
        found = await asyncio.to_thread(catch_up.unknown_issues, now)
        await parts.publisher.publish(found)
        return 0

    tick: dict[str, AnyWork] = {
        "audience": tell.work_out_audiences,
        "mail": tell.send_due,
        "outbox": relay.relay,
    }
    now_and_then: dict[str, AnyWork] = {
        "homes": catch_up.find_homes,
        "evidence": catch_up.show_evidence,
        "themes": Themes(store).sort_new,
    }
    seldom: dict[str, AnyWork] = {
        "ask": ask_tracker,
        "certify": certifying.certify,
        "keep": certifying.keep,
    }
    clock = parts.clock
    return DueWork(tick, clock), DueWork(now_and_then, clock), DueWork(seldom, clock)


def build(parts: Parts) -> faust.App:
    """The worker's app: nothing is connected before it starts; makes the folder `home`."""
    settings = parts.settings
    Path(settings.home).mkdir(parents=True, exist_ok=True)
    app = faust.App(
        "closeloop-worker",
        broker=[f"kafka://{server}" for server in settings.bootstrap_servers.split(",")],
        store="memory://",
        topic_disable_leader=True,
        topic_allow_declare=False,
        web_enabled=False,
        autodiscover=False,
        broker_commit_every=1000,
        datadir=f"{settings.home}/faust",
    )
    tend(app)
    for stage in stages(parts):
        runner = StageRunner(stage, parts.store, parts.publisher, parts.clock, parts.probe)
        host(app, runner, parts.store, settings.bootstrap_servers)
    _wire_due(app, parts)
    return app


def _wire_due(app: faust.App, parts: Parts) -> None:
    tick, now_and_then, seldom = due_work(parts)

    app.timer(parts.settings.tick_s, name="due.tick")(tick.do_all)
    app.timer(CATCH_UP_S, name="due.now_and_then")(now_and_then.do_all)
    app.timer(ASK_TRACKER_S, name="due.seldom")(seldom.do_all)

    async def _wake(words: StreamT[bytes]) -> None:
        async for _ in words:
            await asyncio.gather(now_and_then.do_all(), tick.do_all())

    control = app.topic(CONTROL.name, value_type=bytes, value_serializer="raw")
    app.agent(control, name="control.wake")(_wake)
