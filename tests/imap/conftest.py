"""A Dovecot for each test that asks for one, and watches of its mailbox."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.storage import Storage, open_storage
from tests.imap.watching import Watching, watched
from tests.scenarios.conftest import (  # noqa: F401  the same fixtures, for these tests too
    migrated_sqlite,
    serve,
    sqlite_url,
    warm_cache,
)
from tests.servers import dovecot as servers
from tests.servers.dovecot import Dovecot
from tests.servers.link import Link

StartDovecot = Callable[..., Dovecot]
Watch = Callable[..., Watching]
Join = Callable[..., Link]


@pytest.fixture
def start_dovecot() -> Iterator[StartDovecot]:
    """start_dovecot(settings=..., certificate=...): a provider with an empty mailbox."""
    missing = servers.why_not()
    if missing is not None:
        pytest.skip(missing)
    with ExitStack() as stack:
        yield lambda **given: stack.enter_context(servers.running(**given))


@pytest.fixture(scope="session")
def provider() -> Iterator[Iterator[Dovecot]]:
    """The session's own Dovecot: one empty mailbox after the other."""
    missing = servers.why_not()
    if missing is not None:
        pytest.skip(missing)
    with servers.running() as server:
        yield (replace(server, user=user) for user in servers.USERS)


@pytest.fixture
def dovecot(provider: Iterator[Dovecot]) -> Dovecot:
    """An empty mailbox at a provider."""
    return next(provider)


@pytest.fixture
def desk_storage(migrated_file: Path, tmp_path: Path) -> Iterator[Storage]:
    """An empty SQLite database, for tests that ask nothing of the other kind."""
    copy = tmp_path / "desk.sqlite"
    copy.write_bytes(migrated_file.read_bytes())
    opened = open_storage(f"sqlite:///{copy}")
    yield opened
    opened.close()


@pytest.fixture
def link() -> Iterator[Join]:
    """link(port, ...): a link to a server on this machine that can fall silent."""
    with ExitStack() as stack:

        def join(port: int, **touches: Any) -> Link:
            made = Link(port, **touches)
            stack.callback(made.close)
            return made

        yield join


@pytest.fixture
def watch(desk_storage: Storage) -> Iterator[Watch]:
    """watch(server, pace=..., storage=..., **how): the mailbox is watched; all end with the test."""
    with ExitStack() as stack:

        def start(server: Dovecot, *, storage: Storage = desk_storage, **how: Any) -> Watching:
            kept = {name: how.pop(name) for name in ("pace", "context") if name in how}
            made = Watching(storage=storage, watched=watched(server, **how), **kept)
            stack.callback(made.stop)
            return made.start()

        yield start
