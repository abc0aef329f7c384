"""What the Slack door works with; listeners get it by closure, there are no globals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import ContestClock
from bot.desk import Desk
from bot.loop import Loop
from bot.settings import Settings
from bot.slack.client import Workspace
from bot.slack.inbox import Inbox
from bot.slack.permissions import Permissions
from bot.slack.posting import Outgoing
from bot.storage import Storage
from bot.understanding import Understanding
from faq.library import Library


@dataclass(slots=True, kw_only=True)
class Deps:
    """One workspace, one desk."""

    storage: Storage
    desk: Desk
    clock: ContestClock
    settings: Settings
    #: For interactive calls alone; what people are told goes through the outbox.
    client: AsyncWebClient
    workspace: Workspace
    inbox: Inbox
    outgoing: Outgoing
    #: Files and approved changes; reads the database, so from a thread.
    library: Callable[[], Library]
    #: Heavy: made at the first call.
    understanding: Callable[[], Understanding]
    #: What Slack says of staff; made by triage_listeners.subscribe.
    permissions: Permissions | None = None
    #: Threads that start and stop with the door.
    loops: list[Loop] = field(default_factory=list)
    #: Called when something was committed that others may work on.
    wakes: list[Callable[[], None]] = field(default_factory=list)

    def wake(self) -> None:
        """There is something to do: look now."""
        for loop in self.loops:
            loop.wake()
        for call in self.wakes:
            call()

    def wake_others(self, loop: Loop) -> None:
        """``wake``, for a loop that has just looked itself."""
        for other in self.loops:
            if other is not loop:
                other.wake()
        for call in self.wakes:
            call()
