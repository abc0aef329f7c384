"""The database on both kinds: revisions, sessions, what is refused."""

from __future__ import annotations

import re
import threading
from datetime import datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.exc import OperationalError, StatementError

from bot import storage as stores
from bot.storage import Storage, StorageError, open_storage
from bot.tables import Staff, StaffRole
from mailer.base import Base
from tests.bot.office import NOON
from tests.servers.free_port import free_port


def member(address: str, at: datetime = NOON) -> Staff:
    return Staff(address=address, name="A", role=StaffRole.TRIAGE, added_at=at)


def test_upgrade_makes_every_table_from_nothing(database_url: str) -> None:
    storage = open_storage(database_url)
    before = stores.is_current(storage)
    stores.upgrade(storage)
    names = set(inspect(storage.engine).get_table_names())
    after = stores.is_current(storage)
    storage.close()

    assert (before, after, names) == (False, True, {*Base.metadata.tables, "alembic_version"})


def test_upgrade_leaves_the_tables_that_the_rows_declare(database_url: str) -> None:
    storage = open_storage(database_url)
    stores.upgrade(storage)
    with storage.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, Base.metadata)
    storage.close()

    assert differences == []


def test_upgrade_by_two_at_once_happens_once(database_url: str) -> None:
    storages = [open_storage(database_url) for _ in range(2)]
    start = threading.Barrier(2)
    revisions: list[str] = []

    def upgrade(storage: Storage) -> None:
        start.wait()
        revisions.append(stores.upgrade(storage))

    threads = [threading.Thread(target=upgrade, args=(storage,)) for storage in storages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for storage in storages:
        storage.close()

    newest = ScriptDirectory.from_config(stores.alembic_config()).get_current_head()
    assert revisions == [newest, newest]


def test_database_unreachable_is_one_line_without_the_password() -> None:
    port = free_port()
    with pytest.raises(StorageError) as caught:
        open_storage(f"postgresql://desk:hush@127.0.0.1:{port}/desk")

    assert re.fullmatch(
        rf"database unreachable at postgresql\+psycopg://desk:\*\*\*@127\.0\.0\.1:{port}/desk: .+",
        str(caught.value),
    )


def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear desk, " * 100)
    with pytest.raises(StorageError) as caught:
        open_storage(f"sqlite:///{tmp_path / 'letter.txt'}")

    assert str(caught.value).endswith("letter.txt: file is not a database")


def test_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"database unreachable at sqlite:///.*/file/desk.db: "):
        open_storage(f"sqlite:///{tmp_path / 'file' / 'desk.db'}")


@pytest.mark.parametrize("url", ["", "nonsense", "carrier-pigeon://roof", "postgresql://h:port/desk"])
def test_url_that_is_not_understood_is_refused(url: str) -> None:
    with pytest.raises(StorageError, match=r"^CONTESTDESK_DATABASE_URL is not understood: "):
        open_storage(url)


def test_naive_datetime_is_refused(storage: Storage) -> None:
    with pytest.raises(StatementError, match="naive datetime"), storage.write.begin() as session:
        session.add(member("a@example.org", datetime(2020, 11, 20)))


def test_instants_come_back_aware(storage: Storage) -> None:
    with storage.write.begin() as session:
        session.add(member("a@example.org"))
    with storage.read() as session:
        found = session.get_one(Staff, 1).added_at

    assert (found, found.utcoffset()) == (NOON, NOON.astimezone(found.tzinfo).utcoffset())


def test_transaction_that_fails_leaves_nothing(storage: Storage) -> None:
    def write() -> None:
        with storage.write.begin() as session:
            session.add(member("a@example.org"))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write()
    with storage.read() as session:
        assert session.query(Staff).count() == 0


def test_reader_cannot_write_on_sqlite(small_storage: Storage) -> None:
    with (
        pytest.raises(OperationalError, match="attempt to write a readonly database"),
        small_storage.read.begin() as session,
    ):
        session.add(member("a@example.org"))


def test_sqlite_is_durable_and_keeps_its_keys(small_storage: Storage) -> None:
    names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    with small_storage.engine.connect() as connection:
        found = [connection.execute(text(f"PRAGMA {name}")).scalar_one() for name in names]

    assert found == ["wal", 2, 1, 30000]  # synchronous 2 is FULL


def test_sqlite_reader_sees_what_is_committed_while_a_writer_works(small_storage: Storage) -> None:
    with small_storage.write.begin() as writing:
        writing.add(member("a@example.org"))
        writing.flush()
        with small_storage.read() as reading:
            during = reading.query(Staff).count()
    with small_storage.read() as reading:
        after = reading.query(Staff).count()

    assert (during, after) == (0, 1)
