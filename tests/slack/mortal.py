"""A desk that is killed again and again: forked from a process that has read everything.

A line on standard input starts a life; the parent says its process id and waits for its end. What a life
leaves is what is on disk.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot import storage as stores
from bot.clock import real_now
from bot.loop import Loop
from bot.understanding import Understanding
from faq.entry import Mode
from mailer import sending
from tests.bot.office import EDITION
from tests.slack.help_desk import HelpDesk, settings_of
from tests.slack_standin.driver import Workspace

#: A dead life's rows are found so long after; a call to the stand-in takes a hundredth of it.
LEASE = timedelta(seconds=2)
SWEEP_EVERY = timedelta(seconds=0.3)


def main() -> None:
    """Read what to run, then start a life for each line."""
    told = json.loads(sys.stdin.readline())
    understanding = Understanding(
        folder=EDITION, encoders="none", default_mode=Mode.AUTO, cache=Path(told["cache"]), sessions=None
    )
    for _line in sys.stdin:
        life = os.fork()
        if life == 0:
            _live(told, understanding)
        sys.stdout.write(f"{life}\n")
        sys.stdout.flush()
        os.waitpid(life, 0)


def _live(told: dict[str, Any], understanding: Understanding) -> None:
    # Only the parent reads on; a life ends by kill -9.
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1):
        os.dup2(nowhere, stream)
    # A life that outlives its test would answer the next one's messages.
    _die_with_parent()
    storage = stores.open_storage(told["database"])
    workspace = Workspace(told["url"], told["identity"])
    settings = settings_of(workspace, Path(told["folder"]), slack_triage_channel=told["triage"])
    desk = HelpDesk(storage, workspace, understanding, settings, lease=LEASE)

    def sweep() -> None:
        with storage.write.begin() as session:
            sending.sweep(session, real_now=real_now())

    Loop("sweep", sweep, poll=SWEEP_EVERY).start()
    desk.start()
    signal.pause()


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


if __name__ == "__main__":
    main()
