"""The demo's Slack: questions asked in the stand-in's workspace, and what came of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot import staff
from bot.samples import SlackSample
from bot.standin import Standin
from bot.storage import Storage
from bot.tables import StaffRole

PATIENCE_SECONDS = 60.0
#: Who may do what at the demo's desk, by the names in the stand-in.
STAFF = (("staff-a", StaffRole.ADMIN), ("staff-b", StaffRole.APPROVER))

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question as it stands in the workspace."""

    channel: str
    ts: str


def employ(standin: Standin, storage: Storage, *, now: datetime) -> None:
    """Make the stand-in's staff people of this desk."""
    ids = _ids(standin)
    with storage.write.begin() as session:
        for name, role in STAFF:
            address = f"{name}@contest.test"
            staff.add(session, address, name=name, role=role, slack_id=ids[name], now=now)


def wait_until_heard(standin: Standin) -> bool:
    """Wait until the desk holds a connection; False if it takes too long."""
    return _wait(standin, lambda: standin.order("look/sockets"))


def ask(standin: Standin, sample: SlackSample) -> Asked:
    """Let somebody of the workspace ask."""
    user = _ids(standin)[sample.person]
    if sample.channel:
        [channel] = [
            one["id"] for one in standin.order("look/channels", user=user) if one["name"] == sample.channel
        ]
    else:
        channel = standin.order("im", user=user)
    ts = standin.order(
        "say",
        user=user,
        channel=channel,
        text=sample.text,
        files=[],
        blocks=[],
    )
    return Asked(channel=channel, ts=ts)


def show_answer(standin: Standin, asked: Asked, say: Say) -> bool:
    """Wait for the desk's answer in the thread, and show its words; False if none comes."""
    if not _wait(standin, lambda: _answers(standin, asked)):
        return False
    for message in _answers(standin, asked):
        say("  → out in the thread")
        for line in str(message["text"]).splitlines():
            say(f"    │ {line}")
    return True


def _answers(standin: Standin, asked: Asked) -> list[dict[str, Any]]:
    thread = standin.order("look/messages", channel=asked.channel, thread_ts=asked.ts)
    return [one for one in thread if "bot_id" in one]


def _ids(standin: Standin) -> dict[str, str]:
    return {one["name"]: one["id"] for one in standin.order("look/people")}


def _wait(standin: Standin, condition: Callable[[], object]) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        seen = standin.order("changes", after=-1, timeout=0.0)
        if condition():
            return True
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        # It answers as soon as anything has changed there.
        standin.order("changes", after=seen, timeout=left)
