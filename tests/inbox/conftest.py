"""A real inbox on a free port: SQLite in a scratch folder, the committer, the listener."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session, sessionmaker

from bot import storage
from bot.inbox.commit import Committer
from bot.inbox.smtp import Listener
from mailer.base import Base
from tests.inbox.door import NOON, Door, Raw


@pytest.fixture
def sessions(tmp_path: Path) -> Iterator[sessionmaker[Session]]:
    """The desk's own writing sessions on a fresh database."""
    opened = storage.open_storage(f"sqlite:///{tmp_path / 'inbox.db'}")
    Base.metadata.create_all(opened.engine, tables=[Base.metadata.tables["inbound_mail"]])
    yield opened.write
    opened.close()


@pytest.fixture
def open_door(sessions: sessionmaker[Session], tmp_path: Path) -> Iterator[Callable[..., Door]]:
    """Open doors; whatever is open at the end is closed."""
    opened: list[Door] = []

    def start(
        *,
        size_limit_bytes: int = 1_000_000,
        accepts: Callable[[str], bool] = lambda address: address.lower().endswith("@contest.test"),
        **settings: Any,
    ) -> Door:
        committer = Committer(sessions)
        committer.start()
        listener = Listener(
            "127.0.0.1",
            0,
            committer,
            size_limit_bytes=size_limit_bytes,
            hostname="mx.contest.test",
            accepts=accepts,
            **({"clock": lambda: NOON} | settings),
        )
        opened.append(Door(listener.start(), listener, committer, tmp_path / "inbox.db"))
        return opened[-1]

    yield start
    for door in opened:
        door.listener.stop(deadline_s=1)
        door.committer.stop()


@pytest.fixture
def door(open_door: Callable[..., Door]) -> Door:
    """A door with the usual limits."""
    return open_door()


@pytest.fixture
def connect() -> Iterator[Callable[[Door], Raw]]:
    """Open connections; all are closed at the end."""
    opened: list[Raw] = []

    def open_one(door: Door) -> Raw:
        opened.append(Raw(door.port))
        return opened[-1]

    yield open_one
    for connection in opened:
        connection.close()


@pytest.fixture
def raw(door: Door, connect: Callable[[Door], Raw]) -> Raw:
    """One connection to the usual door."""
    return connect(door)
