"""The promise behind 250: stored mails, many to a transaction, written by one thread."""

from __future__ import annotations

import errno
import hashlib
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, sessionmaker

from bot.tables import InboundMail

log = structlog.get_logger(__name__)

#: One transaction takes at most so many mails, and no further one beyond so many octets.
BATCH_MAILS = 256
BATCH_BYTES = 32 * 1024 * 1024

#: SQLite's SQLITE_FULL and PostgreSQL's disk_full.
SQLITE_FULL = 13
POSTGRES_DISK_FULL = "53100"


class StoreError(Exception):
    """The mail could not be stored; the peer still has it and shall try again."""

    def __init__(self, message: str, *, full: bool = False) -> None:
        super().__init__(message)
        #: True when the disk is full: the door answers 452 instead of 451.
        self.full = full


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A mail as a door received it, before anybody has looked inside."""

    received_at: datetime
    #: Which door: smtp, lmtp, imap:FOLDER.
    door: str
    #: MAIL FROM; empty for the null sender (RFC 5321 §4.5.5).
    sender: str
    recipients: tuple[str, ...]
    #: Address of the peer, for staff.
    peer: str
    raw: bytes


#: Writes something beside the mail in the transaction that stores it, such as how far a mailbox was read.
Along = Callable[[Session], None]


@dataclass(frozen=True, slots=True)
class _Waiting:
    envelope: Envelope
    stored: Future[int]
    along: Along | None


class Committer:
    """Stores envelopes from any thread or loop; each promise is kept by a committed row.

    One thread owns the writing. What has gathered while a commit ran goes into the
    next transaction together, so a slow disk costs one flush for many mails.
    """

    def __init__(
        self, sessions: sessionmaker[Session], *, on_stored: Callable[[], None] | None = None
    ) -> None:
        self.sessions = sessions
        #: Called after each commit, in the committer's thread; wakes the worker.
        self.on_stored = on_stored
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._open = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to take envelopes."""
        with self._lock:
            if self._open:
                return
            self._open = True
            self._thread = threading.Thread(target=self._run, name="committer", daemon=True)
            self._thread.start()

    def stop(self, *, deadline_s: float = 10.0) -> bool:
        """Store what was put before, take nothing more; False when the deadline (seconds) passed first."""
        with self._lock:
            thread = self._thread
            if self._open:
                self._open = False
                self._queue.put(None)
        if thread is None:
            return True
        thread.join(deadline_s)
        return not thread.is_alive()

    def put(self, envelope: Envelope, *, along: Along | None = None) -> Future[int]:
        """Promise a row: the future gives its id after the commit, or raises ``StoreError``.

        ``along`` is written with it or not at all; it may run again when the transaction is tried again.
        """
        stored: Future[int] = Future()
        with self._lock:  # so that nothing lands behind the end mark and waits for ever
            if self._open:
                self._queue.put(_Waiting(envelope, stored, along))
                return stored
        stored.set_exception(StoreError("the committer is not running"))
        return stored

    def _run(self) -> None:
        last = False
        while not last:
            batch, last = self._gather()
            # A future that its door has given up before we began is a mail nobody was promised.
            wanted = [waiting for waiting in batch if waiting.stored.set_running_or_notify_cancel()]
            if wanted:
                self._store(wanted)

    def _gather(self) -> tuple[list[_Waiting], bool]:
        batch: list[_Waiting] = []
        size_bytes = 0
        waiting = self._queue.get()
        while waiting is not None:
            batch.append(waiting)
            size_bytes += len(waiting.envelope.raw)
            if len(batch) >= BATCH_MAILS or size_bytes >= BATCH_BYTES:
                return batch, False
            try:
                waiting = self._queue.get_nowait()
            except queue.Empty:
                return batch, False
        return batch, True

    def _store(self, batch: Sequence[_Waiting]) -> None:
        try:
            ids = self._insert(batch)
        # Whatever went wrong, each waiting peer must get its answer and the thread must live on.
        except Exception as error:
            if len(batch) > 1 and not _concerns_all(error):
                for waiting in batch:  # one bad envelope must not defer its neighbours
                    self._store([waiting])
                return
            log.error("inbox.store_failed", mails=len(batch), error=type(error).__name__)
            for waiting in batch:
                failure = StoreError("the mail could not be stored", full=_is_disk_full(error))
                failure.__cause__ = error
                waiting.stored.set_exception(failure)
            return
        for waiting, row_id in zip(batch, ids, strict=True):
            waiting.stored.set_result(row_id)
        self._wake()

    def _insert(self, batch: Sequence[_Waiting]) -> list[int]:
        rows = [_row(waiting.envelope) for waiting in batch]
        with self.sessions() as session, session.begin():
            session.add_all(rows)
            session.flush()
            ids = [row.id for row in rows]
            for waiting in batch:
                if waiting.along is not None:
                    waiting.along(session)
        return ids

    def _wake(self) -> None:
        if self.on_stored is None:
            return
        try:
            self.on_stored()
        # The rows are committed and the promise is kept; a faulty hook must not end the thread.
        except Exception as error:
            log.error("inbox.wake_failed", error=type(error).__name__)


def _row(envelope: Envelope) -> InboundMail:
    return InboundMail(
        received_at=envelope.received_at,
        door=envelope.door,
        envelope_sender=envelope.sender,
        recipients=list(envelope.recipients),
        peer=envelope.peer,
        size_bytes=len(envelope.raw),
        sha256=hashlib.sha256(envelope.raw).hexdigest(),
        raw=envelope.raw,
    )


def _concerns_all(error: Exception) -> bool:
    """True when the database itself is the trouble, so that trying one by one is no use."""
    return isinstance(error, OperationalError | InterfaceError | PoolTimeout | OSError)


def _is_disk_full(error: Exception) -> bool:
    cause = error.__cause__ if isinstance(error, SQLAlchemyError) else error
    if isinstance(cause, OSError):
        return cause.errno in (errno.ENOSPC, errno.EDQUOT)
    sqlite_code: object = getattr(cause, "sqlite_errorcode", None)
    sqlstate: object = getattr(cause, "sqlstate", None)
    return sqlite_code == SQLITE_FULL or sqlstate == POSTGRES_DISK_FULL
