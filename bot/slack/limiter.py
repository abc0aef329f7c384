"""How fast we write: about one message a second to a channel, and not at all where Slack said wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

#: Slack takes about one message a second in a channel (docs.slack.dev/apis/web-api/rate-limits).
PACE_S = 1.05
#: Methods that Slack counts by channel; the others have room for what a desk does.
_BY_CHANNEL = frozenset({"chat.postMessage", "chat.postEphemeral"})


class Limiter:
    """Gives out turns; shared by all senders of a process. Seconds of a clock that only runs forward."""

    def __init__(self, *, pace_s: float = PACE_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._pace_s = pace_s
        self._clock = clock
        self._lock = threading.Lock()
        #: When the next message to a channel may leave.
        self._next: dict[str, float] = {}
        #: Until when a method is not to be called at all.
        self._held: dict[str, float] = {}

    def take(self, method: str, channel: str) -> float:
        """Take the next turn and return how many seconds to wait for it."""
        with self._lock:
            now = self._clock()
            at = max(now, self._held.get(method, now))
            if method in _BY_CHANNEL and channel:
                at = max(at, self._next.get(channel, at))
                self._next[channel] = at + self._pace_s
                if len(self._next) > 10_000:  # one entry for each person who ever asked
                    self._next = {name: due for name, due in self._next.items() if due > now}
            return at - now

    def hold(self, method: str, seconds: float) -> None:
        """Slack said when to come back (Retry-After)."""
        with self._lock:
            self._held[method] = max(self._held.get(method, 0.0), self._clock() + seconds)
