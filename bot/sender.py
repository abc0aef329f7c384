"""The threads that empty the outbox, each with a relay connection of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog

from bot import alarm
from bot.clock import ContestClock, real_now
from bot.desk import Desk
from bot.loop import Loop
from bot.storage import Storage
from mailer import claiming, deliver
from mailer.ledger import Ledger
from mailer.relay import Relay
from mailer.tables import Channel

log = structlog.get_logger(__name__)

#: Rows a thread takes at once; each is sent and recorded by itself.
CLAIM_LIMIT = 20


class Sender:
    """One thread a relay; on one database there may be several of these, in as many processes."""

    def __init__(
        self,
        storage: Storage,
        relays: Sequence[Relay],
        desk: Desk,
        clock: ContestClock,
        *,
        poll: timedelta,
        may_send: Callable[[], bool] = lambda: True,
        channel: Channel = Channel.MAIL,
        limit: int = CLAIM_LIMIT,
        lease: timedelta = deliver.LEASE,
    ) -> None:
        """A relay object belongs to its thread; ``poll`` is how often it looks unasked.

        While ``may_send`` is false nothing is taken from the outbox: the database may be a copy.
        """
        self._may_send = may_send
        self._channel = channel
        self._limit = limit
        self._lease = lease
        self._storage = storage
        self._ledger = Ledger(storage.write)
        #: Of the hands that are woken together one takes what there is; the others see that it is gone.
        self._taking = threading.Lock()
        self._desk = desk
        self._clock = clock
        self._hands = [
            _Hand(self, f"{'slack-' if channel is Channel.SLACK else ''}sender-{number}", relay, poll)
            for number, relay in enumerate(relays, 1)
        ]

    def start(self) -> None:
        """Begin to send."""
        for hand in self._hands:
            hand.loop.start()

    def wake(self) -> None:
        """There is something to send: look now."""
        for hand in self._hands:
            hand.loop.wake()

    def look(self) -> None:
        """Somebody wrote something: wake all hands if there is anything to send."""
        if self._waits():
            self.wake()

    def ask_to_stop(self) -> None:
        """Finish the mails in hand, take no other; returns at once."""
        for hand in self._hands:
            hand.loop.ask_to_stop()

    def join(self, timeout: timedelta) -> bool:
        """Wait for the end, then leave the relay; False when a mail was still in flight.

        Its connection is left as it is then: the row says that nobody knows.
        """
        deadline = time.monotonic() + timeout.total_seconds()
        ended = [
            hand.loop.join(timedelta(seconds=max(0, deadline - time.monotonic()))) for hand in self._hands
        ]
        for hand, has_ended in zip(self._hands, ended, strict=True):
            if has_ended:
                hand.relay.close()
        return all(ended)

    def work_off(self, hand: _Hand) -> None:
        """Send what is due, until nothing is."""
        while not hand.loop.stopping() and self._may_send():
            tally = deliver.deliver_due(
                self._ledger,
                hand.relay,
                self._channel,
                limit=self._limit,
                lease=self._lease,
                now=self._clock.now(),
                real_now=real_now,
                stopping=hand.loop.stopping,
                waits=self._waits,
                taking=self._taking,
            )
            if tally.unreachable and self._channel is Channel.SLACK:
                return
            if tally.unreachable:
                alarm.relay_away(self._storage, self._desk, now=self._clock.now(), real_now=real_now())
                return
            if not (tally.sent or tally.deferred or tally.failed or tally.unknown):
                return

    def _waits(self) -> bool:
        with self._storage.read() as session:
            return claiming.waits(session, self._channel, now=self._clock.now(), real_now=real_now())


class _Hand:
    """A thread and the relay that belongs to it."""

    def __init__(self, sender: Sender, name: str, relay: Relay, poll: timedelta) -> None:
        self.relay = relay
        self.loop = Loop(name, lambda: sender.work_off(self), poll=poll)
