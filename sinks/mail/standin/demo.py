"""The stand-in's own pages and control surface, which are not SendGrid's."""

from __future__ import annotations

from html import escape
from typing import Any

import msgspec
from litestar import MediaType, Request, Response, delete, get, post, put
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, JSONBody

from sinks.http.standin.deliver import Delivery
from sinks.http.standin.faults import CONTROL, Fault
from sinks.mail.standin.box import Kept
from sinks.mail.standin.world import Here, World


class Address(msgspec.Struct, forbid_unknown_fields=True):
    """Where reports go; no url keeps them back."""

    url: str | None
    times: int = 1


class Bounces(msgspec.Struct, forbid_unknown_fields=True):
    """Every address whose mails bounce."""

    addresses: list[str]


@get(f"{CONTROL}/mails", sync_to_thread=False)
def mails(world: Here, request: Request[Any, Any, Any]) -> Response[Any]:
    """Every mail: a page for browsers, JSON for all else."""
    kept = world.box.mails()
    if "text/html" in request.headers.get("accept", ""):
        return Response(_index(kept), media_type=MediaType.HTML)
    return Response(kept)


@get(f"{CONTROL}/mails/{{number:int}}", sync_to_thread=False)
def mail_html(world: Here, number: FromPath[int]) -> Response[str]:
    """One mail as its reader sees it."""
    return Response(_mail(world, number).html, media_type=MediaType.HTML)


@get(f"{CONTROL}/mails/{{number:int}}/text", sync_to_thread=False)
def mail_text(world: Here, number: FromPath[int]) -> Response[str]:
    """One mail for readers without HTML."""
    return Response(_mail(world, number).text, media_type=MediaType.TEXT)


@get(f"{CONTROL}/mails/{{number:int}}/json", sync_to_thread=False)
def mail_json(world: Here, number: FromPath[int]) -> Kept:
    """One mail whole, with the request that brought it."""
    return _mail(world, number)


@delete(f"{CONTROL}/mails", sync_to_thread=False)
def clear_mails(world: Here) -> None:
    """Throw all mails away."""
    world.box.clear()


@get(f"{CONTROL}/public_key", media_type=MediaType.TEXT, sync_to_thread=False)
def public_key(world: Here) -> str:
    """What verifies the event webhook, as SendGrid's settings page shows it."""
    return world.public_key


@put(f"{CONTROL}/webhook", sync_to_thread=False)
def set_webhook(world: Here, data: JSONBody[Address]) -> Address:
    """Where reports go from now on, and how often each."""
    world.reporter.webhooks.url, world.reporter.times = data.url, data.times
    return data


@put(f"{CONTROL}/bounces", sync_to_thread=False)
def set_bounces(world: Here, data: JSONBody[Bounces]) -> Bounces:
    """Let mails to exactly these addresses bounce from now on."""
    world.reporter.bounces = {address.lower() for address in data.addresses}
    return data


@get(f"{CONTROL}/deliveries", sync_to_thread=False)
def deliveries(world: Here) -> list[Delivery]:
    """Every report and what became of it."""
    return world.reporter.webhooks.deliveries


@post(f"{CONTROL}/faults", sync_to_thread=False)
def order_fault(world: Here, data: JSONBody[Fault]) -> Fault:
    """Let the next of the vendor's calls go wrong; ``drop`` takes the mail and does not answer."""
    world.faults.order(data)
    return data


@delete(f"{CONTROL}/faults", sync_to_thread=False)
def clear_faults(world: Here) -> None:
    """Forget ordered faults and noted calls."""
    world.faults.clear()


@get(f"{CONTROL}/calls", sync_to_thread=False)
def calls(world: Here) -> list[str]:
    """``METHOD path`` of each of the vendor's calls."""
    return world.faults.calls


ROUTES = [
    mails,
    mail_html,
    mail_text,
    mail_json,
    clear_mails,
    public_key,
    set_webhook,
    set_bounces,
    deliveries,
    order_fault,
    clear_faults,
    calls,
]


def _mail(world: World, number: int) -> Kept:
    kept = world.box.mail(number)
    if kept is None:
        raise NotFoundException(f"there is no mail {number}")
    return kept


def _index(kept: list[Kept]) -> str:
    rows = "".join(_row(mail) for mail in kept)
    return (
        '<!doctype html><meta charset="utf-8"><title>Mails</title>'
        "<style>body{font:1rem sans-serif;margin:2rem}td,th{padding:.3rem 1rem;text-align:left}"
        f"</style><h1>{len(kept)} mails</h1><table><tr><th>To<th>Subject<th>When<th></tr>{rows}"
        "</table>"
    )


def _row(mail: Kept) -> str:
    link = f"{CONTROL}/mails/{mail.number}"
    return (
        f'<tr><td>{escape(mail.to)}<td><a href="{link}">{escape(mail.subject)}</a>'
        f'<td>{mail.at:%Y-%m-%d %H:%M:%S}<td><a href="{link}/text">text</a> '
        f'<a href="{link}/json">json</a></tr>'
    )
