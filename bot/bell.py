"""Wakes loops when another process wrote something for them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from bot.storage import Storage

log = structlog.get_logger(__name__)

#: The channels on which triggers tell of new rows (migrations/), on PostgreSQL.
INBOUND = "contestdesk_inbound"
OUTBOX = "contestdesk_outbox"

#: How long the thread stands in one wait, and so how long a stop may take.
ROUND = timedelta(milliseconds=250)
#: How often a SQLite file is asked whether somebody wrote to it; the question reads one page in memory.
LOOK_EVERY = timedelta(milliseconds=10)
#: After a lost connection; the loops poll meanwhile.
AGAIN_AFTER = timedelta(seconds=2)


class Bell:
    """A thread with a connection of its own: LISTEN on PostgreSQL, the file's version on SQLite.

    It only ever wakes; the loops poll as well, so that a bell that is lost costs seconds and no mail.
    """

    def __init__(self, storage: Storage, wake: Mapping[str, Callable[[], None]]) -> None:
        """``wake`` says, by channel, what to call; a SQLite file has no channels, so all are called."""
        self._storage = storage
        self._wake = wake
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bell", daemon=True)

    def start(self) -> None:
        """Begin to listen, in a thread of its own."""
        self._thread.start()

    def stop(self, timeout: timedelta) -> None:
        """Listen no more."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout.total_seconds())

    def _run(self) -> None:
        listen = self._listen if self._storage.dialect == "postgresql" else self._watch
        while not self._stop.is_set():
            try:
                with self._storage.read.kw["bind"].connect() as connection:
                    listen(connection)
                    connection.invalidate()  # what it listens to is nothing for the pool
            except DBAPIError as error:
                log.warning("bell.database_unreachable", error=str(error.orig))
            except Exception:  # the driver's own errors come through here; the loops poll meanwhile
                log.exception("bell.failed")
            self._stop.wait(AGAIN_AFTER.total_seconds())

    def _listen(self, connection: Connection) -> None:
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        for channel in self._wake:
            connection.execute(text(f"LISTEN {channel}"))
        self._ring(*self._wake)  # for what came before we listened
        driver: Any = connection.connection.driver_connection
        while not self._stop.is_set():
            for told in driver.notifies(timeout=ROUND.total_seconds(), stop_after=1):
                self._ring(told.channel)

    def _watch(self, connection: Connection) -> None:
        version = None
        while not self._stop.wait(LOOK_EVERY.total_seconds()):
            # Changes whenever another connection has committed (SQLite, PRAGMA data_version).
            found = connection.exec_driver_sql("PRAGMA data_version").scalar()
            connection.rollback()  # within one transaction it would never change
            if found != version:
                version = found
                self._ring(*self._wake)

    def _ring(self, *channels: str) -> None:
        for channel in channels:
            self._wake[channel]()
