r"""The watch killed at four points of taking a mail: nothing is \Seen and lost, nothing comes twice: check 31."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from bot.storage import Storage
from tests.imap.conftest import Watch
from tests.imap.test_check_12_one_mail_two_ways import settings
from tests.imap.watching import flags, mails
from tests.scenarios import rows
from tests.scenarios.conftest import Start
from tests.scenarios.letters import QUESTIONS, letter
from tests.scenarios.passing import digests
from tests.scenarios.serving import Desk, environment, until
from tests.servers.dovecot import Dovecot

pytestmark = pytest.mark.long

CRASH = Path(__file__).parent / "crash"
SIGKILLED = -9
SEEN = {b"\\Seen"}
#: Where the watch is killed, and what lies in our table and shows in the mailbox at that moment.
POINTS = (
    ("after_fetch", 0, set[bytes]()),
    ("before_commit", 0, set[bytes]()),
    ("before_mark", 1, set[bytes]()),
    ("after_mark", 1, SEEN),
)


def killed(url: str, point: str, variables: dict[str, str], folder: Path) -> None:
    """Run the intake with a crash laid at `point` until it is met."""
    given = environment(folder, cache=folder, DATABASE_URL=url, SMTP_LISTEN="", **variables)
    doomed = Desk(given | {"PYTHONPATH": str(CRASH), "CRASH_AT": point}, folder, "intake").start()
    try:
        assert doomed.process.wait(60) == SIGKILLED
    finally:
        doomed.close()


@pytest.mark.parametrize(("point", "stored", "marks"), POINTS)
def test_check_31_killed_watch_loses_and_doubles_nothing(
    point: str,
    stored: int,
    marks: set[bytes],
    migrated_url: str,
    storage: Storage,
    serve: Start,
    dovecot: Dovecot,
    tmp_path: Path,
) -> None:
    variables = settings(dovecot, tmp_path)
    dovecot.deliver([letter(sender="lab@example.org", text=QUESTIONS[0])])
    killed(migrated_url, point, variables, tmp_path / "desk")
    at_the_kill = (sum(rows.stored(storage).values()), flags(dovecot))
    serve(migrated_url, **variables)
    rows.wait_until_handled(storage, 1)
    until(lambda: flags(dovecot) == {1: SEEN}, "the mailbox shows that we have it")

    assert at_the_kill == (stored, {1: marks})
    assert list(rows.stored(storage).values()) == [1]
    assert [mark.verdict for mark in rows.handled(storage)] == ["question"]
    assert len(rows.inquiries(storage)) == 1


def test_check_31_killed_before_the_move_moves_it_later(
    sqlite_url: str, migrated_sqlite: Storage, serve: Start, dovecot: Dovecot, tmp_path: Path
) -> None:
    variables = settings(dovecot, tmp_path, IMAP_AFTER="move:Done")
    dovecot.deliver([letter(sender="lab@example.org", text=QUESTIONS[0])])
    killed(sqlite_url, "before_mark", variables, tmp_path / "desk")
    serve(sqlite_url, "intake", **variables)
    until(lambda: flags(dovecot) == {}, "it is moved")

    assert len(flags(dovecot, "Done")) == 1
    assert list(rows.stored(migrated_sqlite).values()) == [1]


def test_check_31_killed_again_and_again_has_each_mail_once(
    sqlite_url: str, migrated_sqlite: Storage, serve: Start, dovecot: Dovecot, tmp_path: Path
) -> None:
    r"""At whatever point it is killed, what is \Seen is stored."""
    variables = settings(dovecot, tmp_path)
    raws = [letter(sender=f"lab-{number}@example.org", text=QUESTIONS[0]) for number in range(200)]
    desk = serve(sqlite_url, "intake", **variables)
    for number in range(5):
        dovecot.deliver(raws[number * 40 : (number + 1) * 40])
        until(lambda: sum(rows.stored(migrated_sqlite).values()) > number * 40, "some are stored")  # noqa: B023
        desk.kill()
        seen = sum(marks == SEEN for marks in flags(dovecot).values())
        assert seen <= sum(rows.stored(migrated_sqlite).values())
        desk.start()
    until(lambda: sum(rows.stored(migrated_sqlite).values()) >= 200, "all are stored")
    until(lambda: set(map(frozenset, flags(dovecot).values())) == {frozenset(SEEN)}, "all are seen")
    code, seconds = desk.terminate()

    assert set(rows.stored(migrated_sqlite).values()) == {1}
    assert len(rows.stored(migrated_sqlite)) == len(digests(raws)) == 200
    assert (code, seconds < 10) == (0, True)


def test_check_31_mail_that_cannot_be_stored_stays_unseen_until_it_can(
    dovecot: Dovecot, watch: Watch
) -> None:
    watching = watch(dovecot)
    until(lambda: watching.place().looked_at, "the first look is over")
    rename(watching.storage, "inbound_mail", "away")
    dovecot.deliver(mails(2))
    until(lambda: watching.place().failing_since, "the watch knows that nothing can be stored")
    meanwhile, place = flags(dovecot), watching.place()
    rename(watching.storage, "away", "inbound_mail")
    watching.wait_until_settled(2)

    assert (meanwhile, place.stored_uid, place.settled_uid) == ({1: set(), 2: set()}, 0, 0)
    assert flags(dovecot) == {1: {b"\\Seen"}, 2: {b"\\Seen"}}
    assert watching.ids() == {"<1@example.org>": 1, "<2@example.org>": 1}


def rename(storage: Storage, table: str, to: str) -> None:
    with storage.write.begin() as session:
        session.execute(text(f"ALTER TABLE {table} RENAME TO {to}"))
