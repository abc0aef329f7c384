"""Takes stored mails to the conversation, one at a time, in the order they came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError

from bot import backlog, conversation
from bot.clock import ContestClock
from bot.conversation import Handled
from bot.desk import Desk
from bot.loop import POLL, Loop
from bot.storage import Storage
from bot.understanding import Understanding

log = structlog.get_logger(__name__)

#: Taken at once; small, so that several workers share a burst.
BATCH = 10
#: A mail that fails this often is laid aside for staff, so that the ones behind it are answered.
TRIES = 3


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
        self._share = backlog.Share(storage)
        #: Handled since the cursor was moved; a start moves it at the first chance.
        self._since_advance = backlog.STEP
        self.loop = Loop("worker", self.work_off, poll=poll)

    def work_off(self) -> int:
        """Handle everything that waits now; returns how many mails that were."""
        done = 0
        while not self.loop.stopping():
            try:
                waiting = self._share.take(BATCH)
                for inbound_id in waiting:
                    if self.loop.stopping():
                        break
                    done += self._handle(inbound_id)
            finally:
                self._share.release()
            if not waiting:
                break
        self._since_advance += done
        if self._since_advance >= backlog.STEP and backlog.advance(self._storage):
            self._since_advance = 0
        return done

    def _handle(self, inbound_id: int) -> bool:
        try:
            handled = conversation.handle(
                self._storage, self._understanding, self._desk, inbound_id, now=self._clock.now()
            )
        except (OperationalError, InterfaceError, TimeoutError):
            raise  # the database's trouble is not the mail's
        except Exception as error:  # whatever one mail does, the ones behind it are answered
            return self._failed(inbound_id, error)
        self._failures.pop(inbound_id, None)
        if handled is not None:
            self._on_handled(handled)
        return handled is not None

    def _failed(self, inbound_id: int, error: Exception) -> bool:
        self._failures[inbound_id] += 1
        log.exception("worker.mail_failed", inbound=inbound_id, tries=self._failures[inbound_id])
        if self._failures[inbound_id] < TRIES:
            return False
        reason = f"could not be processed: {type(error).__name__}"
        handled = conversation.lay_aside(
            self._storage, self._desk, inbound_id, reason=reason, now=self._clock.now()
        )
        if handled is not None:
            self._on_handled(handled)
        return True
