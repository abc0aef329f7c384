"""What several threads have to write is committed together: one turn at the database, one flush."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy.orm import Session, sessionmaker

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    write: Callable[[Session], Any]
    done: Future[Any] = field(default_factory=Future)


class Ledger:
    """Writes entries of any threads, each once; who writes waits until its entry is on disk.

    The thread that gets its turn first writes for all that have come until then. Where a worker settles
    many mails at a time in the same file, senders would else get one small turn after each.
    """

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self._sessions = sessions
        self._turn = threading.Lock()
        self._guard = threading.Lock()
        self._waiting: list[_Entry] = []

    def write(self, write: Callable[[Session], T]) -> T:
        """Run ``write`` in a transaction, committed on return; raises what ``write`` or the commit raises.

        It may be run twice, when another entry of the same transaction fails; only once it is committed.
        """
        entry = _Entry(write=write)
        with self._guard:
            self._waiting.append(entry)
        with self._turn:
            if not entry.done.done():
                self._commit()
        result: T = entry.done.result()
        return result

    def _commit(self) -> None:
        entries: list[_Entry] = []
        try:
            with self._sessions.begin() as session:
                session.connection()  # our turn at the database; those who came meanwhile join
                entries = self._take()
                results = [entry.write(session) for entry in entries]
        except Exception as error:  # told to each thread that waits for it
            self._alone(entries or self._take(), error)
            return
        for entry, result in zip(entries, results, strict=True):
            entry.done.set_result(result)

    def _take(self) -> list[_Entry]:
        with self._guard:
            taken, self._waiting = self._waiting, []
        return taken

    def _alone(self, entries: list[_Entry], error: Exception) -> None:
        """One of them did it, and takes none of the others with it."""
        if len(entries) == 1:
            entries[0].done.set_exception(error)
            return
        for entry in entries:
            try:
                with self._sessions.begin() as session:
                    result = entry.write(session)
            except Exception as own:  # told to the thread that waits for it
                entry.done.set_exception(own)
            else:
                entry.done.set_result(result)
