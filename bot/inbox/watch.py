"""One folder of a mailbox elsewhere, watched: each new mail is stored first, then marked or moved there."""

from __future__ import annotations

import hashlib
import socket
import ssl
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot import notice
from bot.clock import ContestClock, real_now
from bot.desk import Desk
from bot.inbox import delivered, mailbox, place
from bot.inbox.account import Secret, Watched
from bot.inbox.commit import Committer
from bot.inbox.login import LoginGate
from bot.inbox.mailbox import Folder, Listed, LoginRefusedError, NotSettledError, Patience
from bot.storage import Storage
from bot.tables import WatchedFolder

log = structlog.get_logger(__name__)

#: While a log-in is refused, the file of the password is looked at this often.
SECRET_LOOK_S = 5.0
#: A mail that could not be fetched so often is left to staff: the ones behind it must not wait for it.
FETCH_TRIES = 5
#: So many mails are marked or moved with one command.
TOGETHER = mailbox.CHUNK


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often we look, and how soon we are back."""

    #: One IDLE, and what a server without it is asked after. A link that has gone silent is noticed when the
    #: round ends and no reply comes: round and ``patience.sign_of_life_s`` together stay below a minute.
    #: (Servers and routers cut an IDLE that lasts longer than 5 to 29 minutes.)
    round: timedelta = timedelta(seconds=25)
    first_pause: timedelta = timedelta(seconds=1)
    longest_pause: timedelta = timedelta(seconds=30)
    patience: Patience = field(default_factory=Patience)

    def pause_s(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row: doubled each time, up to the longest."""
        return min(self.longest_pause, self.first_pause * (1 << min(failures - 1, 16))).total_seconds()


class FolderWatch:
    """Watches a folder in a thread of its own, with a connection of its own."""

    def __init__(
        self,
        folder: str,
        *,
        watched: Watched,
        committer: Committer,
        storage: Storage,
        desk: Desk,
        clock: ContestClock,
        gate: LoginGate,
        pace: Pace,
        context: ssl.SSLContext | None,
    ) -> None:
        self._watched = watched
        self._name = folder
        self._committer = committer
        self._storage = storage
        self._desk = desk
        self._clock = clock
        self._gate = gate
        self._pace = pace
        self._context = context
        self._peer = f"{watched.account.host}:{watched.account.port}"
        self._stop = threading.Event()
        self._wake, self._woken = socket.socketpair()
        self._open: Folder | None = None
        self._connects = self._failures = 0
        self._tries: Counter[int] = Counter()
        # A daemon: a server that keeps us in a reply must not keep the process alive.
        self.thread = threading.Thread(target=self._run, name=f"imap-{folder}", daemon=True)

    def ask_to_stop(self) -> None:
        """Finish the mail in hand, take no further one; returns at once, and breaks out of IDLE."""
        if not self._stop.is_set():
            # Never read: it can be read from now on, which ends every wait. Before the word to stop, as the
            # thread closes both ends when it leaves.
            self._wake.send(b"x")
            self._stop.set()

    def cut(self) -> None:
        """End the connection at once, whatever it is waiting for."""
        folder = self._open
        if folder is not None and self.thread.is_alive():
            folder.cut()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._stop.wait(self._session())
        finally:
            self._wake.close()
            self._woken.close()

    def _session(self) -> float:
        """Connect and watch for as long as it lasts; returns the seconds to wait before the next time."""
        secret = None
        try:
            secret = self._watched.account.secret()
            pause_s = self._gate.wait_s(secret, at_s=time.monotonic())
            if pause_s:
                return min(pause_s, SECRET_LOOK_S)
            self._watch(secret)
        except LoginRefusedError as refusal:
            assert secret is not None  # it was shown
            self._gate.refused(secret, at_s=time.monotonic())
            self._failed(refusal)
        # Whatever a server says or a network does, and while the database is away, the watch goes on.
        except Exception as error:
            if self._stop.is_set():
                return 0.0
            self._failures += 1
            pause_s = self._pace.pause_s(self._failures)
            self._failed(error, pause_s=pause_s)
            return pause_s
        finally:
            self._open = None
        return 0.0

    def _watch(self, secret: Secret) -> None:
        watched = self._watched
        opened = mailbox.opened(
            watched.account,
            self._name,
            watched.after,
            secret=secret,
            patience=self._pace.patience,
            context=self._context,
        )
        with opened as folder:
            self._open = folder
            self._gate.accepted()
            self._connects += 1
            log.info("imap.connected", folder=self._name, times=self._connects, idles=folder.idles)
            with self._storage.write.begin() as session:
                row = place.open_at(
                    session,
                    watched.account.name,
                    self._name,
                    uidvalidity=folder.uidvalidity,
                    uidnext=folder.uidnext,
                    real_now=real_now(),
                )
            while not self._stop.is_set():
                self._look(folder, row)
                self._failures = 0
                if not self._stop.is_set():
                    folder.wait(self._pace.round.total_seconds(), self._woken)

    def _look(self, folder: Folder, row: WatchedFolder) -> None:
        """Take what is new; what an earlier run stored and could not mark is marked now."""
        together: list[int] = []
        reached, marks = row.settled_uid, True
        for listed in folder.list_above(reached, old_uid=row.old_uid, counts_from=row.counts_from):
            if self._stop.is_set():
                break
            reached = listed.uid
            if listed.uid <= row.stored_uid:  # by an earlier run, or left by it
                is_stored = listed.size_bytes <= self._watched.size_limit_bytes
            else:
                is_stored = self._take(folder, row, listed)
            if is_stored:
                together.append(listed.uid)
            if marks and len(together) >= TOGETHER:
                marks = self._settle(folder, row, together, reached)
                together = []
        else:
            reached = max(reached, row.old_uid)  # what is not ours there need not be looked at again
        if marks:
            self._settle(folder, row, together, reached)

    def _take(self, folder: Folder, row: WatchedFolder, listed: Listed) -> bool:
        """Store one mail; False when it is gone, or left where it is."""
        limit = self._watched.size_limit_bytes
        if self._tries[listed.uid] >= FETCH_TRIES:
            self._leave(row, listed, notice.Left.BROKEN)
            return False
        self._tries[listed.uid] += 1  # before the try, as what fails ends the connection
        raw = folder.fetch(listed.uid, limit_bytes=limit) if listed.size_bytes <= limit else None
        if listed.size_bytes > limit or (raw and len(raw) > limit):
            self._leave(row, listed, notice.Left.TOO_BIG, subject=folder.subject(listed.uid))
            return False
        del self._tries[listed.uid]
        if raw is None:
            return False
        if listed.uid > row.old_uid or not self._has(raw):
            envelope = delivered.envelope(
                raw,
                folder=self._name,
                peer=self._peer,
                address=self._watched.address,
                accepts=self._desk.accepts,
                received_at=self._clock.now(),
            )
            # One after the other: were a later one stored and this one not, nobody would come back for it.
            self._committer.put(
                envelope, along=lambda session: place.stored(session, row, listed.uid)
            ).result()
        row.stored_uid = listed.uid
        return True

    def _has(self, raw: bytes) -> bool:
        # A new UIDVALIDITY shows us everything again; what was stored octet by octet need not be twice.
        with self._storage.read() as session:
            return place.has(session, hashlib.sha256(raw).hexdigest())

    def _leave(self, row: WatchedFolder, listed: Listed, why: notice.Left, *, subject: str = "") -> None:
        """Leave a mail where it is, and tell staff; the ones behind it must not wait for it."""
        with self._storage.write.begin() as session:
            notice.of_left_mail(
                session,
                self._desk,
                why,
                folder=self._name,
                subject=subject,
                size_bytes=listed.size_bytes,
                key=f"{row.mailbox}:{self._name}:{row.uidvalidity}:{listed.uid}",
                now=self._clock.now(),
            )
            place.stored(session, row, listed.uid)
        row.stored_uid = listed.uid
        log.error("imap.left", folder=self._name, uid=listed.uid, size_bytes=listed.size_bytes, why=why)

    def _settle(self, folder: Folder, row: WatchedFolder, uids: list[int], reached: int) -> bool:
        """Mark or move these, then write down that the folder is done up to ``reached``."""
        try:
            folder.settle(uids)
        except NotSettledError as error:
            # They are stored, so the desk answers them; the next look tries the marks again.
            self._failed(error)
            return False
        with self._storage.write.begin() as session:
            place.stored(session, row, reached)
            place.settled(session, row, reached)
            since = place.looked(session, row.mailbox, self._name, real_now=real_now())
        row.stored_uid, row.settled_uid = max(row.stored_uid, reached), reached
        if since is not None:
            log.info("imap.back", folder=self._name, since=since.isoformat())
        return True

    def _failed(self, error: Exception, *, pause_s: float | None = None) -> None:
        failure = f"{error or type(error).__name__}"[:200]
        log.warning("imap.failed", folder=self._name, error=failure, pause_s=pause_s)
        try:
            with self._storage.write.begin() as session:
                place.failed(session, self._watched.account.name, self._name, failure, real_now=real_now())
        except SQLAlchemyError as trouble:
            log.warning("imap.database_unreachable", error=type(trouble).__name__)
