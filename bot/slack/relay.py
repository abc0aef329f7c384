"""The edge where Slack's rows leave: a relay as for mail, over the kept client.

What matters most is the same as with SMTP: did the other side get it? A refused connection and a 429
are before the dot, an ``ok: false`` is an answer; a cut or late reply to a post is neither, and the row is
looked for by its key before anything is sent again (lookup.py). What may be repeated is just tried again.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from sqlalchemy import select

from bot.slack import lint, posting
from bot.slack.client import TIMEOUT, SlackError, Wire, code_of
from bot.slack.limiter import Limiter
from bot.slack.posting import Outgoing, Post, Posted
from bot.storage import Storage
from mailer.errors import RelayUnreachable
from mailer.relay import Deferred, Delivered, Outcome, Rejected, Unknown
from mailer.relay import Outgoing as Row
from mailer.tables import OutboxMail

log = structlog.get_logger(__name__)

#: A wait that Slack asks for is waited out here up to this; a longer one gives the turn to other rows.
WAITED_S = 3.0
#: When a row is tried again that nobody took because Slack could not be reached.
AWAY_AGAIN = timedelta(seconds=5)
#: When our token is not accepted, a person has to act.
TOKEN_AGAIN = timedelta(minutes=1)
#: Said of a row that had nothing to say any more when its turn came.
NOTHING = "nothing to say any more"

_POSTS = frozenset({posting.POST, "chat.postEphemeral"})
#: Our own trouble with the workspace, not the row's.
_TOKEN = frozenset(
    {
        "account_inactive",
        "invalid_auth",
        "missing_scope",
        "not_allowed_token_type",
        "not_authed",
        "token_expired",
        "token_revoked",
        "team_access_not_granted",
    }
)
#: Slack failed, and some of it may have happened.
_PERHAPS = frozenset(
    {"fatal_error", "internal_error", "request_timeout", "service_unavailable", "unknown_error"}
)
#: The call asks for what is so already.
_DONE_ALREADY = frozenset({"already_reacted", "no_reaction"})
_RATE = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """A row as its turn has come."""

    key: str
    inquiry: int | None
    post: Post | None


class SlackRelay:
    """Hands rows to Slack, one at a time; belongs to one sender thread, shares limiter and wire."""

    def __init__(
        self,
        wire: Callable[[], Wire],
        storage: Storage,
        outgoing: Outgoing,
        limiter: Limiter,
        *,
        now: Callable[[], datetime],
    ) -> None:
        """``wire`` is asked at the first row; ``now`` is contest time."""
        self._wire = wire
        self._storage = storage
        self._outgoing = outgoing
        self._limiter = limiter
        self._now = now
        self._stopping = threading.Event()

    def send(self, mail: Row) -> Outcome:
        """Hand one row over; see the module for what the outcomes mean."""
        written = self._written(mail)
        if written.post is None:
            return Delivered(reply=NOTHING)
        post = written.post
        wait = self._limiter.take(post.method, post.channel)
        if wait > WAITED_S:
            return Deferred(code=429, text=f"{post.method} is held", after=timedelta(seconds=wait))
        self._stopping.wait(wait)
        outcome, answer = self._call(post)
        if isinstance(outcome, Delivered) and post.method == posting.POST:
            self._note(written, answer)
        elif isinstance(outcome, Rejected):
            with self._storage.write.begin() as session:
                self._outgoing.tell_refused(session, written.key, outcome.text, now=self._now())
        return outcome

    def doctor(self) -> str:
        """Say in one line that Slack takes our token; raises RelayUnreachable with the reason."""
        try:
            workspace = self._wire().workspace()
        except SlackError as error:
            raise RelayUnreachable(str(error)) from error
        return f"Slack workspace {workspace.team_id}, as {workspace.bot_user_id}"

    def close(self) -> None:
        """Wait for no turn any more; the wire is closed by whoever opened it."""
        self._stopping.set()

    def _written(self, mail: Row) -> _Written:
        with self._storage.read() as session:
            row = session.execute(
                select(OutboxMail.key, OutboxMail.inquiry).where(OutboxMail.id == mail.id)
            ).one()
            post = self._outgoing.written(session, row.key, posting.decode(mail.body))
        if post is not None:
            lint.check(post.method, post.arguments)
            if post.method == posting.POST:
                kept = {"unfurl_links": False, "unfurl_media": False, "metadata": posting.metadata(row.key)}
                post = Post(method=post.method, arguments={**post.arguments, **kept})
        return _Written(key=row.key, inquiry=row.inquiry, post=post)

    def _call(self, post: Post) -> tuple[Outcome, dict[str, Any]]:
        try:
            wire = self._wire()
        except SlackError as error:
            return _away(str(error)), {}
        arguments = {name: value for name, value in post.arguments.items() if name != "may_ping"}
        asked = wire.submit(_ask(wire, post.method, arguments))
        try:
            answer = asked.result(TIMEOUT.total_seconds() + 1)
        except SlackApiError as error:
            return self._refused(post, error), {}
        except aiohttp.ClientConnectorError as error:  # nobody was there: nothing was handed over
            return _away(f"{type(error).__name__}: {error.os_error.strerror}"), {}
        except (aiohttp.ClientError, OSError, TimeoutError, concurrent.futures.TimeoutError) as error:
            asked.cancel()
            return self._lost(post, f"no reply to {post.method}: {type(error).__name__}"), {}
        except (concurrent.futures.CancelledError, asyncio.CancelledError):
            return self._lost(post, f"{post.method} was cut off by the end of the process"), {}
        return Delivered(reply=f"{answer.get('channel', '')} {answer.get('ts', '')}".strip() or "ok"), answer

    def _refused(self, post: Post, error: SlackApiError) -> Outcome:
        code, response = code_of(error), error.response
        status = int(getattr(response, "status_code", 0) or getattr(response, "status", 0) or 0)
        if code in _RATE or status == 429:
            return self._held(post, response)
        if code in _DONE_ALREADY:
            return Delivered(reply=code)
        if code in _TOKEN:
            log.error("slack.refuses_us", method=post.method, error=code)
            return Deferred(code=454, text=code, after=TOKEN_AGAIN)
        if code in _PERHAPS or status >= 500:
            return self._lost(post, f"{post.method}: {status} {code}")
        return Rejected(code=550, text=code)

    def _held(self, post: Post, response: Any) -> Deferred:
        try:
            seconds = float(response.headers.get("Retry-After", 1))
        except (AttributeError, ValueError):
            seconds = 1.0
        self._limiter.hold(post.method, seconds)
        log.warning("slack.rate_limited", method=post.method, seconds=seconds)
        return Deferred(code=429, text=f"{post.method}: wait {seconds:g} s", after=timedelta(seconds=seconds))

    def _lost(self, post: Post, cause: str) -> Outcome:
        """A post may be out; anything else may simply be said again."""
        if post.method == posting.POST:
            return Unknown(cause=cause)
        if post.method in _POSTS:  # an ephemeral is gone at the next reload and nobody can look for it
            return Rejected(code=554, text=f"{cause}; it cannot be looked for and is not repeated")
        return Deferred(code=451, text=cause, after=AWAY_AGAIN)

    def _note(self, written: _Written, answer: dict[str, Any]) -> None:
        posted = Posted(channel=str(answer.get("channel", "")), ts=str(answer.get("ts", "")))
        team = str((answer.get("message") or {}).get("team") or "")
        with self._storage.write.begin() as session:
            self._outgoing.note(
                session, written.key, posted, team=team, inquiry=written.inquiry, now=self._now()
            )


def _away(why: str) -> Deferred:
    # Nothing was learnt about the row; the others wait with it until a probe gets through (trouble.py).
    return Deferred(code=None, text=f"Slack was not reached: {why}", after=timedelta(seconds=1))


async def _ask(wire: Wire, method: str, arguments: dict[str, Any]) -> dict[str, Any]:
    answer = await wire.bare.api_call(method, json=arguments)
    data = answer.data
    return data if isinstance(data, dict) else {}
