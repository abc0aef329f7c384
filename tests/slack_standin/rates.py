"""How often a method may be called (slack.md §7)."""

import math
from collections import deque

#: Calls per minute, per method and team, by tier.
TIERS = {1: 1, 2: 20, 3: 50, 4: 100}
TIER_OF = {
    "apps.connections.open": 1,
    "auth.test": 4,
    "chat.update": 3,
    "chat.delete": 3,
    "chat.postEphemeral": 4,
    "chat.scheduleMessage": 3,
    "conversations.history": 3,
    "conversations.info": 3,
    "conversations.members": 4,
    "conversations.open": 3,
    "conversations.replies": 3,
    "files.getUploadURLExternal": 4,
    "files.completeUploadExternal": 4,
    "files.info": 4,
    "reactions.add": 3,
    "users.info": 4,
    "users.lookupByEmail": 3,
    "usergroups.list": 2,
    "usergroups.users.list": 2,
    "views.open": 4,
    "views.publish": 4,
    "views.push": 4,
    "views.update": 4,
}
#: Only a few connections are opened a minute, but an app that reconnects must not starve.
LEAST_PER_MINUTE = 10
MINUTE = 60.0
SECONDS_PER_MESSAGE = 1.0
ONE_A_SECOND = ("chat.postMessage", "chat.startStream")


class Rates:
    """Counts the calls of one workspace; says nothing until it is switched on."""

    def __init__(self) -> None:
        self.enforced = False
        self._posted: dict[str, float] = {}
        self._called: dict[str, deque[float]] = {}

    def wait_for(self, method: str, channel: str | None, now: float) -> int:
        """Seconds to wait before this call would be taken (Retry-After); 0: it is taken now."""
        if not self.enforced:
            return 0
        if method in ONE_A_SECOND and channel:
            free_at = self._posted.get(channel, 0.0) + SECONDS_PER_MESSAGE
            if now < free_at:
                return max(1, math.ceil(free_at - now))
            self._posted[channel] = now
            return 0
        if method not in TIER_OF:
            return 0
        called = self._called.setdefault(method, deque())
        while called and called[0] <= now - MINUTE:
            called.popleft()
        if len(called) >= max(LEAST_PER_MINUTE, TIERS[TIER_OF[method]]):
            return max(1, math.ceil(called[0] + MINUTE - now))
        called.append(now)
        return 0
