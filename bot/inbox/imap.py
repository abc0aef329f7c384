"""Watches a mailbox that lives elsewhere, with a thread and a connection for each folder."""

from __future__ import annotations

import ssl
import time

from bot.clock import ContestClock, real_now
from bot.desk import Desk
from bot.inbox import place
from bot.inbox.account import Watched
from bot.inbox.commit import Committer
from bot.inbox.login import LoginGate
from bot.inbox.watch import FolderWatch, Pace
from bot.storage import Storage


class ImapDoor:
    """All watched folders of a mailbox, each with a thread and a connection of its own."""

    def __init__(
        self,
        watched: Watched,
        committer: Committer,
        storage: Storage,
        desk: Desk,
        clock: ContestClock,
        *,
        pace: Pace | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """``context`` stands for the machine's own certificate authorities when None."""
        self._watched = watched
        self._storage = storage
        gate = LoginGate()
        self._folders = [
            FolderWatch(
                folder,
                watched=watched,
                committer=committer,
                storage=storage,
                desk=desk,
                clock=clock,
                gate=gate,
                pace=pace or Pace(),
                context=context,
            )
            for folder in watched.folders
        ]

    def start(self) -> None:
        """Begin to watch; a server that is away is no reason not to."""
        with self._storage.write.begin() as session:
            name, folders = self._watched.account.name, self._watched.folders
            place.begin(session, name, folders, start=self._watched.start, real_now=real_now())
        for folder in self._folders:
            folder.thread.start()

    def ask_to_stop(self) -> None:
        """Finish the mail in hand, take no further one; returns at once, and breaks out of IDLE."""
        for folder in self._folders:
            folder.ask_to_stop()

    def stop(self, *, deadline_s: float = 10.0) -> bool:
        """Leave, cutting the connection where the server keeps us; False when the deadline passed first."""
        self.ask_to_stop()
        ends = time.monotonic() + deadline_s
        self._join(ends - deadline_s / 2)
        for folder in self._folders:
            folder.cut()
        self._join(ends)
        return not any(folder.thread.is_alive() for folder in self._folders)

    def _join(self, until_s: float) -> None:
        for folder in self._folders:
            if folder.thread.is_alive():
                folder.thread.join(max(0.05, until_s - time.monotonic()))
