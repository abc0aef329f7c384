"""What the bot's tests start from: a small edition, read once, and desks over fresh databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot import storage as stores
from bot.storage import Storage
from bot.understanding import Understanding
from faq import library
from faq.entry import Mode
from faq.library import Library
from tests.bot.command import Command, Server
from tests.bot.office import EDITION, Office
from tests.servers.postgres import Postgres


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where fits are kept: each library is fitted once a session."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def edition() -> Library:
    return library.load(EDITION)


@pytest.fixture(scope="session")
def packaged() -> Library:
    """The 2020 edition, as it is shipped."""
    return library.load(library.PACKAGED)


@pytest.fixture(scope="session")
def understands(cache: Path) -> Callable[..., Understanding]:
    """understands(default_mode=..., sessions=...): an engine over the small edition, letters alone."""

    def build(
        *, default_mode: Mode = Mode.AUTO, sessions: stores.Sessions | None = None, folder: Path = EDITION
    ) -> Understanding:
        return Understanding(
            folder=folder, encoders="none", default_mode=default_mode, cache=cache, sessions=sessions
        )

    return build


@pytest.fixture(scope="session")
def understanding(understands: Callable[..., Understanding]) -> Understanding:
    """The files alone, everything automatic."""
    return understands()


@pytest.fixture
def office(storage: Storage, understanding: Understanding) -> Office:
    """A desk over an empty database; the test runs on both kinds."""
    return Office(storage=storage, understanding=understanding)


@pytest.fixture
def small_storage(migrated_file: Path, tmp_path: Path) -> Iterator[Storage]:
    """An empty SQLite database, for tests that ask nothing of the other kind."""
    copy = tmp_path / "small.sqlite"
    copy.write_bytes(migrated_file.read_bytes())
    opened = stores.open_storage(f"sqlite:///{copy}")
    yield opened
    opened.close()


@pytest.fixture
def small_office(small_storage: Storage, understanding: Understanding) -> Office:
    """A desk over an empty SQLite database."""
    return Office(storage=small_storage, understanding=understanding)


@pytest.fixture
def server_office(
    postgres: Postgres, migrated_template: str, understanding: Understanding
) -> Iterator[Office]:
    """A desk over an empty PostgreSQL database, for tests of what happens at the same time."""
    name = postgres.create_database(template=migrated_template)
    opened = stores.open_storage(postgres.url(name))
    yield Office(storage=opened, understanding=understanding)
    opened.close()
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def command_server() -> Server:
    """A process that has read the heavy libraries, from which commands are forked."""
    return Server()


@pytest.fixture
def command(command_server: Server, cache: Path, tmp_path: Path) -> Command:
    """command("ask", "..."): runs contestdesk in a process of its own, in an empty folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    return Command(server=command_server, folder=folder, cache=cache, edition=EDITION)
