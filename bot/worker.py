"""Takes stored mails to the conversation, a few at a time, in the order they came."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError

from bot import backlog, conversation, reading, share
from bot.clock import ContestClock
from bot.conversation import Handled
from bot.desk import Desk
from bot.loop import POLL, Loop
from bot.reading import Reading
from bot.storage import Storage
from bot.understanding import Understanding

log = structlog.get_logger(__name__)

#: Settled in one transaction at most: in a burst it spares work, and the door, which writes to the same
#: file, waits no longer than it takes.
BATCH = 20
#: Mails are read for so long before those are settled: with encoders that is one or two.
READ_FOR = timedelta(milliseconds=50)
#: A mail that fails this often is laid aside for staff, so that the ones behind it are answered.
TRIES = 3

_DATABASE_AWAY = (OperationalError, InterfaceError, TimeoutError)


class Worker:
    """Works off the mails that are stored and not yet handled."""

    def __init__(
        self,
        storage: Storage,
        understanding: Understanding,
        desk: Desk,
        clock: ContestClock,
        *,
        on_handled: Callable[[Handled], None],
        poll: timedelta = POLL,
    ) -> None:
        self._storage = storage
        self._understanding = understanding
        self._desk = desk
        self._clock = clock
        self._on_handled = on_handled
        self._failures: Counter[int] = Counter()
        self._share = share.of(storage)
        #: Handled since the cursor was moved; a start moves it at the first chance.
        self._since_advance = backlog.STEP
        self.loop = Loop("worker", self.work_off, poll=poll)

    def work_off(self) -> int:
        """Handle everything that waits now; returns how many mails that were."""
        done = 0
        while not self.loop.stopping():
            try:
                waiting = self._share.take(BATCH)
                if not waiting:
                    break
                done += self._handle(waiting)
            finally:
                self._share.release()
        self._since_advance += done
        if self._since_advance >= backlog.STEP and backlog.advance(self._storage):
            self._since_advance = 0
        return done

    def _handle(self, waiting: Sequence[int]) -> int:
        """Settle some of these mails, at least the first; the others are still waiting then."""
        readings = conversation.apart(list(self._read(waiting)))
        try:
            return self._settle(readings)
        except _DATABASE_AWAY:
            raise  # the database's trouble is not the mail's
        except Exception:  # one of them did it, and takes none of the others with it
            return sum(self._alone(read) for read in readings)

    def _read(self, waiting: Sequence[int]) -> Iterator[Reading]:
        """Read mails until the time for that is up, so that the first one need not wait for the last."""
        understood = self._understanding.current()
        senders: set[str] = set()
        until = time.monotonic() + READ_FOR.total_seconds()
        for stored in reading.fetch(self._storage, waiting):
            if stored.envelope_sender in senders:
                continue  # it may belong to what the one before opens
            try:
                read = reading.read(self._storage, understood, self._desk, stored, now=self._clock.now())
            except _DATABASE_AWAY:
                raise
            except Exception as error:  # whatever one mail does, the ones behind it are answered
                self._failed(stored.id, error)
                continue
            yield read
            if stored.envelope_sender:
                senders.add(stored.envelope_sender)
            if self.loop.stopping() or time.monotonic() > until:
                return

    def _settle(self, readings: Sequence[Reading]) -> int:
        done = conversation.settle(self._storage, readings, self._desk, now=self._clock.now())
        for read in readings:
            self._failures.pop(read.inbound_id, None)
        for handled in done:
            self._on_handled(handled)
        return len(done)

    def _alone(self, read: Reading) -> int:
        try:
            return self._settle([read])
        except _DATABASE_AWAY:
            raise
        except Exception as error:  # as above
            self._failed(read.inbound_id, error)
            return 0

    def _failed(self, inbound_id: int, error: Exception) -> None:
        self._failures[inbound_id] += 1
        log.exception("worker.mail_failed", inbound=inbound_id, tries=self._failures[inbound_id])
        if self._failures[inbound_id] < TRIES:
            return
        reason = f"could not be processed: {type(error).__name__}"
        handled = conversation.lay_aside(
            self._storage, self._desk, inbound_id, reason=reason, now=self._clock.now()
        )
        if handled is not None:
            self._on_handled(handled)
