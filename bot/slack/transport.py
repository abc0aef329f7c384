"""The Slack door: two sockets or HTTP into the same listeners, watched, and drained when it closes."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp
import structlog
from aiohttp import WSMessage
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.adapter.starlette.async_handler import to_async_bolt_request, to_starlette_response
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from starlette.requests import Request
from starlette.responses import Response

from bot.clock import real_now
from bot.loop import POLL, Loop
from bot.slack import app as listeners
from bot.slack import inbox, lookup
from bot.slack.client import Wire, is_loopback
from bot.slack.deps import Deps

log = structlog.get_logger(__name__)

#: One can be refreshed by Slack while the other one listens.
SOCKETS = 2
#: The library sends a ping this often, and takes four that stay unanswered for the end.
PING_S = 5.0
#: Nothing heard on a socket for so long, and it is built anew; again as long, and the process ends for
#: its supervisor to start it afresh.
SILENT_S = 60.0
WATCH_EVERY_S = 5.0
#: How long a start waits for the sockets.
CONNECT_S = 10.0
#: Payloads whose listeners are at work when the door closes.
DRAIN = timedelta(seconds=6)
#: Longest acceptance of a payload over HTTP.
HTTP_PATIENCE = timedelta(seconds=30)
FORGET_EVERY = timedelta(hours=6)
PATH = "/slack/events"


def end_process() -> None:
    """End as the supervisor would ask for: what is in hand is finished on the way out."""
    os.kill(os.getpid(), signal.SIGTERM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How the sockets are watched."""

    silent_s: float = SILENT_S
    ping_s: float = PING_S
    #: Called when no socket hears anything although Slack is there.
    give_up: Callable[[], None] = end_process


class SlackDoor:
    """Takes what Slack sends, until it is told to stop."""

    def __init__(
        self,
        deps: Deps,
        wire: Wire,
        *,
        app_token: str,
        watch: Watch,
    ) -> None:
        """Without an ``app_token`` no socket is opened: payloads come by HTTP (``route``)."""
        self._deps = deps
        self._wire = wire
        self._app_token = app_token
        self.watch = watch
        self._sockets: list[_Socket] = []
        self._watching: asyncio.Task[None] | None = None
        self._app: AsyncApp | None = None
        self._in_hand = 0
        self._closing = False
        self._loop = Loop("slack-inbox", self._work_off, poll=POLL)
        self._forgotten_at = 0.0
        deps.loops.append(self._loop)

    def start(self) -> None:
        """Connect, and begin to work off what is stored."""
        for loop in self._deps.loops:
            loop.start()
        self._wire.wait(self._open())
        log.info("slack.opened", sockets=len(self._sockets))

    def ask_to_stop(self) -> None:
        """Take nothing more: sockets are closed first, what they have handed over is finished."""
        self._closing = True
        self._wire.wait(self._close_sockets(), DRAIN + timedelta(seconds=2))
        for loop in self._deps.loops:
            loop.ask_to_stop()

    def join(self, timeout: timedelta) -> bool:
        """Wait for the end of what is in hand; False when it did not come in time."""
        deadline = time.monotonic() + timeout.total_seconds()
        return all(
            loop.join(timedelta(seconds=max(0.1, deadline - time.monotonic()))) for loop in self._deps.loops
        )

    def wake(self) -> None:
        """Something was stored or handled: look now."""
        for loop in self._deps.loops:
            loop.wake()

    async def _open(self) -> None:
        self._app = listeners.build_app(self._deps)
        if not self._app_token:
            return
        self._sockets = [_Socket(self._app, self._app_token, self) for _ in range(SOCKETS)]
        for socket in self._sockets:
            socket.connecting = asyncio.create_task(socket.connect())
        # While Slack is away they go on trying by themselves; what is stored is worked off meanwhile.
        await asyncio.wait(
            [socket.connecting for socket in self._sockets if socket.connecting], timeout=CONNECT_S
        )
        self._watching = asyncio.create_task(self._watch())

    async def _close_sockets(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
        for socket in self._sockets:
            await socket.stop_taking()
        deadline = time.monotonic() + DRAIN.total_seconds()
        while self._in_hand and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        for socket in self._sockets:
            await socket.close()

    async def _watch(self) -> None:
        """Build a silent socket anew; end the process when that does not help either (slack.md §8.9)."""
        while True:
            await asyncio.sleep(min(WATCH_EVERY_S, self.watch.silent_s / 4))
            for number, socket in enumerate(self._sockets):
                if socket.silent_s() < self.watch.silent_s:
                    continue
                if socket.rebuilt and await self._only_we_are_deaf():
                    log.error("slack.silent", seconds=int(socket.silent_s()))
                    self.watch.give_up()
                    return
                log.warning("slack.socket_rebuilt", socket=number)
                await self._rebuild(number)

    async def _only_we_are_deaf(self) -> bool:
        """True when no socket hears anything although Slack answers: a new process may do better.

        While Slack itself is away ending would help nobody, and mail needs this process.
        """
        if any(socket.silent_s() < self.watch.silent_s for socket in self._sockets):
            return False
        try:
            await self._deps.client.auth_test()
        except (SlackApiError, aiohttp.ClientError, OSError, TimeoutError):
            return False
        return True

    async def _rebuild(self, number: int) -> None:
        assert self._app is not None  # built before anything is watched
        fresh = _Socket(self._app, self._app_token, self, rebuilt=True)
        old, self._sockets[number] = self._sockets[number], fresh
        await old.close()
        # Not waited for: while Slack is away it goes on trying by itself.
        fresh.connecting = asyncio.create_task(fresh.connect())

    async def take(self, run: Any) -> Any:
        """Count what is in hand while ``run`` is awaited."""
        self._in_hand += 1
        try:
            return await run
        finally:
            self._in_hand -= 1

    async def take_http(self, request: Request) -> Response:
        """Take one payload of HTTP mode; bolt checks the signature and its age."""
        if self._app is None or self._closing:
            return Response(status_code=503)
        body = await request.body()
        # The page is served from a thread of its own; the app lives in the wire's loop.
        dispatched = self._wire.submit(
            self.take(self._app.async_dispatch(to_async_bolt_request(request, body)))
        )
        answer = await asyncio.wait_for(asyncio.wrap_future(dispatched), HTTP_PATIENCE.total_seconds())
        return to_starlette_response(answer)

    def _work_off(self) -> None:
        if self._deps.inbox.work_off(self._loop.stopping):
            self._deps.wake_others(self._loop)
        now = time.monotonic()
        if now - self._forgotten_at > FORGET_EVERY.total_seconds():
            self._forgotten_at = now
            self._deps.inbox.forget(before=real_now() - inbox.KEEP)


class LostPosts:
    """Looks for posts whose reply was lost, in a thread of its own."""

    def __init__(
        self,
        deps: Deps,
        wire: Wire,
        *,
        poll: timedelta = POLL,
        settled_after: timedelta = lookup.SETTLED_AFTER,
    ) -> None:
        self._deps = deps
        self._wire = wire
        self._settled_after = settled_after
        self.loop = Loop("slack-lookup", self._work_off, poll=poll)

    def _work_off(self) -> None:
        settled = lookup.settle(
            self._deps.storage,
            self._wire,
            self._deps.outgoing,
            now=self._deps.clock.now(),
            real_now=real_now(),
            settled_after=self._settled_after,
        )
        if settled:
            self._deps.wake()


class _Socket:
    """One Socket Mode connection and when it was last heard."""

    def __init__(self, app: AsyncApp, app_token: str, door: SlackDoor, *, rebuilt: bool = False) -> None:
        self.rebuilt = rebuilt
        self.connecting: asyncio.Task[None] | None = None
        self._door = door
        self._handler = AsyncSocketModeHandler(app, app_token, ping_interval=door.watch.ping_s)
        if is_loopback(app.client.base_url):
            self._handler.client.proxy = None  # taken from the environment, which knows no exception here
        self._heard_at = time.monotonic()
        self._handle = self._handler.handle
        # Its own methods carry no types.
        self._client: Any = self._handler.client
        self._client.socket_mode_request_listeners[:] = [self._take]
        self._client.on_message_listeners.append(self._hear)

    async def connect(self) -> None:
        await self._client.connect()
        self._heard_at = time.monotonic()

    async def stop_taking(self) -> None:
        """No new payload is begun; the connection stays for the answers to those in hand."""
        self._handler.client.socket_mode_request_listeners.clear()

    async def close(self) -> None:
        if self.connecting is not None:
            self.connecting.cancel()
        await self._client.close()

    def silent_s(self) -> float:
        """Seconds since anything was heard: a payload, hello, or a pong."""
        pong = self._handler.client.last_ping_pong_time
        heard = time.monotonic() - self._heard_at
        return min(heard, max(0.0, time.time() - pong)) if pong and not self._is_cut() else heard

    def _is_cut(self) -> bool:
        session = self._handler.client.current_session
        return session is None or session.closed

    async def _take(self, client: Any, request: Any) -> None:
        await self._door.take(self._handle(client, request))

    async def _hear(self, _message: WSMessage) -> None:
        self._heard_at = time.monotonic()
