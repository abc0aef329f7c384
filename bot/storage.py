"""The database: engines, sessions and migrations; nobody else makes one."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, create_engine, event, make_url, select, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

import bot.roster_tables
import bot.schedule_tables
import bot.slack.tables
import bot.slack.triage_tables
import bot.tables
import bot.writing_tables  # noqa: F401  the rows register themselves in the one MetaData
import mailer.campaign_tables
import mailer.tables  # noqa: F401  likewise

log = structlog.get_logger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
#: Any number will do as long as all our processes use the same one.
UPGRADE_LOCK = 5_050_001

Sessions = sessionmaker[Session]


class StorageError(Exception):
    """The database cannot be used; the message says what to mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """Two ways into one database: ``write`` takes the writer's lock at once, ``read`` never writes."""

    engine: Engine
    write: Sessions
    read: Sessions

    def close(self) -> None:
        """Give back all connections."""
        self.write.kw["bind"].dispose()
        self.read.kw["bind"].dispose()

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self.engine.dialect.name


def open_storage(url: str) -> Storage:
    """Connect, without creating tables.

    Raises:
        StorageError: the URL is not understood, or nobody answers there.
    """
    try:
        parsed = make_url(url)
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        storage = _sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _server(parsed)
        with storage.engine.connect() as connection:
            connection.execute(select(1))
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:
        raise StorageError(f"CONTESTDESK_DATABASE_URL is not understood: {error}") from error
    except (SQLAlchemyError, OSError) as error:
        shown = parsed.render_as_string(hide_password=True)
        raise StorageError(f"database unreachable at {shown}: {_first_line(error)}") from error
    return storage


def _sqlite(url: URL) -> Storage:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    options: dict[str, Any] = {"isolation_level": None, "timeout": 30, "check_same_thread": False}
    # One writer at a time is SQLite's rule; queueing here is cheaper than colliding there.
    writer = create_engine(url, pool_size=1, max_overflow=0, pool_timeout=30, connect_args=options)
    reader = create_engine(url, pool_size=4, connect_args=options)
    event.listen(writer, "connect", _prepare)
    event.listen(reader, "connect", _prepare_reader)
    turn = _Turn(Path(f"{url.database}.turn")) if url.database and url.database != ":memory:" else None
    event.listen(writer, "begin", lambda connection: _begin_writing(connection, turn))
    if turn is not None:
        event.listen(writer, "checkin", lambda _connection, _record: turn.end())
        event.listen(writer, "engine_disposed", lambda _engine: turn.close())
    event.listen(reader, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return Storage(engine=writer, write=_sessions(writer), read=_sessions(reader))


def _begin_writing(connection: Connection, turn: _Turn | None) -> None:
    if turn is not None:
        turn.wait()
    # A deferred BEGIN that turns into a write fails with "database is locked" whatever the timeout.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


class _Turn:
    """The queue of processes that want to write to one SQLite file.

    SQLite lets a writer that finds the file locked sleep and look again, up to 100 ms at a time, so that
    a door beside a busy worker might wait for long. The kernel wakes who waits for a lock on a file at
    once. It is no more than courtesy: who does not queue is still kept out by SQLite's own lock, and a
    queue that cannot be had (a read-only folder) is done without.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        #: Not a file object: a desk that is simply ended leaves it to the system.
        self._file: int | None = None

    def wait(self) -> None:
        """Wait until nobody else writes; one thread of a process at a time, which the pool sees to."""
        try:
            if self._file is None:
                self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX)
        except OSError as error:
            log.warning("storage.no_queue", path=str(self._path), error=error.strerror)

    def end(self) -> None:
        """Let the next one write."""
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Leave the queue for good, or until the next turn is wanted."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    # FULL: a commit is on disk before we say 250.
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA busy_timeout=30000")
    connection.execute("PRAGMA foreign_keys=ON")


def _prepare_reader(connection: sqlite3.Connection, record: object) -> None:
    _prepare(connection, record)
    connection.execute("PRAGMA query_only=ON")


def _server(url: URL) -> Storage:
    engine = create_engine(url, pool_size=5, max_overflow=5, pool_pre_ping=True)
    return Storage(engine=engine, write=_sessions(engine), read=_sessions(engine))


def _sessions(engine: Engine) -> Sessions:
    return sessionmaker(engine, expire_on_commit=False)


def upgrade(storage: Storage) -> str:
    """Bring the tables to the newest revision and return its name; safe from several processes at once."""
    from alembic import command  # noqa: PLC0415  slow to load
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415  slow to load

    with storage.engine.begin() as connection, _upgrade_lock(connection, storage.dialect):
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        return str(MigrationContext.configure(connection).get_current_revision())


def alembic_config() -> Any:
    """Alembic, configured in code: no ini file to find."""
    from alembic.config import Config  # noqa: PLC0415  slow to load

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


@contextmanager
def _upgrade_lock(connection: Any, dialect: str) -> Iterator[None]:
    # On SQLite, BEGIN IMMEDIATE has locked the file already.
    if dialect == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": UPGRADE_LOCK})
    yield


def is_current(storage: Storage) -> bool:
    """True when the tables are those that this code expects."""
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415  slow to load
    from alembic.script import ScriptDirectory  # noqa: PLC0415  slow to load

    with storage.engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    return current == ScriptDirectory.from_config(alembic_config()).get_current_head()


def _first_line(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return next(iter(str(cause).strip().splitlines()), type(error).__name__)
