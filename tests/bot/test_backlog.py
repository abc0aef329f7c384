"""What waits is found without a look at what is done, and never missed."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from bot import backlog, share
from bot.storage import Storage
from bot.tables import HandledMail
from tests.bot.office import NOON, Office, eml, put

PATIENCE = 20.0


def store(storage: Storage, count: int = 1) -> list[int]:
    return [put(storage, eml("문의", id=None)) for _ in range(count)]


def finish(storage: Storage, *numbers: int) -> None:
    with storage.write.begin() as session:
        for number in numbers:
            mark = HandledMail(inbound_id=number, handled_at=NOON, verdict="question", reason="")
            session.add(mark)


def look(storage: Storage) -> tuple[int, list[int]]:
    """The cursor, and what waits."""
    with storage.read() as session:
        return backlog.low_water(session), list(backlog.waiting(session, limit=100))


def test_cursor_stops_before_the_first_mail_that_waits(storage: Storage) -> None:
    first, second, third, fourth = store(storage, 4)
    finish(storage, first, third)
    backlog.advance(storage)

    assert look(storage) == (first, [second, fourth])


def test_cursor_moves_to_the_newest_when_nothing_waits(storage: Storage) -> None:
    numbers = store(storage, 3)
    finish(storage, *numbers)
    backlog.advance(storage)
    later = store(storage)

    assert look(storage) == (numbers[-1], later)


def test_look_goes_on_where_the_one_before_found_the_first_that_waits(small_storage: Storage) -> None:
    first, second, third = store(small_storage, 3)
    finish(small_storage, first)
    with small_storage.read() as session:
        begun = backlog.next_after(session, 0, limit=1)
    finish(small_storage, second, third)
    with small_storage.read() as session:
        done = backlog.next_after(session, begun[0], limit=10)
    later = store(small_storage)
    with small_storage.read() as session:
        then = backlog.next_after(session, done[0], limit=10)

    assert (begun, done, then) == ((first, [second]), (third, []), (third, later))


def test_count_and_oldest_tell_of_what_waits(storage: Storage) -> None:
    numbers = store(storage, 3)
    finish(storage, numbers[0])
    with storage.read() as session:
        before = backlog.count(session), backlog.oldest(session)
    finish(storage, *numbers[1:])
    with storage.read() as session:
        after = backlog.count(session), backlog.oldest(session)

    assert (before, after) == ((2, NOON), (0, None))


def test_cursor_does_not_pass_a_number_that_may_still_be_committed(server_office: Office) -> None:
    storage = server_office.storage
    with storage.write() as slow:
        slow.begin()
        slow.execute(text("SELECT nextval('inbound_mail_id_seq')"))  # it would be given number 1 ...
        copied = ", ".join(name for name in COLUMNS if name != "id")
        insert = f"INSERT INTO inbound_mail (id, {copied}) VALUES (1, now(), 'smtp', '', '[]', '', 0, '', '')"
        slow.execute(text(insert))
        overtaking = store(storage)  # ... and number 2 is there first
        finish(storage, *overtaking)
        moved = backlog.advance(storage)
        slow.commit()

    assert (moved, overtaking) == (False, [2])
    assert look(storage) == (0, [1])


def test_cursor_passes_a_number_that_was_never_committed(server_office: Office) -> None:
    storage = server_office.storage
    with storage.write() as given_up:
        given_up.execute(text("SELECT nextval('inbound_mail_id_seq')"))
        given_up.rollback()
    numbers = store(storage)
    finish(storage, *numbers)

    assert backlog.advance(storage)
    assert look(storage) == (2, [])


def test_shares_of_two_workers_have_no_mail_in_common(server_office: Office) -> None:
    storage = server_office.storage
    numbers = store(storage, 6)
    one, other = share.of(storage), share.of(storage)
    taken = [list(one.take(4)), list(other.take(4))]
    one.release()
    left = list(other.take(4))
    other.release()

    assert taken == [numbers[:4], numbers[4:]]
    assert left == numbers[:4]


def test_share_of_a_worker_that_died_is_free(server_office: Office) -> None:
    storage = server_office.storage
    numbers = store(storage, 2)
    dead, alive = share.of(storage), share.of(storage)
    dead.take(2)
    with storage.engine.connect() as connection:
        others = "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory'"
        connection.execute(text(others))
    taken = list(alive.take(2))
    alive.release()
    with pytest.raises(OperationalError):
        dead.release()

    assert taken == numbers


#: Another worker's process: takes four mails, says which, and holds them until it is killed.
HOLDER = """
import sys
from bot import share, storage
hand = share.of(storage.open_storage(sys.argv[1]))
print(*hand.take(4), flush=True)
sys.stdin.read()
"""


def test_share_of_another_process_on_a_file_is_left_alone_until_it_dies(small_storage: Storage) -> None:
    numbers = store(small_storage, 6)
    url = str(small_storage.engine.url)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        held = [int(number) for number in holder.stdout.readline().split()]
        ours = share.of(small_storage)
        taken = list(ours.take(4))
        ours.release()
        holder.kill()
    left = list(ours.take(9))
    ours.release()

    assert (held, taken, left) == (numbers[:4], numbers[4:], numbers)


def test_number_is_not_given_again_after_the_newest_mail_was_erased(small_storage: Storage) -> None:
    (first,) = store(small_storage)
    finish(small_storage, first)
    with small_storage.write.begin() as session:
        session.execute(text("DELETE FROM inbound_mail"))

    assert store(small_storage) == [first + 1]


COLUMNS = ("received_at", "door", "envelope_sender", "recipients", "peer", "size_bytes", "sha256", "raw")


@pytest.fixture
def long_used(storage: Storage) -> Storage:
    """A desk that has handled a lot, all but the last three mails."""
    numbers = "number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 30000)"
    insert = (
        f"WITH RECURSIVE {numbers} INSERT INTO inbound_mail ({', '.join(COLUMNS)})"
        " SELECT '2020-11-20', 'smtp', '', '[]', '', 0, '', '' FROM number"
        if storage.dialect == "sqlite"
        else f"WITH RECURSIVE {numbers} INSERT INTO inbound_mail ({', '.join(COLUMNS)})"
        " SELECT '2020-11-20'::timestamptz, 'smtp', '', '[]'::json, '', 0, '', ''::bytea FROM number"
    )
    handled = (
        "INSERT INTO handled_mail (inbound_id, handled_at, verdict, reason)"
        " SELECT id, received_at, 'question', '' FROM inbound_mail"
    )
    with storage.write.begin() as session:
        session.execute(text(insert))
        session.execute(text(handled))
    store(storage, 3)
    backlog.advance(storage)
    if storage.dialect == "postgresql":
        with storage.write.begin() as session:
            session.execute(text("ANALYZE"))
    return storage


@contextmanager
def asked(session: Session) -> Iterator[list[tuple[str, Any]]]:
    """The statements of a session."""
    told: list[tuple[str, Any]] = []

    def note(_connection: Connection, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        told.append((statement, parameters))

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", note)
    yield told
    event.remove(connection, "before_cursor_execute", note)


def test_look_walks_over_nothing_that_is_done(long_used: Storage) -> None:
    with long_used.read() as session:
        with asked(session) as statements:
            found = list(backlog.waiting(session, limit=10))
        explain = "EXPLAIN" if long_used.dialect == "postgresql" else "EXPLAIN QUERY PLAN"
        statement, parameters = statements[-1]
        rows = session.connection().exec_driver_sql(f"{explain} {statement}", parameters)
        plan = "\n".join(str(row[-1]) for row in rows)

    assert found == [30001, 30002, 30003]
    assert not any(word in plan for word in ("Seq Scan", "SCAN inbound_mail", "SCAN handled_mail")), plan


def test_advance_does_not_make_the_door_wait_for_long(server_office: Office) -> None:
    storage = server_office.storage
    done = threading.Event()

    def move() -> None:
        backlog.advance(storage)
        done.set()

    with storage.write() as storing:
        storing.execute(text("LOCK TABLE inbound_mail IN ROW EXCLUSIVE MODE"))  # as an insert does
        thread = threading.Thread(target=move)
        thread.start()
        gave_up = done.wait(PATIENCE)  # while the other still stores
        storing.rollback()
    thread.join()

    assert gave_up
