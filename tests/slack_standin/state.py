"""People, channels, messages and views of one workspace, and its clock."""

import asyncio
import heapq
import itertools
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.slack_standin.faults import Faults
from tests.slack_standin.ids import Ids, Stamps
from tests.slack_standin.rates import Rates

#: A message, view or event, in Slack's own shape.
Payload = dict[str, Any]

#: What is remembered of calls and deliveries; older ones are forgotten.
REMEMBERED = 20_000
TRIGGER_SECONDS = 3.0
RESPONSE_URL_SECONDS = 30 * 60.0
RESPONSE_URL_USES = 5


@dataclass(slots=True, kw_only=True)
class User:
    """Somebody in the workspace."""

    id: str
    name: str
    team_id: str
    locale: str
    #: None where Slack shows the app none, as for strangers.
    email: str | None
    is_bot: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    deleted: bool = False


@dataclass(slots=True, kw_only=True)
class Channel:
    """A place for messages."""

    id: str
    name: str
    #: public, private, shared or im.
    kind: str
    members: list[str] = field(default_factory=list)
    #: Every message, answers in threads too, by time stamp, oldest first.
    messages: dict[str, Payload] = field(default_factory=dict)

    @property
    def is_private(self) -> bool:
        return self.kind in {"private", "im"}

    def top_level(self) -> list[Payload]:
        """What stands in the channel itself."""
        return [one for one in self.messages.values() if one.get("thread_ts", one["ts"]) == one["ts"]]

    def thread(self, ts: str) -> list[Payload]:
        """A message and what was answered below it; empty when it never stood here."""
        return [one for one in self.messages.values() if one["ts"] == ts or one.get("thread_ts") == ts]


@dataclass(slots=True, kw_only=True)
class Ephemeral:
    """A message that one person sees until the page is loaded again."""

    user: str
    channel: str
    message: Payload


@dataclass(slots=True, kw_only=True)
class OpenView:
    """A modal on somebody's screen, or somebody's Home."""

    user: str
    view: Payload
    #: What was typed or chosen so far: block id → action id → value, as in view.state.
    values: dict[str, dict[str, Payload]] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class StoredFile:
    """A file, and what Slack says of it."""

    about: Payload
    content: bytes
    ready: bool = True


@dataclass(slots=True, kw_only=True)
class Call:
    """One call of the Web API."""

    method: str
    args: Payload
    #: 0 when the connection was cut.
    status: int = 0
    error: str | None = None
    at: float = 0.0


@dataclass(slots=True, kw_only=True)
class Trigger:
    """The right to open a view, for three seconds, once."""

    user: str
    expires_at: float
    used: bool = False


@dataclass(slots=True, kw_only=True)
class ResponseUrl:
    """The right to answer where somebody clicked, five times within half an hour."""

    user: str
    channel: str
    #: The message that was clicked at; None after a command.
    ts: str | None
    thread_ts: str | None
    expires_at: float
    uses: int = 0


class Clock:
    """The workspace's time: real time, and what a test put on top of it; wakes what becomes due."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time() + self.ahead

    def call_at(self, when: float, what: Callable[[], None]) -> None:
        """Do something once the clock shows `when`."""
        entry = (when, next(self._order), what)
        heapq.heappush(self._due, entry)
        if self._due[0] is entry:
            self._set()

    def advance(self, seconds: float) -> None:
        """Let the time pass at once."""
        self.ahead += seconds
        self._fire()

    def stop(self) -> None:
        """Forget what was to come."""
        self._due.clear()
        if self._timer:
            self._timer.cancel()

    def _fire(self) -> None:
        while self._due and self._due[0][0] <= self.now():
            heapq.heappop(self._due)[2]()
        self._set()

    def _set(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._due:
            wait = max(0.0, self._due[0][0] - self.now())
            self._timer = asyncio.get_running_loop().call_later(wait, self._fire)


class Changes:
    """Counts what changed, and wakes who waits for the next change."""

    def __init__(self) -> None:
        self.count = 0
        self._waiting: list[asyncio.Future[None]] = []

    def touch(self) -> None:
        """Something changed."""
        self.count += 1
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            if not one.done():
                one.set_result(None)

    async def after(self, seen: int, timeout: float) -> int:
        """Return the count as soon as it is above `seen`, or after `timeout` seconds."""
        if self.count <= seen:
            future = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            await asyncio.wait([future], timeout=timeout)
            # Who stopped waiting must not be kept.
            if future in self._waiting:
                self._waiting.remove(future)
        return self.count


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """What the app was granted; None where everything is."""

    scopes: frozenset[str] | None
    events: frozenset[str] | None


class Workspace:
    """One workspace with one installed app."""

    def __init__(self, name: str, ids: Ids, url: str, installed: Installed) -> None:
        self.name = name
        self.url = url
        self.ids = ids
        self.installed = installed
        self.clock = Clock()
        self.stamps = Stamps()
        self.changes = Changes()
        self.faults = Faults()
        self.rates = Rates()
        self.team_id = ids.new("T", name)
        self.app_id = ids.new("A", name)
        self.bot_id = ids.new("B", name)
        self.bot_token = f"xoxb-{self.team_id}-standin"
        self.app_token = f"xapp-1-{self.app_id}-standin"
        self.signing_secret = f"secret-{self.team_id}"
        self.revoked = False
        #: False while no byte goes in or out.
        self.network = True
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.groups: dict[str, Payload] = {}
        self.files: dict[str, StoredFile] = {}
        self.ephemerals: list[Ephemeral] = []
        self.homes: dict[str, OpenView] = {}
        #: Modals of each person, the one on top last.
        self.stacks: dict[str, list[OpenView]] = {}
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self.scheduled: dict[str, Payload] = {}
        #: (channel, thread) → what the app says it is doing.
        self.statuses: dict[tuple[str, str], str] = {}
        self.prompts: dict[str, list[Payload]] = {}
        self.calls: deque[Call] = deque(maxlen=REMEMBERED)
        self.bot_user_id = self.add_user("contest-desk", is_bot=True).id

    def add_user(self, name: str, *, locale: str = "ko-KR", email: str | None = None, **flags: bool) -> User:
        """Let somebody join; a stranger belongs to another team and shows no address."""
        stranger = flags.get("is_stranger", False)
        user = User(
            id=self.ids.new("U", name),
            name=name,
            team_id=self.ids.new("T", "other") if stranger else self.team_id,
            locale=locale,
            email=None if stranger or flags.get("is_bot") else email or f"{name}@example.org",
            **flags,
        )
        self.users[user.id] = user
        self.changes.touch()
        return user

    def add_channel(self, name: str, kind: str, members: Iterable[str]) -> Channel:
        """Make a place for messages."""
        channel = Channel(
            id=self.ids.new("D" if kind == "im" else "C", name), name=name, kind=kind, members=list(members)
        )
        self.channels[channel.id] = channel
        self.changes.touch()
        return channel

    def im(self, user: str) -> Channel:
        """The place where somebody and the app are alone."""
        for channel in self.channels.values():
            if channel.kind == "im" and user in channel.members:
                return channel
        return self.add_channel(self.users[user].name, "im", [user, self.bot_user_id])

    def new_trigger(self, user: str) -> str:
        """Grant the right to open a view."""
        trigger = self.ids.new("TR")
        self.triggers[trigger] = Trigger(user=user, expires_at=self.clock.now() + TRIGGER_SECONDS)
        return trigger

    def new_response_url(self, user: str, channel: str, ts: str | None, thread_ts: str | None) -> str:
        """Grant the right to answer where somebody clicked."""
        key = self.ids.new("R")
        self.response_urls[key] = ResponseUrl(
            user=user,
            channel=channel,
            ts=ts,
            thread_ts=thread_ts,
            expires_at=self.clock.now() + RESPONSE_URL_SECONDS,
        )
        return f"{self.url}/responses/{self.team_id}/{key}"

    def grants(self, *scopes: str) -> bool:
        """Tell whether the app has one of these scopes."""
        return self.installed.scopes is None or bool(self.installed.scopes & set(scopes))

    def hears(self, event: str) -> bool:
        """Tell whether the app subscribed to this kind of event."""
        return self.installed.events is None or event in self.installed.events
