"""One Slack app of listeners, built from what it works with; the same for sockets and for HTTP."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError

from bot.slack import asking, keys, lifecycle, linking, opinions, triage_listeners, wording
from bot.slack.deps import Deps
from bot.slack.inbox import Seen
from bot.slack.keys import Named

log = structlog.get_logger(__name__)

Next = Callable[[], Awaitable[BoltResponse]]
_ANY = re.compile(".*", re.DOTALL)


def subscribe(deps: Deps) -> None:
    """Say who acts on what, wherever payloads are worked off: handlers, callbacks, loops."""
    asking.subscribe(deps)
    opinions.subscribe(deps)
    linking.subscribe(deps)
    lifecycle.subscribe(deps)
    triage_listeners.subscribe(deps)


def build_app(deps: Deps) -> AsyncApp:
    """The app, with all its listeners; to be called within a running loop.

    Bolt's own settings come from the environment where they are not given, so all of them are given.
    """
    app = AsyncApp(
        name="contest-desk",
        # Its warnings are about what we count ourselves, and they show whole payloads.
        logger=_quiet_logger(),
        signing_secret=deps.settings.slack_signing_secret.get_secret_value(),
        client=deps.client,
        # Before anything that could answer in our place: what is acknowledged is stored.
        before_authorize=_keeper(deps),
        # A payload over sockets is not signed; over HTTP without a secret nothing is accepted.
        request_verification_enabled=True,
    )
    asking.register(app, deps)
    opinions.register(app, deps)
    linking.register(app, deps)
    triage_listeners.register(app, deps)
    _catch_all(app, deps)
    app.error(_teller(deps))
    return app


def _keeper(deps: Deps) -> Callable[..., Awaitable[BoltResponse | None]]:
    """The middleware that commits each payload before anybody can acknowledge it."""

    async def keep(
        body: dict[str, Any], req: AsyncBoltRequest, context: AsyncBoltContext, next_: Next
    ) -> BoltResponse | None:
        named = keys.name(body)
        if named is None:
            return await next_()
        foreign = _foreign(deps, named, body)
        if foreign:
            log.warning("slack.foreign", what=foreign)
            await deps.inbox.count(foreign)
            # Acknowledged, as it would only be sent again; nothing is kept and nothing happens.
            return BoltResponse(status=200, body="")
        if _is_our_own(deps, body):
            return BoltResponse(status=200, body="")
        seen, stored = await deps.inbox.store(
            named,
            body,
            retry_num=_number(req, "x-slack-retry-num"),
            retry_reason=_word(req, "x-slack-retry-reason"),
        )
        if seen is Seen.BEFORE:
            return BoltResponse(status=200, body="")
        context["stored"] = stored
        if named.kind.startswith("event:"):
            deps.wake()
        return await next_()

    return keep


def _foreign(deps: Deps, named: Named, body: dict[str, Any]) -> str:
    """Name what is not ours about a payload; '' when all is."""
    ours = deps.workspace
    if ours.app_id and named.app_id and named.app_id != ours.app_id:
        return "foreign_app"
    if named.team_id == ours.team_id:
        return ""
    # In a shared channel the outer team may be the other one's; then our installation is named beside it.
    shared = body.get("is_ext_shared_channel") is True
    granted = {one.get("team_id") for one in body.get("authorizations") or []}
    return "" if shared and ours.team_id in granted else "foreign_team"


def _is_our_own(deps: Deps, body: dict[str, Any]) -> bool:
    event = body.get("event") or {}
    inner = event.get("message") or event
    return bool(
        event.get("type") == "message"
        and (inner.get("user") == deps.workspace.bot_user_id or inner.get("bot_id") == deps.workspace.bot_id)
    )


def _catch_all(app: AsyncApp, deps: Deps) -> None:
    """What nobody listens to is acknowledged and counted: without an answer Slack would send it again."""

    async def event(body: dict[str, Any]) -> None:
        if not deps.inbox.handles(f"event:{(body.get('event') or {}).get('type')}"):
            await deps.inbox.count("unhandled")

    async def interaction(ack: AsyncAck, context: AsyncBoltContext) -> None:
        await ack()
        await deps.inbox.count("unhandled")
        stored = context.get("stored")
        if stored is not None and deps.inbox.handles(stored.kind):
            await deps.inbox.settle(stored)

    async def command(ack: AsyncAck) -> None:
        await ack(text=wording.both("unknown_command"))
        await deps.inbox.count("unhandled")

    app.event(_ANY)(event)
    app.action(_ANY)(interaction)
    app.view(_ANY)(interaction)
    app.view_closed(_ANY)(interaction)
    app.shortcut(_ANY)(interaction)
    app.command(_ANY)(command)
    app.options(_ANY)(_no_options)


async def _no_options(ack: AsyncAck) -> None:
    await ack(options=[])


def _teller(deps: Deps) -> Callable[..., Awaitable[BoltResponse | None]]:
    """What a person sees when a listener failed: a number that the log knows, in both languages."""

    async def tell(error: Exception, body: dict[str, Any], context: AsyncBoltContext) -> BoltResponse | None:
        if isinstance(error, BoltUnhandledRequestError):
            return BoltResponse(status=200, body="")
        number = uuid.uuid4().hex[:12]
        log.error("slack.listener_failed", number=number, exc_info=error)
        said = wording.both("failed", number=number)
        if body.get("type") == "view_submission":
            return BoltResponse(status=200, body={"response_action": "update", "view": _error_view(said)})
        user, channel = context.user_id, context.channel_id
        if body.get("type") != "event_callback" and user and channel:
            try:
                await deps.client.chat_postEphemeral(channel=channel, user=user, text=said)
            except SlackApiError:
                log.warning("slack.error_untold", number=number)
        return None

    return tell


def _error_view(said: str) -> dict[str, Any]:
    text = {"type": "plain_text", "text": said}
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": "오류 Error"},
        "blocks": [{"type": "section", "text": text}],
    }


def _number(req: AsyncBoltRequest, header: str) -> int | None:
    word = _word(req, header)
    return int(word) if word and word.isdecimal() else None


def _word(req: AsyncBoltRequest, header: str) -> str | None:
    values = req.headers.get(header)
    return str(values[0])[:64] if values else None


def _quiet_logger() -> logging.Logger:
    logger = logging.getLogger("contestdesk.bolt")
    logger.setLevel(logging.ERROR)
    return logger
