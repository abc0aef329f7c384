"""Told to end with fifty sessions open: mail.md's check 34."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.storage import Storage, open_storage
from bot.tables import InboundMail
from tests.inbox.door import MAIL, Raw
from tests.scenarios.serving import Desk, environment

pytestmark = pytest.mark.long

OF_EACH = 10


@pytest.fixture
def stored(migrated_url: str) -> Iterator[Storage]:
    """The desk's database."""
    opened = open_storage(migrated_url)
    yield opened
    opened.close()


@pytest.fixture
def intake(migrated_url: str, tmp_path: Path) -> Iterator[Desk]:
    """The mail door as a process of its own."""
    variables = environment(tmp_path, cache=tmp_path / "cache", DATABASE_URL=migrated_url)
    desk = Desk(variables, tmp_path, "intake").start()
    yield desk
    desk.close()


def numbered(group: str, number: int) -> bytes:
    return MAIL + f"{group} {number}\r\n".encode()


def open_sessions(port: int) -> dict[str, list[Raw]]:
    """Ten sessions at each stage of a mail."""
    sessions = {
        stage: [Raw(port) for _ in range(OF_EACH)]
        for stage in ("greeted", "in_envelope", "in_data", "endless", "stored")
    }
    for one in sessions["greeted"]:
        one.line()
    for one in sessions["in_envelope"]:
        one.to_mail()
    for stage in ("in_data", "endless", "stored"):
        for number, one in enumerate(sessions[stage]):
            one.to_data()
            one.socket.sendall(numbered(stage, number))
    for one in sessions["stored"]:
        assert one.say(b".\r\n")[:3] == b"250"
    return sessions


def test_check_34_sigterm_with_fifty_sessions_open_loses_nothing(
    intake: Desk, stored: Storage, connect_port: Callable[[int], Raw]
) -> None:
    sessions = open_sessions(intake.smtp_port)
    ended: list[tuple[int, float]] = []
    ending = threading.Thread(target=lambda: ended.append(intake.terminate()))
    ending.start()
    dismissed = [one.line()[:3] for stage in ("greeted", "in_envelope", "stored") for one in sessions[stage]]
    newcomer = connect_port(intake.smtp_port).line()[:3]
    finished = [one.say(b".\r\n")[:3] for one in sessions["in_data"]]
    began = time.monotonic()
    cut = [one.line()[:3] for one in sessions["endless"]]
    waited_s = time.monotonic() - began
    ending.join()
    for group in sessions.values():
        for one in group:
            one.close()
    with stored.read() as session:
        kept = Counter(session.scalars(select(InboundMail.raw)))

    assert dismissed == [b"421"] * 3 * OF_EACH
    assert newcomer == b"421"
    assert finished == [b"250"] * OF_EACH
    assert cut == [b"421"] * OF_EACH
    assert waited_s < 10
    assert kept == Counter(
        numbered(stage, number) for stage in ("in_data", "stored") for number in range(OF_EACH)
    )
    assert (ended[0][0], ended[0][1] < 10) == (0, True)


@pytest.fixture
def connect_port() -> Iterator[Callable[[int], Raw]]:
    """Open connections to a port; all are closed at the end."""
    opened: list[Raw] = []

    def open_one(port: int) -> Raw:
        opened.append(Raw(port))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()
