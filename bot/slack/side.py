"""All of Slack in one process: the wire, what is worked with, the door, the senders; started and stopped.

Slack may be away when the desk starts, and mail must not wait for it: connecting goes on in a thread until
it succeeds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import cache

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot import understanding as understandings
from bot.clock import ContestClock, real_now
from bot.desk import Desk
from bot.sender import Sender
from bot.settings import Settings
from bot.slack import app as listeners
from bot.slack import lookup
from bot.slack.client import API_URL, Access, SlackError, Wire
from bot.slack.deps import Deps
from bot.slack.inbox import Inbox
from bot.slack.limiter import PACE_S, Limiter
from bot.slack.posting import Outgoing
from bot.slack.relay import SlackRelay
from bot.slack.transport import PATH, LostPosts, SlackDoor, Watch
from bot.storage import Storage
from bot.understanding import Understanding
from faq import library
from faq.library import Library
from mailer.tables import Channel

log = structlog.get_logger(__name__)

#: Threads that post: while one waits for its turn in a channel, others write elsewhere.
HANDS = 4
AGAIN_AFTER = timedelta(seconds=5)
#: Much longer than a call may take; what is in flight for longer is looked for.
LEASE = timedelta(seconds=60)


class SlackSide:
    """What one process does in Slack."""

    def __init__(
        self,
        settings: Settings,
        storage: Storage,
        desk: Desk,
        clock: ContestClock,
        *,
        understanding: Callable[[], Understanding],
        listens: bool,
        sends: bool,
        poll: timedelta,
        may_send: Callable[[], bool] = lambda: True,
        wakes: tuple[Callable[[], None], ...] = (),
        pace_s: float = PACE_S,
        settled_after: timedelta = lookup.SETTLED_AFTER,
        lease: timedelta = LEASE,
        watch: Watch | None = None,
    ) -> None:
        """``wakes`` are called when payloads led to work for others of this process."""
        self._settings = settings
        self._storage = storage
        self._desk = desk
        self._clock = clock
        self._understanding = understanding
        self._listens = listens
        self._sends = sends
        self._poll = poll
        self._may_send = may_send
        self._wakes = wakes
        self._pace_s = pace_s
        self._settled_after = settled_after
        self._lease = lease
        self._watch = watch or Watch()
        self._stop = threading.Event()
        #: Set once Slack has let us in and everything runs.
        self.ready = threading.Event()
        self._thread = threading.Thread(target=self._connect, name="slack-start", daemon=True)
        self._wire: Wire | None = None
        self._door: SlackDoor | None = None
        self._sender: Sender | None = None
        self._lost: LostPosts | None = None
        self.deps: Deps | None = None

    def start(self) -> None:
        """Begin to connect; returns at once."""
        self._thread.start()

    def wake(self) -> None:
        """Something was written that Slack may have to be told."""
        if self._sender is not None:
            self._sender.wake()
        if self._door is not None:
            self._door.wake()

    def ask_to_stop(self) -> None:
        """Take nothing more; returns when the sockets have handed over what they had."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._door is not None:
            self._door.ask_to_stop()
        if self._sender is not None:
            self._sender.ask_to_stop()
        if self._lost is not None:
            self._lost.loop.ask_to_stop()

    def join(self, timeout: timedelta) -> bool:
        """Wait for what is in hand, then leave; False when something was still at work."""
        ended = True
        if self._door is not None:
            ended = self._door.join(timeout)
        if self._sender is not None:
            ended = self._sender.join(timeout) and ended
        if self._lost is not None:
            ended = self._lost.loop.join(timeout) and ended
        if self._wire is not None and ended:
            self._wire.close()
        return ended

    @property
    def wire(self) -> Wire:
        """The connection, once there is one. Raises SlackError before."""
        if self._wire is None:
            raise SlackError("not connected to Slack yet")
        return self._wire

    def route(self) -> Route | None:
        """The page of HTTP mode; None where sockets are used."""
        if not self._settings.slack_http:
            return None
        return Route(PATH, self._take_http, methods=["POST"])

    def _connect(self) -> None:
        while not self._stop.is_set():
            try:
                self._open()
            except SlackError as error:
                log.error("slack.not_connected", reason=str(error))
            except Exception:  # a fault at the start must not leave the desk without Slack for ever
                log.exception("slack.start_failed")
            else:
                self.ready.set()
                return
            self._stop.wait(AGAIN_AFTER.total_seconds())

    def _open(self) -> None:
        if self._wire is None:
            self._wire = Wire(access(self._settings))
        if self.deps is None:
            self.deps = self._make_deps(self._wire)
            listeners.subscribe(self.deps)
        if self._sends and self._sender is None:
            self._start_sending(self._wire, self.deps)
        if self._listens and self._door is None:
            door = SlackDoor(self.deps, self._wire, app_token=self._app_token(), watch=self._watch)
            door.start()
            self._door = door

    def _make_deps(self, wire: Wire) -> Deps:
        return Deps(
            storage=self._storage,
            desk=self._desk,
            clock=self._clock,
            settings=self._settings,
            client=wire.client,
            workspace=wire.workspace(),
            inbox=Inbox(self._storage, real_now=real_now),
            outgoing=Outgoing(),
            library=_laid(self._storage, self._settings),
            understanding=self._understanding,
            wakes=list(self._wakes),
        )

    def _start_sending(self, wire: Wire, deps: Deps) -> None:
        limiter = Limiter(pace_s=self._pace_s)
        relays = [
            SlackRelay(lambda: wire, self._storage, deps.outgoing, limiter, now=self._clock.now)
            for _ in range(HANDS)
        ]
        sender = Sender(
            self._storage,
            relays,
            self._desk,
            self._clock,
            poll=self._poll,
            may_send=self._may_send,
            channel=Channel.SLACK,
            # One at a time: a row that waits for its turn in one channel keeps none for another waiting.
            limit=1,
            lease=self._lease,
        )
        self._lost = LostPosts(deps, wire, poll=self._poll, settled_after=self._settled_after)
        deps.wakes.append(sender.wake)
        sender.start()
        self._lost.loop.start()
        self._sender = sender

    def _app_token(self) -> str:
        return "" if self._settings.slack_http else self._settings.slack_app_token.get_secret_value()

    async def _take_http(self, request: Request) -> Response:
        if self._door is None:
            return Response(status_code=503)
        return await self._door.take_http(request)


def access(settings: Settings) -> Access:
    """The workspace of these settings."""
    return Access(
        bot_token=settings.slack_bot_token.get_secret_value(),
        app_token=settings.slack_app_token.get_secret_value(),
        api_url=settings.slack_api_url or API_URL,
    )


def doctor(settings: Settings, needed: frozenset[str]) -> str:
    """Say in one line how we stand with Slack.

    Raises:
        SlackError: nobody lets us in, or the token lacks a scope that is used.
    """
    wire = Wire(access(settings))
    try:
        workspace = wire.workspace()
    finally:
        wire.close()
    missing = needed - set(workspace.scopes) if workspace.scopes else frozenset()
    if missing:
        raise SlackError(
            f"the bot token lacks {', '.join(sorted(missing))}: add them and install the app anew"
        )
    return f"workspace {workspace.team_id} as {workspace.bot_user_id}, {len(workspace.scopes)} scopes"


def _laid(storage: Storage, settings: Settings) -> Callable[[], Library]:
    """The library as it is now, kept until its version moves."""
    folder = settings.contest_dir
    files = cache(lambda: library.load(folder))
    kept: dict[int, Library] = {}

    def current() -> Library:
        with storage.read() as session:
            newest = understandings.version(session)
            if newest not in kept:
                laid = understandings.overlaid(files(), session)
                kept.clear()
                kept[newest] = laid
        return kept[newest]

    return current
