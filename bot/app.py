"""Wires the rooms together, starts the roles that are asked for, and stops them in order."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

import structlog

from bot import (
    alarm,
    bell,
    desk,
    duty,
    gap_report,
    http,
    invites,
    letters,
    recall,
    releasing,
    second_opinion,
    storage,
    unsubscribe,
    writing,
)
from bot import understanding as understandings
from bot.bell import Bell
from bot.clock import ContestClock, Heartbeat, real_now
from bot.conversation import Handled
from bot.fence import Gate
from bot.http import HttpDoor
from bot.inbox.commit import Committer
from bot.inbox.door import Login, Protocol
from bot.inbox.imap import ImapDoor
from bot.inbox.smtp import DoorError, Listener
from bot.inbox.tls import Certificate, CertificateError
from bot.loop import POLL
from bot.reminding import Reminding
from bot.sender import Sender
from bot.settings import Listen, Settings
from bot.storage import Storage
from bot.understanding import Progress, Understanding
from bot.worker import Worker
from faq import library
from mailer import sending
from mailer.relay import Fence, MailboxRelay, Relay, SmtpRelay

if TYPE_CHECKING:
    from bot.slack.side import SlackSide

log = structlog.get_logger(__name__)

#: Everything in hand is finished within this after SIGTERM; what is left of the ten seconds, after which
#: a supervisor kills, is for closing up.
GRACE = timedelta(seconds=8)
SWEEP_EVERY = timedelta(seconds=30)
#: How exact the release instant of results is.
RELEASE_EVERY = timedelta(seconds=1)
#: How often a loop looks unasked where a bell wakes it.
POLL_BESIDE_BELL = timedelta(seconds=3)


class Role(StrEnum):
    """What a process does; ``all`` in one is the default."""

    ALL = "all"
    INTAKE = "intake"
    WORKER = "worker"
    SENDER = "sender"
    CLOCK = "clock"
    SLACK = "slack"
    HTTP = "http"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The ports that were taken; None for a door that is shut."""

    smtp_port: int | None
    lmtp_port: int | None
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
        self._files = library.load(settings.contest_dir)
        self._desk = desk.of(settings, self._files.contest)
        self._relays = [leave_by] if leave_by else [relay(settings) for _ in range(settings.senders)]
        self.storage: Storage = storage.open_storage(settings.store)
        storage.upgrade(self.storage)
        self._gate = Gate(self.storage, settings.data_dir)
        self._gate.adopt(now=self._clock.now())
        self._reminding = Reminding(self.storage, self._desk, most=settings.audience_limit)
        self._understanding: Understanding | None = None
        self._worker = self._make_worker(progress) if self._has(Role.WORKER) else None
        self._sender = self._make_sender() if self._has(Role.SENDER) else None
        self._slack = self._make_slack()
        self._bell = self._make_bell()
        self._committer = Committer(self.storage.write, on_stored=self._stored)
        self._listeners: list[Listener] = []
        self._mailbox: ImapDoor | None = None
        self._http: HttpDoor | None = None
        self._heartbeat: Heartbeat | None = None

    def start(self) -> Opened:
        """Start the roles, doors last, so that nothing is taken before it can be worked on.

        Raises:
            DoorError: a port is taken.
        """
        if self._has(Role.CLOCK):
            self._sweep()
            heartbeat = Heartbeat()
            heartbeat.every(SWEEP_EVERY, self._sweep, name="sweep")
            heartbeat.every(SWEEP_EVERY, self._remind, name="remind", at_once=True)
            heartbeat.every(RELEASE_EVERY, self._release, name="release")
            heartbeat.start()
            self._heartbeat = heartbeat
        if self._sender:
            self._sender.start()
        if self._worker:
            self._worker.loop.start()
        if self._slack:
            self._slack.start()
        if self._bell:
            self._bell.start()
        http_port = self._open_http() if self._has(Role.HTTP) else None
        smtp_port = lmtp_port = None
        if self._has(Role.INTAKE):
            self._committer.start()
            lmtp_port = self._open_mail(Protocol.LMTP, self._settings.lmtp_listen)
            smtp_port = self._open_mail(Protocol.SMTP, self._settings.smtp_listen)
            self._mailbox = self._watch_mailbox()
        opened = Opened(smtp_port=smtp_port, lmtp_port=lmtp_port, http_port=http_port)
        log.info("app.started", roles=sorted(self._roles), smtp=smtp_port, lmtp=lmtp_port, http=http_port)
        return opened

    def stop(self) -> None:
        """Take nothing more, finish what is in hand within the grace, lose nothing."""
        deadline = time.monotonic() + GRACE.total_seconds()

        def left() -> timedelta:
            return timedelta(seconds=max(0.1, deadline - time.monotonic()))

        if self._mailbox:
            self._mailbox.ask_to_stop()
        for listener in self._listeners:
            listener.stop(deadline_s=left().total_seconds() / 3)
        if self._mailbox:
            self._mailbox.stop(deadline_s=left().total_seconds() / 3)
        self._committer.stop(deadline_s=left().total_seconds())
        if self._bell:
            self._bell.stop(left())
        loops = [loop for loop in (self._slack, self._worker and self._worker.loop, self._sender) if loop]
        for loop in loops:
            loop.ask_to_stop()
        finished = [loop.join(left()) for loop in loops]
        if self._heartbeat:
            self._heartbeat.stop()
        if self._http:
            self._http.stop(left())
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

    def _has_all(self, *roles: Role) -> bool:
        return all(self._has(role) for role in roles)

    def _make_worker(self, progress: Progress | None) -> Worker:
        return Worker(
            self.storage,
            self._understand(progress),
            self._desk,
            self._clock,
            on_handled=self._handled,
            poll=self._poll(),
            second=second_opinion.of(self._settings),
        )

    def _understand(self, progress: Progress | None = None) -> Understanding:
        """The one engine of this process, made when it is first asked for."""
        self._understanding = self._understanding or Understanding(
            folder=self._settings.contest_dir,
            encoders=self._settings.encoders,
            default_mode=self._settings.default_mode,
            risk_target=self._settings.risk_target,
            cache=self._settings.cache_dir,
            sessions=self.storage.read,
            progress=progress,
        )
        return self._understanding

    def _make_slack(self) -> SlackSide | None:
        """Slack, for the roles that have to do with it; None where no workspace is set."""
        listens = self._has(Role.SLACK) or (self._settings.slack_http and self._has(Role.HTTP))
        if not self._settings.uses_slack or not (listens or self._has(Role.SENDER)):
            return None
        from bot.slack.side import SlackSide  # noqa: PLC0415  slow to load

        wakes = [hand.wake for hand in (self._worker and self._worker.loop, self._sender) if hand]
        return SlackSide(
            self._settings,
            self.storage,
            self._desk,
            self._clock,
            understanding=self._understand,
            listens=listens,
            sends=self._has(Role.SENDER),
            poll=self._poll(),
            may_send=self._gate.may_send,
            wakes=tuple(wakes),
        )

    def _make_sender(self) -> Sender:
        return Sender(
            self.storage,
            self._relays,
            self._desk,
            self._clock,
            poll=self._poll(),
            may_send=self._gate.may_send,
        )

    def _make_bell(self) -> Bell | None:
        """What to wake when another process wrote; none where one process does everything on a file."""
        wake: dict[str, Callable[[], None]] = {}
        if self._worker:
            wake[bell.INBOUND] = self._worker.loop.wake
        if self._sender:
            wake[bell.OUTBOX] = self._outbox_perhaps_changed
        alone = self.storage.dialect == "sqlite" and self._has_all(Role.INTAKE, Role.WORKER, Role.SENDER)
        return Bell(self.storage, wake) if wake and not alone else None

    def _poll(self) -> timedelta:
        # The bell is the one that wakes on PostgreSQL; what a clock makes due is found by looking.
        return POLL_BESIDE_BELL if self.storage.dialect == "postgresql" else POLL

    def _open_mail(self, protocol: Protocol, listen: Listen | None) -> int | None:
        if listen is None:
            return None
        settings = self._settings
        # LMTP comes from a mail server of ours on this machine or this network, which has its own TLS.
        outside = protocol is Protocol.SMTP
        listener = Listener(
            listen.host,
            listen.port,
            self._committer,
            size_limit_bytes=settings.size_limit_mb * 1024 * 1024,
            hostname=settings.mail_domain,
            accepts=self._desk.accepts,
            clock=self._clock.now,
            protocol=protocol,
            certificate=_certificate(settings) if outside else None,
            login=_login(settings) if outside else None,
        )
        self._listeners.append(listener)
        return listener.start()

    def _watch_mailbox(self) -> ImapDoor | None:
        watched = self._settings.watched
        if watched is None:
            return None
        door = ImapDoor(watched, self._committer, self.storage, self._desk, self._clock)
        door.start()
        return door

    def _open_http(self) -> int | None:
        listen = self._settings.http_listen
        if listen is None:
            return None
        pages = list(unsubscribe.pages(self.storage, self._desk.identity, now=self._clock.now))
        if self._slack and (route := self._slack.route()):
            pages.append(route)
        app = http.build(self.storage, now=self._clock.now, real_now=real_now, pages=pages)
        self._http = HttpDoor(app, listen)
        return self._http.start()

    def _stored(self) -> None:
        if self._worker:
            self._worker.loop.wake()

    def _handled(self, handled: Handled) -> None:
        self._on_handled(handled)
        self._outbox_changed()

    def _outbox_changed(self) -> None:
        for side in (self._sender, self._slack):
            if side:
                side.wake()

    def _outbox_perhaps_changed(self) -> None:
        """Somebody wrote to the database: one looks whether it concerns the senders, not each of them."""
        if self._sender:
            self._sender.look()
        if self._slack:
            self._slack.wake()

    def _sweep(self) -> None:
        with self.storage.write.begin() as session:
            swept = sending.sweep(session, real_now=real_now())
            duty.wake(session, now=self._clock.now())
            letters.settle(session, now=self._clock.now())
            writing.expire(session, now=self._clock.now())
        for mail_id in swept.parked:
            log.error("outbox.unknown", mail=mail_id, cause="crash in flight")
        gap_report.mail_weekly(self.storage, self._desk, self._settings.contest_dir, now=self._clock.now())
        alarm.relay_away(self.storage, self._desk, now=self._clock.now(), real_now=real_now())
        alarm.mailbox_away(self.storage, self._desk, now=self._clock.now(), real_now=real_now())

    def _release(self) -> None:
        if not self._gate.may_send():
            return  # as below
        now = self._clock.now()
        done = releasing.tick(self.storage, self._files, self._desk, now=now, real_now=real_now())
        if self._sender and any(one.queued for one in done):
            self._sender.wake()

    def _remind(self) -> None:
        self._gate.beat()
        if not self._gate.may_send():
            return  # what would be queued here may have been sent by the installation this was copied from
        with self.storage.read() as session:
            # A change that cannot be read stops reminders: the files alone may name a day that was moved.
            current = understandings.overlaid(self._files, session)
        done = self._reminding.tick(current, now=self._clock.now())
        if corrections := recall.tick(self.storage, self._files, self._desk, now=self._clock.now()):
            log.warning("recall.drafted", corrections=corrections)  # they wait for staff
        invited = invites.tick(self.storage, current, self._desk, now=self._clock.now())
        if invited != invites.Ticked():
            log.info("invites.queued", new=invited.new, moved=invited.moved, cancelled=invited.cancelled)
        if (done.queued or invited != invites.Ticked()) and self._sender:
            self._sender.wake()


def _certificate(settings: Settings) -> Certificate | None:
    if settings.smtp_tls_cert is None:
        return None
    try:
        return Certificate(settings.smtp_tls_cert, settings.smtp_tls_key)
    except CertificateError as error:
        raise DoorError(str(error)) from error


def _login(settings: Settings) -> Login | None:
    if not settings.smtp_auth_user:
        return None
    return Login(user=settings.smtp_auth_user, password=settings.smtp_auth_password.get_secret_value())
