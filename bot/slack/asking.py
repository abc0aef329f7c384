"""Applicants speak: which messages are questions, and how they enter the desk's one inbox.

One listener serves direct messages, channels, threads and the agent's pane. A question becomes a row of
the inbox as a mail does, in the transaction that marks its payload done.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import aiohttp
import structlog
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from sqlalchemy.orm import Session

from bot import triage
from bot.clock import real_now
from bot.slack import heard, persons, wording
from bot.slack.deps import Deps
from bot.slack.inbox import Later, Stored
from bot.slack.keys import SPOKEN
from bot.slack.place import Place
from bot.slack.tables import SlackMessage
from bot.tables import HandledMail, InboundMail, Inquiry

log = structlog.get_logger(__name__)

#: An edit waits so long for the question itself to be handled.
PATIENCE = timedelta(minutes=10)
#: What the pane offers before anything was asked; four at most.
PROMPTS = (
    ("마감일 / Deadline", "마감일이 언제인가요?"),
    ("지원 자격 / Who may apply", "누가 지원할 수 있나요?"),
    ("제출 서류 / Documents", "어떤 서류를 제출해야 하나요?"),
    ("In English", "When is the deadline?"),
)


def subscribe(deps: Deps) -> None:
    """Take what people say."""
    for kind in ("event:message", "event:app_mention"):
        deps.inbox.on(kind, lambda session, stored: take(deps, session, stored))


def register(app: AsyncApp, deps: Deps) -> None:
    """What is shown at once: that we look for the answer, and what could be asked."""
    jobs: set[asyncio.Task[None]] = set()

    async def message(event: dict[str, Any]) -> None:
        if _asks_directly(deps, event):
            job = asyncio.create_task(_show_status(deps, event))  # no answer waits for it
            jobs.add(job)
            job.add_done_callback(jobs.discard)

    async def opened(event: dict[str, Any]) -> None:
        await _offer_prompts(deps, str(event.get("channel") or ""))

    app.event("message")(message)
    app.event("app_home_opened", matchers=[_is_messages_tab])(opened)


def take(deps: Deps, session: Session, stored: Stored) -> int | None:
    """Put a question into the inbox and return its number; None for what asks us nothing."""
    event = stored.body.get("event") or {}
    match event.get("subtype"):
        case "message_changed":
            _changed(deps, session, stored, event, event.get("message") or {}, deleted=False)
            return None
        case "message_deleted":
            _changed(deps, session, stored, event, event.get("previous_message") or {}, deleted=True)
            return None
    if not _is_for_us(deps, session, stored.team_id, event):
        return None
    shared = stored.body.get("is_ext_shared_channel") is True
    raw = heard.canonical(
        event, team=deps.workspace.team_id, bot_user=deps.workspace.bot_user_id, shared=shared
    )
    said = heard.said(raw)
    if not said.text and not said.files:
        return None
    address = persons.address(session, said)
    row = InboundMail(
        received_at=deps.clock.now(),
        door=heard.DOOR,
        envelope_sender=address,
        recipients=[],
        peer=said.place.channel,
        size_bytes=len(raw),
        sha256=hashlib.sha256(raw).hexdigest(),
        raw=raw,
    )
    session.add(row)
    session.flush()
    session.add(
        SlackMessage(
            team_id=said.place.team,
            channel=said.place.channel,
            ts=said.place.ts,
            thread_ts=said.place.thread_ts,
            user_id=said.user,
            inbound_id=row.id,
            taken_at=deps.clock.now(),
        )
    )
    return row.id


def _is_for_us(deps: Deps, session: Session, team: str, event: Mapping[str, Any]) -> bool:
    user, channel = event.get("user"), str(event.get("channel") or "")
    if event.get("subtype") not in SPOKEN or event.get("bot_id") or not isinstance(user, str):
        return False
    if user in (deps.workspace.bot_user_id, "USLACKBOT") or channel == deps.settings.slack_triage_channel:
        return False
    if event.get("channel_type") == "im" or channel.startswith("D"):
        return True
    if f"<@{deps.workspace.bot_user_id}" in str(event.get("text") or ""):
        return True
    thread = event.get("thread_ts")
    if thread is None or thread == event.get("ts"):
        return channel in deps.settings.slack_help_channel
    # In a thread only who began it is answered: others may talk there among themselves.
    began = session.get(SlackMessage, (team, channel, str(thread)))
    return began is not None and began.user_id == user


def _changed(
    deps: Deps,
    session: Session,
    stored: Stored,
    event: Mapping[str, Any],
    message: Mapping[str, Any],
    *,
    deleted: bool,
) -> None:
    """Write an edit or a deletion into the inquiry; nothing is answered again.

    Raises:
        Later: the question itself is not handled yet.
    """
    before = event.get("previous_message") or {}
    if not deleted and message.get("text") == before.get("text"):
        return  # Slack added a preview
    ts = str(message.get("ts") or event.get("deleted_ts") or "")
    asked = session.get(SlackMessage, (stored.team_id, str(event.get("channel")), ts))
    if asked is None:
        return
    mark = session.get(HandledMail, asked.inbound_id)
    if mark is None:
        if real_now() - stored.received_at < PATIENCE:
            raise Later
        return
    inquiry = session.get(Inquiry, mark.inquiry_id) if mark.inquiry_id else None
    if inquiry is None:
        return
    said = {} if deleted else {"text": _words(deps, message)}
    triage.record(
        session,
        inquiry,
        "deleted" if deleted else "edited",
        actor="applicant",
        now=deps.clock.now(),
        inbound=asked.inbound_id,
        **said,
    )


def _words(deps: Deps, message: Mapping[str, Any]) -> str:
    return heard.plain(str(message.get("text") or ""), bot_user=deps.workspace.bot_user_id)


def _asks_directly(deps: Deps, event: Mapping[str, Any]) -> bool:
    return bool(
        event.get("channel_type") == "im"
        and event.get("subtype") in SPOKEN
        and not event.get("bot_id")
        and event.get("user") != deps.workspace.bot_user_id
    )


async def _show_status(deps: Deps, event: Mapping[str, Any]) -> None:
    at = Place(
        team=deps.workspace.team_id,
        channel=str(event["channel"]),
        ts=str(event["ts"]),
        thread_ts=event.get("thread_ts"),
    )
    said = wording.both("looking")
    await _quietly(
        deps.client.assistant_threads_setStatus(channel_id=at.channel, thread_ts=at.root, status=said)
    )


async def _offer_prompts(deps: Deps, channel: str) -> None:
    if channel:
        prompts = [{"title": title, "message": message} for title, message in PROMPTS]
        await _quietly(
            deps.client.assistant_threads_setSuggestedPrompts(
                channel_id=channel, thread_ts=None, prompts=prompts
            )
        )


async def _quietly(call: Any) -> None:
    """Do what is only nice to have: where it is not allowed, or Slack is away, nothing is lost."""
    try:
        await call
    except (SlackApiError, aiohttp.ClientError, OSError, TimeoutError) as error:
        log.info("slack.nicety_failed", error=type(error).__name__)


async def _is_messages_tab(event: dict[str, Any]) -> bool:
    return event.get("tab") == "messages"
