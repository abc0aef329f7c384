"""A gate inside the database: whoever writes past it stands still in the middle of his transaction.

The desk is to be killed at a point that it passes within microseconds. A trigger stops it there without a
line of the desk's own code: on PostgreSQL it waits for an advisory lock that the test holds, on SQLite it
counts rows without end. Killing the desk ends its transaction as a crash would.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import sqlalchemy
from sqlalchemy import Connection, make_url, text

from tests.scenarios.serving import until

LOCK = 7_007_007
#: A writer that still holds SQLite's lock after this is not between two of its transactions.
STANDS_STILL_SECONDS = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A closed gate; leaving its context opens it."""

    url: str
    #: Holds the advisory lock; None on SQLite.
    keeper: Connection | None

    def wait_until_reached(self) -> None:
        """Return when somebody stands before it."""
        until(self._is_reached, "somebody stands at the gate")

    def _is_reached(self) -> bool:
        if self.keeper is None:
            return _is_held(self.url)
        waiting = (
            "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database"
            " WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted AND objid = :lock"
        )
        return bool(self.keeper.execute(text(waiting), {"lock": LOCK}).scalar_one())


@contextmanager
def closed_gate(url: str, *, at: str, when: str = "") -> Iterator[Gate]:
    """Close a gate; `at` is such as "AFTER INSERT ON attempt", `when` a condition on NEW.

    Leave the context only when whoever stands at the gate is dead.
    """
    condition = f"WHEN ({when})" if when else ""
    if make_url(url).get_backend_name() == "sqlite":
        with _sqlite(url) as connection:
            connection.execute(
                "CREATE VIEW no_end AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
                " SELECT i FROM n"
            )
            connection.execute(
                f"CREATE TRIGGER gate {at} {condition} BEGIN SELECT count(*) FROM no_end WHERE i < 0; END"
            )
        yield Gate(url=url, keeper=None)
        with _sqlite(url) as connection:
            connection.execute("DROP TRIGGER gate")
            connection.execute("DROP VIEW no_end")
        return
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as keeper:
        keeper.execute(text(f"SELECT pg_advisory_lock({LOCK})"))
        keeper.execute(
            text(
                "CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS"
                f" 'BEGIN PERFORM pg_advisory_xact_lock({LOCK}); RETURN NEW; END'"
            )
        )
        keeper.execute(text(f"CREATE TRIGGER gate {at} FOR EACH ROW {condition} EXECUTE FUNCTION gate()"))
        yield Gate(url=url, keeper=keeper)
        # The dead desk's backends go on until they notice; they must be gone before the table is changed.
        keeper.execute(text(f"SELECT pg_advisory_unlock({LOCK})"))
        keeper.execute(text("DROP FUNCTION gate CASCADE"))
    engine.dispose()


@contextmanager
def _sqlite(url: str) -> Iterator[sqlite3.Connection]:
    database = make_url(url).database
    assert database is not None
    with closing(sqlite3.connect(database, isolation_level=None, timeout=30)) as connection:
        yield connection


def _is_held(url: str) -> bool:
    database = make_url(url).database
    assert database is not None
    with closing(sqlite3.connect(database, isolation_level=None, timeout=STANDS_STILL_SECONDS)) as other:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        other.execute("ROLLBACK")
        return False
