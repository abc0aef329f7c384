"""Processes that read heavy mails for us: capped in CPU and memory, used again, replaced when they die.

A child is started afresh (never forked from the desk, so it holds no socket, no lock and no database
connection of ours), gets no environment, and is told nothing but the octets of one mail after another.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import structlog

from bot.inbox import reader, wire
from bot.inbox.limits import Unreadable

log = structlog.get_logger(__name__)

#: Of one mail, on a machine that has other work too.
WALL_S = 9.0
#: Each may take ``reader.MEMORY_BYTES``.
MOST_CHILDREN = 2
_BOOT = "import sys; sys.path[:] = sys.argv[1:]; from bot.inbox import reader; reader.serve()"


class _Ended(Exception):
    """The child is gone, or does not answer in time."""


class Child:
    """One reading process and the line to it."""

    def __init__(self, boot: str) -> None:
        """Start it with this program; OSError when the machine cannot."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-E", "-s", "-c", boot, *map(os.path.abspath, sys.path)],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env=dict[str, str](),
                    cwd="/",
                )
        except BaseException:
            ours.close()
            raise
        self._line = ours

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def ask(self, raw: bytes, *, within_s: float) -> bytes:
        """Have one mail read: the child's reply, or ``_Ended``."""
        ends_at = time.monotonic() + within_s
        try:
            self._line.settimeout(within_s)
            # For the whole of it, however slowly the other side takes it.
            self._line.sendall(wire.framed(raw))
            return wire.received(self._line, ends_at=ends_at)
        except OSError as error:
            raise _Ended from error

    def close(self) -> int:
        """End it, busy or not, and say how it ended (as ``Popen.returncode``)."""
        self._line.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            # One that is dying of its own accord shall be able to say of what.
            self._process.wait(0.2)
        self._process.kill()
        return self._process.wait()


class Readers:
    """The children of this process: at most ``MOST_CHILDREN`` at once, started when there is work."""

    def __init__(self, *, boot: str = _BOOT, cpu_s: int = reader.CPU_S, wall_s: float = WALL_S) -> None:
        """Start nothing yet; ``cpu_s`` is what staff are told, the child caps itself."""
        #: How many were started.
        self.started = 0
        self._boot = boot
        self._cpu_s = cpu_s
        self._wall_s = wall_s
        self._begin()
        # A fork has copies of our lines, whose other ends belong to the parent's children.
        os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        self._inherited = getattr(self, "_idle", [])
        self._idle: list[Child] = []
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(MOST_CHILDREN)

    def read(self, raw: bytes) -> bytes:
        """Have a mail read by a child: its reply.

        Raises:
            Unreadable: reading it cost more than it may, or no child could be started.
        """
        with self._places:
            ends_at = time.monotonic() + self._wall_s
            # A child may have ended for a reason of its own just now; only the second death is the mail's.
            for is_last in (False, True):
                try:
                    child = self._take(new=is_last)
                except OSError as error:
                    raise Unreadable(f"no process to read it could be started: {error.strerror}") from error
                left_s = ends_at - time.monotonic()
                try:
                    reply = child.ask(raw, within_s=max(left_s, 0.1))
                except _Ended:
                    late = time.monotonic() >= ends_at
                    code = child.close()
                    if code != 0:  # else it went for want of work, or to give memory back
                        log.warning("inbox.reader_died", code=code, size_bytes=len(raw))
                    reason = self._told(code, late=late)
                    if reason is not None or is_last:
                        raise Unreadable(reason or f"the process that read it ended with {code}") from None
                    continue
                except BaseException:
                    child.close()
                    raise
                with self._lock:
                    self._idle.append(child)
                return reply
        raise AssertionError("one of the two rounds has returned or raised")

    def close(self) -> None:
        """End all children that have nothing to do; new work starts new ones."""
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            child.close()

    def pids(self) -> list[int]:
        """The processes that wait for work."""
        with self._lock:
            return [child.pid for child in self._idle]

    def _take(self, *, new: bool) -> Child:
        with self._lock:
            if self._idle and not new:
                return self._idle.pop()
            self.started += 1
        return Child(self._boot)

    def _told(self, code: int, *, late: bool) -> str | None:
        if code == -signal.SIGXCPU:
            return f"reading it took more than {self._cpu_s} s of CPU"
        return f"reading it took longer than {self._wall_s:g} s" if late else None


READERS = Readers()
atexit.register(READERS.close)
