"""Ends the process by SIGKILL at a named point of taking a mail from a mailbox.

A test puts this folder on PYTHONPATH and names the point in CRASH_AT; Python reads this file at its start.
The desk's own code is as it is shipped: the points are calls of the open folder's methods and events of
the database library.
"""

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

POINT = os.environ.get("CRASH_AT", "")


def die(*_ignored: object) -> None:
    """End as power does for a process: nothing is flushed, closed or answered."""
    os.kill(os.getpid(), signal.SIGKILL)


def after_fetch() -> None:
    """The octets are here, and nothing is stored."""
    from bot.inbox.mailbox import Folder

    fetch = Folder.fetch

    def fetch_and_die(self: Any, uid: int, *, limit_bytes: int) -> bytes | None:
        fetch(self, uid, limit_bytes=limit_bytes)
        die()
        return None

    Folder.fetch = fetch_and_die  # type: ignore[method-assign]  # for this process only


def before_commit() -> None:
    """The mail is written, and the transaction is open."""
    from sqlalchemy import Engine, event

    def commit(_connection: object) -> None:
        if threading.current_thread().name == "committer":
            die()

    event.listen(Engine, "commit", commit)


def before_mark() -> None:
    """The mail is stored, and the mailbox does not show it."""
    from bot.inbox.mailbox import Folder

    Folder.settle = die  # type: ignore[method-assign,assignment]  # for this process only


def after_mark() -> None:
    """The mailbox shows it, and we have not written down that it does."""
    from bot.inbox.mailbox import Folder

    settle = Folder.settle

    def settle_and_die(self: Any, uids: Any) -> None:
        settle(self, uids)
        if uids:
            die()

    Folder.settle = settle_and_die  # type: ignore[method-assign]  # for this process only


POINTS: dict[str, Callable[[], None]] = {
    "after_fetch": after_fetch,
    "before_commit": before_commit,
    "before_mark": before_mark,
    "after_mark": after_mark,
}
if POINT:
    POINTS[POINT]()
