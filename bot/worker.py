"""Takes stored mails to the conversation, a few at a time, in the order they came."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import TypeVar

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError

from bot import backlog, conversation, reading, share
from bot.clock import ContestClock
from bot.conversation import Handled
from bot.desk import Desk
from bot.loop import POLL, Loop
from bot.reading import Opened, Reading, Silent, Stored
from bot.second_opinion import SecondOpinion
from bot.storage import Storage
from bot.understanding import Understanding
from faq.library import Library
from intents.decide import Decision
from intents.engine import Engine

log = structlog.get_logger(__name__)

T = TypeVar("T")

#: Settled in one transaction at most: in a burst it spares work, and the door, which writes to the same
#: file, waits no longer than it takes.
BATCH = 20
#: Mails are read for so long before those are settled: with encoders that is one or two.
READ_FOR = timedelta(milliseconds=50)
#: Decided on at once, without encoders: what that saves lies in going through the library's matrix once.
TOGETHER = 20
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
        second: SecondOpinion | None = None,
    ) -> None:
        self._second = second
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
        # An encoder takes as long for one question as letters alone for many.
        most = 1 if understood[1].encoder_ids else TOGETHER
        senders: set[str] = set()
        until = time.monotonic() + READ_FOR.total_seconds()
        stored = deque(reading.fetch(self._storage, waiting))
        while stored:
            some: list[Stored] = []
            while stored and len(some) < most:
                one = stored.popleft()
                # A later one of the same sender may belong to what the one before opens.
                if one.envelope_sender not in senders:
                    some.append(one)
                if one.envelope_sender:
                    senders.add(one.envelope_sender)
            yield from self._read_together(understood, some)
            if self.loop.stopping() or time.monotonic() > until:
                return

    def _read_together(
        self, understood: tuple[Library, Engine], those: Sequence[Stored]
    ) -> Iterator[Reading]:
        """Read mails and decide on them at once; one that fails is left out, and counted."""
        library, engine = understood
        opened: list[Silent | Opened] = []
        for stored in those:
            one = self._tried(stored.id, partial(reading.open_mail, self._storage, self._desk, stored))
            if one is not None:
                opened.append(one)
        decisions = self._decide(engine, [one for one in opened if isinstance(one, Opened)])
        now = self._clock.now()
        for one in opened:
            if isinstance(one, Silent):
                yield one
            elif decision := decisions.get(one.inbound_id):
                if self._second is not None:
                    heard = partial(self._second.on, decision, library, now=now)
                    decision = self._tried(one.inbound_id, heard) or decision
                read = self._tried(one.inbound_id, partial(reading.asked, one, decision, library, now=now))
                if read is not None:
                    yield read

    def _decide(self, engine: Engine, those: Sequence[Opened]) -> Mapping[int, Decision]:
        """Decide on mails, by their numbers."""
        try:
            decisions = reading.decide_all(engine, [one.words for one in those])
        except Exception:  # one of them did it, and takes none of the others with it
            alone = (
                (one, self._tried(one.inbound_id, partial(reading.decide_all, engine, [one.words])))
                for one in those
            )
            return {one.inbound_id: decided[0] for one, decided in alone if decided}
        return {one.inbound_id: decision for one, decision in zip(those, decisions, strict=True)}

    def _tried(self, inbound_id: int, work: Callable[[], T]) -> T | None:
        """Do it; whatever one mail does, the ones behind it are answered."""
        try:
            return work()
        except _DATABASE_AWAY:
            raise
        except Exception as error:
            self._failed(inbound_id, error)
            return None

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
