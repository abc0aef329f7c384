"""A scheduler in a process of its own, which may be killed at any statement it sends."""

from __future__ import annotations

import multiprocessing
import os
import signal
from datetime import datetime
from multiprocessing.synchronize import Barrier
from typing import Any

from sqlalchemy import event

from bot import reminding
from bot.storage import open_storage
from faq.library import Library
from tests.bot.command import PRELOADED
from tests.bot.office import DESK
from tests.bot.season import MINUTE

#: Forked from a process that has nothing open.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(list(PRELOADED))
#: People in one transaction, so that a tick is many.
BATCH = 20
PATIENCE_SECONDS = 60


def run(
    url: str,
    library: Library,
    now: datetime,
    ticks: int,
    dies_at: int | None = None,
    together: Barrier | None = None,
) -> None:
    """Tick so many times, a minute apart.

    It is killed before the statement or commit ``dies_at``, counted from the one that writes first.
    """
    reminding.BATCH = BATCH
    storage = open_storage(url)
    if dies_at is not None:
        sent = 0

        def count(_connection: Any, *about: Any) -> None:
            nonlocal sent
            sent += bool(sent or (about and "INSERT INTO outbox_mail" in about[1]))
            if sent == dies_at:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(storage.engine, "before_cursor_execute", count)
        event.listen(storage.engine, "commit", count)
    if together is not None:
        together.wait(PATIENCE_SECONDS)
    for number in range(ticks):
        reminding.tick(storage, library, DESK, now=now + number * MINUTE)
    storage.close()


def start(url: str, library: Library, now: datetime, ticks: int, **how: Any) -> Any:
    """Start a scheduler; join it to wait for its end."""
    process: Any = PROCESSES.Process(target=run, args=(url, library, now, ticks), kwargs=how)
    process.start()
    return process


def ended(process: Any) -> int:
    """Wait for its end, and return its exit code."""
    process.join(PATIENCE_SECONDS)
    code: int = process.exitcode
    process.close()
    return code
