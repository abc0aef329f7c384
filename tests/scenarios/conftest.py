"""Fixtures of the whole stories: desks in processes of their own, all ended with the test."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.storage import Storage, open_storage
from tests.scenarios.serving import Desk, command, environment
from tests.servers.sink import Sink

Start = Callable[..., Desk]


@pytest.fixture(scope="session")
def warm_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for what the engine works out at its first start, for all desks of the session."""
    folder = tmp_path_factory.mktemp("cache")
    variables = environment(folder, cache=folder)
    first = command(variables, "ask", "접수 마감이 언제인가요?", folder=folder)
    assert first.returncode == 0, first.stderr
    return folder


@pytest.fixture
def sqlite_url(tmp_path: Path, migrated_file: Path) -> str:
    """The URL of an SQLite file with all tables and no row."""
    copy = tmp_path / "desk.sqlite"
    shutil.copyfile(migrated_file, copy)
    return f"sqlite:///{copy}"


@pytest.fixture
def migrated_sqlite(sqlite_url: str) -> Iterator[Storage]:
    """The database of `sqlite_url`, opened beside the desk."""
    opened = open_storage(sqlite_url)
    yield opened
    opened.close()


@pytest.fixture
def serve(tmp_path: Path, warm_cache: Path) -> Iterator[Start]:
    """serve(url, *roles, sink=..., **settings): a started desk; `settings` are variables without prefix."""
    started: list[Desk] = []

    def start(url: str, *roles: str, sink: Sink | None = None, **settings: str) -> Desk:
        relay = {"SMTP_RELAY_URL": f"smtp://127.0.0.1:{sink.port}"} if sink else {}
        variables = environment(tmp_path / "desk", cache=warm_cache, DATABASE_URL=url, **(relay | settings))
        desk = Desk(variables, tmp_path / "desk", *roles)
        started.append(desk)
        return desk.start()

    yield start
    for desk in started:
        desk.close()
