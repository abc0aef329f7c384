"""The measured desk: a process of its own that tells its port and ends with its parent.

``python -m bot.bench.desk ORDER``, where ORDER is an ``Order`` as JSON.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, event

from bot import logs, settings
from bot.app import App, Role
from bot.inbox import commit


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How this desk differs from one that ``contestdesk serve`` would start."""

    settings: Mapping[str, Any]
    roles: tuple[str, ...] = (Role.ALL.value,)
    #: Slept at each commit, as a slow disk would.
    flush_delay_ms: float = 0.0
    #: 1 for the peer that commits each mail by itself.
    mails_per_commit: int | None = None


def main() -> None:
    """Run until told to stop, or until the parent is gone."""
    given = json.loads(sys.argv[1])
    order = Order(**given)
    logs.configure("json")
    if order.flush_delay_ms:
        seconds = order.flush_delay_ms / 1000
        event.listen(Engine, "commit", lambda _connection: time.sleep(seconds))
    if order.mails_per_commit:
        commit.BATCH_MAILS = order.mails_per_commit
    app = App(settings.read(**order.settings), roles=[Role(name) for name in order.roles])
    opened = app.start()
    sys.stdout.write(json.dumps({"port": opened.smtp_port}) + "\n")
    sys.stdout.flush()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    app.run_until_signal()


def _end_with_parent() -> None:
    sys.stdin.read()  # returns when the parent has closed its end, however it ended
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
