"""The only place where a client of Slack's Web API is made, and the loop that it lives in."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

log = structlog.get_logger(__name__)

T = TypeVar("T")

API_URL = "https://slack.com/api/"
#: For one call; a reply that comes later is a lost one.
TIMEOUT = timedelta(seconds=10)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
#: An app-level token names its app.
_APP_TOKEN = re.compile(r"xapp-\d+-(A[A-Z0-9]+)-")


class SlackError(Exception):
    """Slack cannot be used; the message says what to mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Which workspace, by which token, at which address."""

    bot_token: str
    app_token: str = ""
    api_url: str = API_URL


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """Who we are in Slack, as auth.test says."""

    team_id: str
    bot_user_id: str
    bot_id: str
    #: '' where nothing tells it; then events of any app of this workspace are taken.
    app_id: str
    #: Of the token; empty where Slack does not say.
    scopes: tuple[str, ...] = ()


class Wire:
    """A thread with an event loop, one HTTP session kept open in it, and the client that uses both.

    Senders call it from their own threads; the doors run in its loop.
    """

    def __init__(self, access: Access) -> None:
        self.access = access
        #: Posts; tries once.
        self.bare: AsyncWebClient
        #: Reads and opens views; waits where Slack says so.
        self.client: AsyncWebClient
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="slack", daemon=True)
        self._thread.start()
        try:
            self.session = self.wait(self._open())
        except BaseException:
            self.close()
            raise

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop, for those who run in it."""
        return self._loop

    def submit(self, task: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine in the loop, from any other thread."""
        return asyncio.run_coroutine_threadsafe(task, self._loop)

    def wait(self, task: Coroutine[Any, Any, T], timeout: timedelta | None = None) -> T:
        """Run a coroutine in the loop and wait for what it returns."""
        return self.submit(task).result(timeout.total_seconds() if timeout else None)

    def workspace(self) -> Workspace:
        """Ask Slack who we are.

        Raises:
            SlackError: the token is not accepted, or nobody answers.
        """
        return self.wait(whoami(self.client, self.access))

    def close(self) -> None:
        """Close the session, end the loop."""
        if self._loop.is_closed():
            return
        if hasattr(self, "session"):
            self.wait(self.session.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _open(self) -> aiohttp.ClientSession:
        # trust_env stays off: the proxy is the client's own setting, and loopback has none.
        session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=TIMEOUT.total_seconds()),
            connector=aiohttp.TCPConnector(limit=32, keepalive_timeout=60),
        )
        self.bare, self.client = make(self.access, session), patient(self.access, session)
        return session

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()


def make(access: Access, session: aiohttp.ClientSession) -> AsyncWebClient:
    """A client over a kept session that retries nothing by itself.

    The library's own retry after a cut connection posts a message twice when only the reply was lost;
    what was not answered is looked for instead (lookup.py). Rate limits are the relay's business.
    """
    client = AsyncWebClient(
        access.bot_token,
        base_url=access.api_url,
        session=session,
        retry_handlers=[],
        timeout=int(TIMEOUT.total_seconds()),
    )
    if is_loopback(access.api_url):
        client.proxy = None  # the library takes HTTP(S)_PROXY and does not know NO_PROXY
    return client


def patient(access: Access, session: aiohttp.ClientSession) -> AsyncWebClient:
    """A client for reads and views, which waits and asks again where Slack says that it is too fast."""
    client = make(access, session)
    client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=2))
    return client


def is_loopback(url: str) -> bool:
    """True for an address on this machine."""
    return urlsplit(url).hostname in _LOOPBACK


async def whoami(client: AsyncWebClient, access: Access) -> Workspace:
    """Ask auth.test, and where the app-level token does not name the app, bots.info.

    Raises:
        SlackError: the token is not accepted, or nobody answers.
    """
    try:
        me = await client.auth_test()
        named = _APP_TOKEN.match(access.app_token)
        app_id = named[1] if named else await _app_id(client, str(me.get("bot_id") or ""))
    except SlackApiError as error:
        raise SlackError(f"Slack does not accept CONTESTDESK_SLACK_BOT_TOKEN: {code_of(error)}") from error
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise SlackError(f"Slack cannot be reached at {access.api_url}: {type(error).__name__}") from error
    scopes = str(me.headers.get("x-oauth-scopes") or me.headers.get("X-OAuth-Scopes") or "")
    return Workspace(
        team_id=str(me["team_id"]),
        bot_user_id=str(me["user_id"]),
        bot_id=str(me.get("bot_id") or ""),
        app_id=app_id,
        scopes=tuple(scope.strip() for scope in scopes.split(",") if scope.strip()),
    )


async def _app_id(client: AsyncWebClient, bot_id: str) -> str:
    try:
        found = await client.bots_info(bot=bot_id)
    except SlackApiError:
        log.warning("slack.app_unknown")
        return ""
    return str((found.get("bot") or {}).get("app_id") or "")


def code_of(error: SlackApiError) -> str:
    """Slack's own word for what went wrong, such as channel_not_found."""
    response: Any = error.response
    try:
        return str(response.get("error") or "unknown_error")
    except AttributeError:  # not JSON: the library hands over what it got
        return "unknown_error"
