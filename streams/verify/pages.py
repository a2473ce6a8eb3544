"""The pages behind the links in our mails: GET shows what a link would do, POST does it.

A mail scanner that opens every link sees a page and changes nothing. The link itself is the
capability: who has it may use it, once, so there is no session to forge a request for. A POST is
answered once the broker has acknowledged it, and whatever is not a good link gets a page that gives
nothing away.
"""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qs

import structlog
from litestar import HttpMethod, MediaType, Request, Response, post, route
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from schemas.errors import SinkRefused, Temporary
from sinks.contracts import Publisher
from sinks.store.contract import Store
from streams.catchup import EVIDENCE_PATH
from streams.clock import Clock
from streams.settings import Settings
from streams.verify.paper import EVIDENCE, Page, done, question, refusal, render
from streams.verify.reply import LONGEST_COMMENT, Reply, outgoing
from streams.verify.tokens import Expired, Tampered, Token, check

log = structlog.get_logger()

PATH = "/r/{token:str}"
LARGEST_FORM_BYTES = 64 * 1024
READ_TIMEOUT_S = 30.0
PUBLISH_TIMEOUT_S = 10.0


def reply_routes(settings: Settings, store: Store | None = None) -> list[HTTPRouteHandler]:
    """The handlers of our pages; they find `publisher` and `clock` in the app's state.

    Args:
        settings: the secret that signed the links.
        store: tells whether a link has been used; without one every good link looks unused, and
            still has one effect.
    """
    secret = settings.reply_secret

    @route(PATH, http_method=[HttpMethod.GET, HttpMethod.HEAD], include_in_schema=False)
    async def show_reply(token: FromPath[str], state: State) -> Response[str]:
        """Show what the link would do; nothing happens."""
        said = _said(token, secret, state.clock)
        if isinstance(said, Page):
            return _answer(said)
        used = await asyncio.to_thread(_is_used, store, said.id)
        return _answer(done(said.action) if used else question(said.action))

    @post(PATH, status_code=200, include_in_schema=False, request_max_body_size=LARGEST_FORM_BYTES)
    async def use_reply(token: FromPath[str], request: Request[None, None, State]) -> Response[str]:
        """Do it: put the reply on its topic, and say thanks once the broker has it."""
        state = request.app.state
        said = _said(token, secret, state.clock)
        if isinstance(said, Page):
            return _answer(said)
        try:
            async with asyncio.timeout(READ_TIMEOUT_S):
                comment = _comment(await request.body())
        except HTTPException:
            return _answer(refusal(413))
        except TimeoutError:
            return _answer(refusal(408))
        reply = Reply(token=token, at=state.clock.now(), comment=comment)
        return _answer(await _publish(said, reply, state.publisher))

    return [show_reply, use_reply, show_evidence]


@route(EVIDENCE_PATH, http_method=[HttpMethod.GET, HttpMethod.HEAD], include_in_schema=False)
async def show_evidence() -> Response[str]:
    """Where the link on an issue leads: what its numbers are, and nothing of any customer."""
    return _answer(EVIDENCE)


def _said(text: str, secret: str, clock: Clock) -> Token | Page:
    try:
        return check(text, secret, clock.now())
    except Expired:
        return refusal(410)
    except Tampered:
        return refusal(400)


async def _publish(token: Token, reply: Reply, publisher: Publisher) -> Page:
    try:
        async with asyncio.timeout(PUBLISH_TIMEOUT_S):
            await publisher.publish([outgoing(token.id, reply)])
    except (Temporary, SinkRefused, TimeoutError) as error:
        log.warning("reply not taken", token=token.id, why=f"{type(error).__name__}: {error}")
        return refusal(503)
    return done(token.action)


def _is_used(store: Store | None, token_id: str) -> bool:
    if store is None:
        return False
    try:
        with store.transaction() as tx:
            return tx.loops.reply_used(token_id)
    except Temporary as error:
        log.warning("cannot see whether a link was used", why=str(error))
        return False


def _comment(body: bytes) -> str:
    """What was written into the form; empty where it is no form of ours."""
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=10)
    except ValueError:
        return ""
    return fields.get("comment", [""])[0].replace("\0", "").strip()[:LONGEST_COMMENT]


def _answer(page: Page) -> Response[str]:
    content, headers = render(page)
    return Response(content, media_type=MediaType.HTML, status_code=page.status, headers=headers)
