"""Rows whose outcome nobody knows: looked for in Slack by the key that each message of ours carries.

For mail a person decides; Slack can be asked. Found, the row is sent; not found a while after the try, it
is queued once more.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import select

from bot.slack import posting
from bot.slack.client import SlackError, Wire, code_of
from bot.slack.posting import Outgoing, Posted
from bot.storage import Storage
from mailer import outbox, postings, sending
from mailer.tables import Attempt, MailState, OutboxMail

log = structlog.get_logger(__name__)

#: A request that was cut may still be worked on: not found is believed only so long after the try.
SETTLED_AFTER = timedelta(seconds=5)
#: Our clock and Slack's may differ by this; messages are looked for from so long before the try.
SKEW = timedelta(minutes=2)
#: Rows looked for in one round.
ROUND = 20
_PAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lost:
    id: int
    key: str
    inquiry: int | None
    post: posting.Post
    #: Real time.
    tried_at: datetime
    ended_at: datetime


def settle(
    storage: Storage,
    wire: Wire,
    outgoing: Outgoing,
    *,
    now: datetime,
    real_now: datetime,
    settled_after: timedelta = SETTLED_AFTER,
) -> int:
    """Look for what is unknown and settle it; returns how many rows were settled either way."""
    done = 0
    for lost in _lost(storage):
        try:
            found = wire.wait(_find(wire.client, lost), timedelta(minutes=1))
        except (SlackApiError, SlackError, aiohttp.ClientError, OSError, TimeoutError) as error:
            said = code_of(error) if isinstance(error, SlackApiError) else type(error).__name__
            log.warning("slack.lookup_failed", mail=lost.id, error=said)
            continue
        if found is None and real_now - lost.ended_at < settled_after:
            continue
        done += _record(storage, outgoing, lost, found, now=now)
    return done


def _lost(storage: Storage) -> list[_Lost]:
    with storage.read() as session:
        rows = postings.lost(session, limit=ROUND)
        found = []
        for row in rows:
            tries = outbox.tries(session, row.id)
            last = tries[-1] if tries else None
            body = session.scalar(select(OutboxMail.body).where(OutboxMail.id == row.id)) or b"{}"
            found.append(
                _Lost(
                    id=row.id,
                    key=row.key,
                    inquiry=row.inquiry,
                    post=posting.decode(body),
                    tried_at=_first(tries) or row.created_at,
                    ended_at=(last.ended_at or last.started_at) if last else row.created_at,
                )
            )
        return found


def _first(tries: Any) -> datetime | None:
    """When it was first tried: an earlier try may be the one that went through."""
    started: list[Attempt] = list(tries)
    return started[0].started_at if started else None


async def _find(client: AsyncWebClient, lost: _Lost) -> Posted | None:
    arguments = lost.post.arguments
    channel = await _channel(client, str(arguments["channel"]))
    thread = arguments.get("thread_ts")
    messages = _replies(client, channel, str(thread), lost) if thread else _history(client, channel, lost)
    async for message in messages:
        if posting.key_of(message) == lost.key:
            return Posted(channel=channel, ts=str(message["ts"]))
    return None


async def _channel(client: AsyncWebClient, channel: str) -> str:
    if not channel.startswith(("U", "W")):
        return channel
    # To a user id Slack posts in his conversation with us, which has an id of its own.
    opened = await client.conversations_open(users=channel)
    return str(opened["channel"]["id"])


async def _replies(
    client: AsyncWebClient, channel: str, thread: str, lost: _Lost
) -> AsyncIterator[dict[str, Any]]:
    cursor: str | None = None
    while True:
        page = await client.conversations_replies(
            channel=channel, ts=thread, include_all_metadata=True, limit=_PAGE, cursor=cursor
        )
        for message in page.get("messages") or []:
            yield message
        cursor = (page.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            return


async def _history(client: AsyncWebClient, channel: str, lost: _Lost) -> AsyncIterator[dict[str, Any]]:
    oldest = f"{(lost.tried_at - SKEW).timestamp():.6f}"
    cursor: str | None = None
    while True:
        page = await client.conversations_history(
            channel=channel, oldest=oldest, include_all_metadata=True, limit=_PAGE, cursor=cursor
        )
        for message in page.get("messages") or []:
            yield message
        cursor = (page.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            return


def _record(
    storage: Storage, outgoing: Outgoing, lost: _Lost, found: Posted | None, *, now: datetime
) -> bool:
    with storage.write.begin() as session:
        if found is None:
            done = postings.send_again(session, lost.id)
        else:
            evidence = f"found in {found.channel} at {found.ts}"
            done = sending.settle(session, lost.id, MailState.SENT, evidence, now=now)
            outgoing.note(session, lost.key, found, team="", inquiry=lost.inquiry, now=now)
    log.info("slack.lookup_settled", mail=lost.id, found=found is not None, done=done)
    return done
