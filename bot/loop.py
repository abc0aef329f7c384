"""A thread that works off what waits, sleeps until it is woken, and stops when told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import structlog
from sqlalchemy.exc import OperationalError

log = structlog.get_logger(__name__)

#: Looks by itself this often, in case another process left something to do.
POLL = timedelta(seconds=1)


class Loop:
    """Calls ``work_off`` when woken and at every poll; ``work_off`` asks ``stopping`` between two items."""

    def __init__(self, name: str, work_off: Callable[[], object], *, poll: timedelta = POLL) -> None:
        self._name = name
        self._work_off = work_off
        self._poll = poll
        self._wake = threading.Event()
        self._stop = threading.Event()
        # A daemon: one that is still in hand when the grace is over must not keep the process alive.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread.start()

    def wake(self) -> None:
        """There is something to do: look now."""
        self._wake.set()

    def stopping(self) -> bool:
        """True once the loop was told to stop."""
        return self._stop.is_set()

    def ask_to_stop(self) -> None:
        """Finish what is in hand, take nothing else; returns at once."""
        self._stop.set()
        self._wake.set()

    def join(self, timeout: timedelta) -> bool:
        """Wait for the end; False when it did not come in time."""
        if self._thread.is_alive():
            self._thread.join(timeout.total_seconds())
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.is_set():
            # Cleared before the look, so that what comes during it is not slept over.
            self._wake.clear()
            try:
                self._work_off()
            except OperationalError as error:
                log.warning("loop.database_unreachable", loop=self._name, error=str(error.orig))
            except Exception:  # a fault in one round must not end the service
                log.exception("loop.round_failed", loop=self._name)
            self._wake.wait(self._poll.total_seconds())
