"""What the mailer's tests start from: a database, an identity, and a relay that follows a script."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session, sessionmaker

from bot import storage
from mailer.base import Base
from tests.mailer.letters import Scripted


@pytest.fixture
def sessions(database_url: str) -> Iterator[sessionmaker[Session]]:
    """Writing sessions on an empty database with all tables."""
    opened = storage.open_storage(database_url)
    Base.metadata.create_all(opened.engine)
    yield opened.write
    opened.close()


@pytest.fixture
def relay() -> Scripted:
    return Scripted()
