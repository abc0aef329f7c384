"""Ends the process by SIGKILL at a named point of taking mail; Python reads this file at its start.

A test puts this folder on PYTHONPATH and names the point in CRASH_AT (and in CRASH_COUNT which passage
of it), then runs the ordinary command. The desk's own code is as it is shipped: the points are found by
events of the database library, by SQLite's own table of system calls, and by calls of the door's methods.
"""

import ctypes
import os
import signal
import threading
from collections.abc import Callable
from typing import Any

POINT = os.environ.get("CRASH_AT", "")
COUNT = int(os.environ.get("CRASH_COUNT", "2"))

_passed = 0


def passing() -> bool:
    """Count a passage; True from the one on at which to end."""
    global _passed  # noqa: PLW0603  one counter for the one point of this process
    _passed += 1
    return _passed >= COUNT


def die() -> None:
    """End as power does for a process: nothing is flushed, closed or answered."""
    os.kill(os.getpid(), signal.SIGKILL)


def pass_by(*_ignored: object) -> None:
    """Count a passage of the committer, and end at the last."""
    if threading.current_thread().name == "committer" and passing():
        die()


def after_mail() -> None:
    from bot.inbox.conversation import Conversation

    obey = Conversation.smtp_MAIL

    async def smtp_mail(self: Any, arg: str) -> None:
        await obey(self, arg)
        if passing():
            die()

    Conversation.smtp_MAIL = smtp_mail  # type: ignore[method-assign]  # for this process only


def mid_data() -> None:
    from bot.inbox.conversation import Conversation

    receive = Conversation.data_received

    def data_received(self: Any, octets: bytes) -> None:
        if self.in_data and not octets.endswith(b"\r\n.\r\n") and passing():
            die()
        receive(self, octets)

    Conversation.data_received = data_received  # type: ignore[method-assign]  # for this process only


def before_write() -> None:
    from sqlalchemy import Engine, event

    def execute(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("INSERT INTO inbound_mail"):
            pass_by()

    event.listen(Engine, "before_cursor_execute", execute)


def before_commit() -> None:
    from sqlalchemy import Engine, event

    event.listen(Engine, "commit", pass_by)


def before_250() -> None:
    from sqlalchemy import event
    from sqlalchemy.orm import Session

    event.listen(Session, "after_commit", pass_by)


def after_250() -> None:
    from bot.inbox.conversation import Conversation

    answer = Conversation.push

    async def push(self: Any, status: Any) -> None:
        await answer(self, status)
        if str(status).startswith("250 2.0.0") and passing():
            die()

    Conversation.push = push  # type: ignore[method-assign]  # for this process only


class Vfs(ctypes.Structure):
    """SQLite's table of a virtual file system (sqlite3.h), up to the system calls it lets tests replace."""

    _fields_ = (
        ("version", ctypes.c_int),
        ("size_of_file", ctypes.c_int),
        ("longest_path", ctypes.c_int),
        ("next", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("data", ctypes.c_void_p),
        ("methods", ctypes.c_void_p * 13),
        (
            "set_system_call",
            ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p),
        ),
    )


Write = ctypes.CFUNCTYPE(ctypes.c_ssize_t, ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t)
WriteAt = ctypes.CFUNCTYPE(ctypes.c_ssize_t, ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int64)
FRAME_HEADER_BYTES = 24
_kept: list[object] = []


def in_commit_frame(*, whole: bool) -> None:
    """End within the write of a transaction's last frame to the write-ahead log, or after it and before fsync.

    The frame's header says that it is the last by the size of the database (SQLite file format §4.1).
    """
    import _sqlite3

    armed = [False]

    def write(file: int, octets: int, size: int, at: int | None) -> int:
        if not os.readlink(f"/proc/self/fd/{file}").endswith("-wal"):
            return put(file, ctypes.string_at(octets, size), at)
        if size == FRAME_HEADER_BYTES:
            header = ctypes.string_at(octets, size)
            armed[0] = (
                header[4:8] != bytes(4) and threading.current_thread().name == "committer" and passing()
            )
        elif armed[0]:
            put(file, ctypes.string_at(octets, size if whole else size // 2), at)
            die()
        return put(file, ctypes.string_at(octets, size), at)

    library = ctypes.CDLL(_sqlite3.__file__)
    library.sqlite3_vfs_find.restype = ctypes.POINTER(Vfs)
    vfs = library.sqlite3_vfs_find(None)
    plain = Write(lambda file, octets, size: write(file, octets, size, None))
    placed = WriteAt(write)
    for name, call in ((b"write", plain), (b"pwrite", placed), (b"pwrite64", placed)):
        _kept.append(call)  # SQLite holds the address only
        vfs.contents.set_system_call(
            ctypes.cast(vfs, ctypes.c_void_p), name, ctypes.cast(call, ctypes.c_void_p)
        )


def put(file: int, octets: bytes, at: int | None) -> int:
    return os.write(file, octets) if at is None else os.pwrite(file, octets, at)


POINTS: dict[str, Callable[[], None]] = {
    "after_mail": after_mail,
    "mid_data": mid_data,
    "before_write": before_write,
    "mid_write": lambda: in_commit_frame(whole=False),
    "before_fsync": lambda: in_commit_frame(whole=True),
    "before_commit": before_commit,
    "before_250": before_250,
    "after_250": after_250,
}
if POINT:
    POINTS[POINT]()
