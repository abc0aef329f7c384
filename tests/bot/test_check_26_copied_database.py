"""Check 26: a copy of the database, a backup put back, a cloned machine: nothing leaves until confirmed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot import fence
from bot.clock import ContestClock
from bot.fence import Fenced, Gate, Waiting
from bot.refusal import Refused
from bot.sender import Sender
from bot.storage import Storage, open_storage
from faq.library import Library
from mailer import outbox
from mailer.tables import Attempt, MailState, ReminderState
from tests.bot import season
from tests.bot.command import Command
from tests.bot.office import DESK, IDENTITY, NOON
from tests.bot.season import D7, HOUR, REAL
from tests.mailer.letters import hello
from tests.servers.postgres import Postgres

STAFF = "staff-a@example.org"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def started(storage: Storage, home: Path) -> Gate:
    gate = Gate(storage, home)
    gate.adopt(now=NOON)
    return gate


def may_send(storage: Storage, home: Path) -> bool:
    """What a desk that starts here now would do."""
    return started(storage, home).may_send()


def queue(storage: Storage, key: str = "answer:1") -> None:
    with storage.write.begin() as session:
        outbox.enqueue(session, hello(), key=key, identity=IDENTITY, now=NOON)


def tried(storage: Storage) -> None:
    """A mail leaves."""
    queue(storage, f"answer:{REAL}")
    season.send_all(storage, NOON)


def confirm(
    storage: Storage, home: Path, *, waiting: Waiting | None = None, beside: bool = False
) -> fence.Confirmed:
    known = fence.known_of(home)
    with storage.write.begin() as session:
        done, known = fence.confirm(session, known=known, staff=STAFF, waiting=waiting, beside=beside, now=D7)
    fence.remember(home, known)
    return done


def copied(storage: Storage, to: Path) -> Storage:
    """A copy of an SQLite file as a backup makes it."""
    with storage.write.begin() as session:
        session.connection().exec_driver_sql("SELECT 1")
    source = storage.engine.url.database
    assert source is not None
    with storage.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    shutil.copyfile(source, to)
    return open_storage(f"sqlite:///{to}")


@pytest.fixture
def twin(small_storage: Storage, tmp_path: Path, home: Path) -> Iterator[Storage]:
    """A copy of a database that `home` owns, with a mail that waits."""
    started(small_storage, home)
    queue(small_storage)
    storage = copied(small_storage, tmp_path / "twin.sqlite")
    yield storage
    storage.close()


def test_first_start_takes_possession_and_a_restart_keeps_it(storage: Storage, home: Path) -> None:
    assert [may_send(storage, home) for _ in range(3)] == [True, True, True]


def test_check_26_database_without_its_installation_is_held(
    storage: Storage, home: Path, tmp_path: Path
) -> None:
    started(storage, home)
    queue(storage)

    assert not may_send(storage, tmp_path / "elsewhere")
    assert may_send(storage, home)


def test_check_26_copied_file_is_held_beside_its_installation(twin: Storage, home: Path) -> None:
    # The folder was copied, too: file and row agree, but the tables lie elsewhere.
    gate = Gate(twin, home)

    assert gate.doubt() == (
        "the database lies elsewhere than it did: it may be a copy; nothing is sent until somebody says that"
        " this is the one: contestdesk db confirm --staff ADDRESS"
    )


def test_check_26_backup_that_is_put_back_in_place_is_held(
    small_storage: Storage, twin: Storage, home: Path, tmp_path: Path
) -> None:
    tried(small_storage)
    Gate(small_storage, home).beat()
    # Written into the same file: its number on disk stays, as `cp` leaves it.
    twin.close()
    small_storage.close()
    place = Path(str(small_storage.engine.url.database))
    place.write_bytes((tmp_path / "twin.sqlite").read_bytes())
    for rest in ("-wal", "-shm"):
        Path(f"{place}{rest}").unlink(missing_ok=True)
    gate = Gate(small_storage, home)

    assert "an older copy: more mail has left than it knows of" in str(gate.doubt())


def test_check_26_cloned_machine_is_held(
    small_storage: Storage, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = tmp_path / "machine-id"
    monkeypatch.setattr(fence, "_MACHINE", machine)
    machine.write_text("0123456789abcdef\n")
    same = started(small_storage, home).may_send()
    machine.write_text("fedcba9876543210\n")

    assert (same, may_send(small_storage, home)) == (True, False)


@pytest.mark.long
def test_check_26_copied_database_on_a_server_is_held(
    postgres: Postgres, migrated_template: str, home: Path
) -> None:
    name = postgres.create_database(template=migrated_template)
    first = open_storage(postgres.url(name))
    started(first, home)
    first.close()
    copy = postgres.create_database(template=name)
    second = open_storage(postgres.url(copy))
    held = not may_send(second, home)
    confirm(second, home)
    let_go = may_send(second, home)
    second.close()
    for database in (copy, name):
        postgres.drop_database(database)

    assert (held, let_go) == (True, True)


def test_check_26_copy_sends_nothing_until_it_is_confirmed(twin: Storage, home: Path) -> None:
    gate, relay = Gate(twin, home), season.TakesAll()
    sender = Sender(twin, [relay], DESK, ContestClock(), poll=timedelta(seconds=1), may_send=gate.may_send)
    (hand,) = sender._hands
    sender.work_off(hand)
    before = len(relay.sent)
    confirm(twin, home, waiting=Waiting.SEND)
    sender._may_send = Gate(twin, home).may_send
    sender.work_off(hand)

    assert (before, len(relay.sent)) == (0, 1)


def test_confirming_asks_what_becomes_of_waiting_mails(twin: Storage, home: Path) -> None:
    with pytest.raises(Refused, match="1 mails wait to be sent, and the other installation may have sent"):
        confirm(twin, home)
    done = confirm(twin, home, waiting=Waiting.CANCEL)

    assert (done.cancelled, done.waiting, may_send(twin, home)) == (1, 0, True)
    with twin.read() as session:
        assert [row.state for row in outbox.listing(session)] == [MailState.CANCELLED]


def test_confirmed_copy_is_newer_than_the_one_it_came_from(
    small_storage: Storage, twin: Storage, home: Path
) -> None:
    confirm(twin, home, waiting=Waiting.SEND)

    # The folder goes with the copy now; the old database beside it is an older one.
    assert "(epoch 1 there, 2 here)" in str(Gate(small_storage, home).doubt())


def test_second_machine_joins_a_shared_database(storage: Storage, home: Path, tmp_path: Path) -> None:
    started(storage, home)
    other = tmp_path / "other"
    confirm(storage, other, beside=True)

    assert [may_send(storage, one) for one in (home, other)] == [True, True]


def test_file_that_cannot_be_read_holds(small_storage: Storage, home: Path) -> None:
    started(small_storage, home)
    (home / fence.FILE).write_text("{")

    assert not may_send(small_storage, home)


def test_start_that_was_killed_between_file_and_row_is_taken_up(small_storage: Storage, home: Path) -> None:
    known = fence.Known(name="a" * 32, epoch=1, pending=True)
    fence.remember(home, known)
    queue(small_storage)

    assert may_send(small_storage, home)
    assert fence.known_of(home) == replace(known, pending=False, machine=fence.machine())


def test_database_from_before_its_installation_is_held(small_storage: Storage, home: Path) -> None:
    # Put back from a backup that is older than the first start: it has mails, and no row.
    fence.remember(home, fence.Known(name="a" * 32, epoch=1))
    queue(small_storage)

    assert not may_send(small_storage, home)


def test_pulse_grows_with_what_was_tried_only(small_storage: Storage, home: Path) -> None:
    gate = started(small_storage, home)
    pulses = []
    for _ in range(3):
        gate.beat()
        pulses.append(fence.known_of(home))
    with small_storage.write.begin() as session:
        queue_id = outbox.enqueue(session, hello(), key="answer:2", identity=IDENTITY, now=NOON)
        session.add(Attempt(mail_id=queue_id, started_at=REAL))
    gate.beat()
    pulses.append(fence.known_of(home))

    assert [known.pulse for known in pulses if known] == [1, 1, 1, 2]


def test_reminders_due_before_the_confirmation_are_told_to_staff_and_not_sent(
    storage: Storage, home: Path, packaged: Library
) -> None:
    addresses = season.enrol(storage, 2)
    started(storage, home)
    confirm(storage, home, waiting=Waiting.SEND)  # at the very minute of D-7
    for now in (D7, D7 + HOUR, D7 + 12 * HOUR):
        season.tick(storage, packaged, now)

    assert season.reminders(storage, ReminderState.SKIPPED_LATE) == [("D-7", one) for one in addresses]
    assert (season.outbox(storage), season.notices(storage)) == ([], 1)


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "a mailing: the list is empty"), (11, "a mailing: 11 people are more than the limit of 10")],
)
def test_list_that_is_empty_or_too_long_is_refused(count: int, said: str) -> None:
    with pytest.raises(Fenced, match=said):
        fence.within(count, most=10, what="a mailing")


def test_sane_list_passes() -> None:
    fence.within(10, most=10, what="a mailing")


def test_command_confirms_and_the_doctor_tells(command: Command) -> None:
    command("staff", "add", STAFF, "--role", "approver")
    var = command.folder / "var"
    storage = open_storage(f"sqlite:///{var / 'contestdesk.db'}")
    started(storage, var)
    storage.close()
    (var / fence.FILE).unlink()
    sick = command("doctor", "--json")
    stranger = command("db", "confirm", "--staff", "stranger@example.org")
    done = command("db", "confirm", "--staff", STAFF)
    storage = open_storage(storage.engine.url.render_as_string())
    well = Gate(storage, var).doubt()
    storage.close()

    assert '"check":"installation","ok":false' in sick.out
    assert stranger.code == 1
    assert (done.code, done.out) == (0, "this installation may send (epoch 2); 0 mails wait\n")
    assert well is None
