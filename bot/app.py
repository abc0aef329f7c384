"""Wires the rooms together, starts the roles that are asked for, and stops them in order."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import structlog

from bot import desk, http, storage
from bot.clock import ContestClock, Heartbeat, real_now
from bot.conversation import Handled
from bot.http import HttpDoor
from bot.inbox.commit import Committer
from bot.inbox.smtp import Listener
from bot.loop import Loop
from bot.settings import Settings
from bot.storage import Storage
from bot.understanding import Progress, Understanding
from bot.worker import Worker
from faq import library
from mailer import deliver, outbox
from mailer.relay import Fence, MailboxRelay, Relay, SmtpRelay
from mailer.tables import Channel

log = structlog.get_logger(__name__)

#: Everything in hand is finished within this after SIGTERM.
GRACE = timedelta(seconds=10)
SWEEP_EVERY = timedelta(seconds=30)
#: Rows a sender takes at once; each is sent and recorded by itself.
CLAIM_LIMIT = 20


class Role(StrEnum):
    """What a process does; ``all`` in one is the default."""

    ALL = "all"
    INTAKE = "intake"
    WORKER = "worker"
    SENDER = "sender"
    CLOCK = "clock"
    HTTP = "http"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The ports that were taken; None for a door that is shut."""

    smtp_port: int | None
    http_port: int | None


def relay(settings: Settings) -> Relay:
    """Where mail leaves: the relay, the mailbox on this machine, or a fence between the two."""
    mailbox = MailboxRelay(settings.data_dir / "mailbox")
    url = settings.smtp_relay_url.get_secret_value()
    if not url:
        return mailbox
    server = SmtpRelay(url)
    return server if settings.is_production else Fence(server, mailbox, settings.mail_allow_list)


class App:
    """One process of the desk."""

    def __init__(
        self,
        settings: Settings,
        *,
        roles: Collection[Role] = (Role.ALL,),
        clock: ContestClock | None = None,
        leave_by: Relay | None = None,
        on_handled: Callable[[Handled], None] = lambda _handled: None,
        progress: Progress | None = None,
    ) -> None:
        self._settings = settings
        self._roles = frozenset(roles)
        self._on_handled = on_handled
        self._clock = clock or ContestClock.starting_at(settings.clock_start)
        self._desk = desk.of(settings, library.load(settings.contest_dir).contest)
        self._relay = leave_by or relay(settings)
        self.storage: Storage = storage.open_storage(settings.store)
        storage.upgrade(self.storage)
        self._worker = self._make_worker(progress) if self._has(Role.WORKER) else None
        self._sender = Loop("sender", self._send_due) if self._has(Role.SENDER) else None
        self._committer = Committer(self.storage.write, on_stored=self._stored)
        self._listener: Listener | None = None
        self._http: HttpDoor | None = None
        self._heartbeat: Heartbeat | None = None

    def start(self) -> Opened:
        """Start the roles, doors last, so that nothing is taken before it can be worked on.

        Raises:
            DoorError: a port is taken.
        """
        if self._sender:
            self._sender.start()
        if self._worker:
            self._worker.loop.start()
        if self._has(Role.CLOCK):
            self._heartbeat = Heartbeat()
            self._heartbeat.every(SWEEP_EVERY, self._sweep, name="sweep")
            self._sweep()
            self._heartbeat.start()
        http_port = self._open_http() if self._has(Role.HTTP) else None
        smtp_port = self._open_smtp() if self._has(Role.INTAKE) else None
        log.info("app.started", roles=sorted(self._roles), smtp_port=smtp_port, http_port=http_port)
        return Opened(smtp_port=smtp_port, http_port=http_port)

    def stop(self) -> None:
        """Take nothing more, finish what is in hand within the grace, lose nothing."""
        deadline = time.monotonic() + GRACE.total_seconds()

        def left() -> timedelta:
            return timedelta(seconds=max(0.1, deadline - time.monotonic()))

        if self._listener:
            self._listener.stop(deadline_s=left().total_seconds() / 2)
            self._committer.stop(deadline_s=left().total_seconds())
        loops = [loop for loop in (self._worker and self._worker.loop, self._sender) if loop]
        for loop in loops:
            loop.ask_to_stop()
        finished = [loop.join(left()) for loop in loops]
        if self._heartbeat:
            self._heartbeat.stop()
        if self._http:
            self._http.stop(left())
        if all(finished):
            # Otherwise a mail is still in flight on that connection; its row says so.
            self._relay.close()
        self.storage.close()
        log.info("app.stopped", finished=all(finished))

    def run_until_signal(self) -> None:
        """Wait for SIGTERM or SIGINT, then stop."""
        told = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: told.set())
        told.wait()
        self.stop()

    def _has(self, role: Role) -> bool:
        return bool(self._roles & {role, Role.ALL})

    def _make_worker(self, progress: Progress | None) -> Worker:
        understanding = Understanding(
            folder=self._settings.contest_dir,
            encoders=self._settings.encoders,
            default_mode=self._settings.default_mode,
            cache=self._settings.cache_dir,
            sessions=self.storage.read,
            progress=progress,
        )
        return Worker(self.storage, understanding, self._desk, self._clock, on_handled=self._handled)

    def _open_smtp(self) -> int | None:
        listen = self._settings.smtp_listen
        if listen is None:
            return None
        self._committer.start()
        self._listener = Listener(
            listen.host,
            listen.port,
            self._committer,
            size_limit_bytes=self._settings.size_limit_mb * 1024 * 1024,
            hostname=self._settings.mail_domain,
            accepts=self._desk.accepts,
            clock=self._clock.now,
        )
        return self._listener.start()

    def _open_http(self) -> int | None:
        listen = self._settings.http_listen
        if listen is None:
            return None
        self._http = HttpDoor(http.build(self.storage), listen)
        return self._http.start()

    def _stored(self) -> None:
        if self._worker:
            self._worker.loop.wake()

    def _handled(self, handled: Handled) -> None:
        self._on_handled(handled)
        if self._sender:
            self._sender.wake()

    def _send_due(self) -> None:
        stopping = self._sender.stopping if self._sender else lambda: True
        while not stopping():
            tally = deliver.deliver_due(
                self.storage.write,
                self._relay,
                Channel.MAIL,
                limit=CLAIM_LIMIT,
                now=self._clock.now(),
                real_now=real_now,
                stopping=stopping,
            )
            if tally.unreachable or not (tally.sent or tally.deferred or tally.failed or tally.unknown):
                return

    def _sweep(self) -> None:
        with self.storage.write.begin() as session:
            outbox.sweep(session, real_now=real_now())
