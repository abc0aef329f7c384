"""When to log in again after a refusal: seldom, so as not to be locked out, and yet back within a minute."""

from __future__ import annotations

import threading

from bot.inbox.account import Secret

#: Seconds. A password that is right again is found within the longest pause; one that was renewed in its
#: file is tried at once.
FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 45.0


class LoginGate:
    """The log-ins of one account over all its connections; instants are monotonic seconds.

    After a refusal one connection tries for all, later and later.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._refused: Secret | None = None
        self._refusals = 0
        self._next_at_s = 0.0

    def wait_s(self, secret: Secret, *, at_s: float) -> float:
        """Say how long to wait before logging in; 0.0 gives this try to the caller."""
        with self._lock:
            if secret != self._refused:
                return 0.0
            if at_s < self._next_at_s:
                return self._next_at_s - at_s
            self._next_at_s = at_s + self._pause_s()
            return 0.0

    def refused(self, secret: Secret, *, at_s: float) -> None:
        """Remember that the server did not take this password or token."""
        with self._lock:
            self._refusals = self._refusals + 1 if secret == self._refused else 1
            self._refused = secret
            self._next_at_s = at_s + self._pause_s()

    def accepted(self) -> None:
        """Remember that all is well."""
        with self._lock:
            self._refused = None

    def _pause_s(self) -> float:
        return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * (1 << min(self._refusals - 1, 8)))
