"""Questions at a steady number in flight, for the bench: each of somebody else, so that no limit binds."""

import asyncio
import time
from collections.abc import Sequence

from tests.slack_standin import people
from tests.slack_standin.delivery import Team
from tests.slack_standin.state import Payload

PATIENCE_SECONDS = 60.0


def add_people(team: Team, *, count: int) -> list[str]:
    """Let so many people join, each with a conversation with the app."""
    users = [team.workspace.add_user(f"asker-{number}").id for number in range(count)]
    for user in users:
        team.workspace.im(user)
    return users


async def run(team: Team, *, users: Sequence[str], texts: Sequence[str], in_flight: int) -> Payload:
    """Let each of them ask once, so many at a time; the next asks when one has an answer in the thread."""
    waiting = list(enumerate(users))
    answer_ms: list[float] = []
    asked: list[str] = []
    missed = 0

    async def ask() -> None:
        nonlocal missed
        while waiting:
            number, user = waiting.pop()
            began = time.perf_counter()
            channel = team.workspace.im(user)
            said = people.say(team, user=user, channel=channel.id, text=texts[number % len(texts)])
            asked.append(said["client_msg_id"])
            if await _answered(team, channel.id, said["ts"], began):
                answer_ms.append((time.perf_counter() - began) * 1000)
            else:
                missed += 1

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(in_flight):
            group.create_task(ask())
    seconds = time.perf_counter() - began
    return {
        "answered": len(answer_ms),
        "missed": missed,
        "seconds": seconds,
        "per_s": len(answer_ms) / seconds,
        "answer_ms": answer_ms,
        "ack_ms": _ack_ms(team, set(asked)),
    }


async def _answered(team: Team, channel: str, ts: str, began: float) -> bool:
    """Wait for the app's answer in the thread of a message."""
    messages = team.workspace.channels[channel].messages
    changes = team.workspace.changes
    while True:
        seen = changes.count
        if any(one.get("thread_ts") == ts and "bot_id" in one for one in messages.values()):
            return True
        left = began + PATIENCE_SECONDS - time.perf_counter()
        if left <= 0:
            return False
        await changes.after(seen, left)


def _ack_ms(team: Team, asked: set[str]) -> list[float]:
    return [
        attempt.acked_ms
        for delivery in team.deliveries.all
        if delivery.payload.get("event", {}).get("client_msg_id") in asked
        for attempt in delivery.attempts
        if attempt.acked_ms is not None
    ]
