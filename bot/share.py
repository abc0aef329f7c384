"""The mails that one worker has in hand, so that no other does the same work.

It is courtesy and ends with the worker, however that dies; the unique mark is the promise.
"""

from __future__ import annotations

import fcntl
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Protocol

from sqlalchemy import Connection, Integer, cast, func, literal, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from bot import backlog
from bot.storage import Storage

#: How far a worker looks past mails that others have in hand.
LOOK = 200
#: Any number will do as long as all our processes use the same one.
IN_HAND = 5_050_002


class Share(Protocol):
    """What one worker has in hand."""

    def take(self, limit: int) -> Sequence[int]:
        """Numbers of waiting mails that nobody else has in hand, oldest first; ours until released."""

    def release(self) -> None:
        """Leave what is still unhandled to others."""


def of(storage: Storage) -> Share:
    """The way of this database to share the work."""
    return _ByAdvisoryLocks(storage) if storage.dialect == "postgresql" else _ByFileLocks(storage)


class _ByFileLocks:
    """On SQLite: each mail in hand is a locked octet of a file beside the database, at its number."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._path = Path(f"{storage.engine.url.database}.hand")
        self._file: IO[bytes] | None = None
        #: Up to here all were finished at the last look. One writer at a time: none can appear below.
        self._low = 0

    def take(self, limit: int) -> Sequence[int]:
        with self._storage.read() as session:
            free = self._free(session, limit)
        if not free:
            return ()
        # A look of its own, after the locks: what another worker finished meanwhile is done.
        with self._storage.read() as session:
            return backlog.unfinished(session.connection(), free)

    def _free(self, session: Session, limit: int) -> list[int]:
        free: list[int] = []
        for look in (limit, LOOK):
            self._low, numbers = backlog.next_after(session, self._low, limit=look)
            # What is locked by us already is locked once more.
            free = list(islice(filter(self._lock, numbers), limit))
            if len(free) == limit or len(numbers) < look:
                break
        return free

    def release(self) -> None:
        if self._file is not None:
            self._file.close()  # and with it go the locks
            self._file = None

    def _lock(self, number: int) -> bool:
        if self._file is None:
            self._file = self._path.open("ab")
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
        except BlockingIOError:
            return False
        return True


class _ByAdvisoryLocks:
    """On PostgreSQL: each mail in hand is an advisory lock on a connection of its own."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._connection: Connection | None = None

    def take(self, limit: int) -> Sequence[int]:
        connection = self._ready()
        low = connection.scalar(backlog.LOW_WATER) or 0
        # MATERIALIZED: locks are tried on what the look found, in its order, and on no row more.
        found = backlog.after(low).limit(LOOK).cte("found").prefix_with("MATERIALIZED", dialect="postgresql")
        free = func.pg_try_advisory_lock(literal(IN_HAND), cast(found.c.id, Integer))
        numbers = connection.scalars(select(found.c.id).where(free).limit(limit)).all()
        # What another worker finished between our look and our lock is done.
        return backlog.unfinished(connection, numbers)

    def release(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.execute(text("SELECT pg_advisory_unlock_all()"))
        except DBAPIError:
            # Not to the pool: a lock would live on there. The server frees it with the connection.
            connection.invalidate()
            raise
        finally:
            connection.close()

    def _ready(self) -> Connection:
        if self._connection is None:
            connection = self._storage.engine.connect()
            self._connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        return self._connection
