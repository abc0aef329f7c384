"""The receiver killed at eight points of taking mail, before a sender that retries: mail.md's check 1."""

from pathlib import Path

import pytest
from sqlalchemy import select

from bot import copies
from bot.inbox import parse
from bot.storage import Storage, open_storage
from bot.tables import InboundMail
from tests.postfix.conftest import Front
from tests.postfix.test_lmtp_by_postfix import give
from tests.scenarios import rows
from tests.scenarios.letters import QUESTIONS, letter
from tests.scenarios.serving import Desk, environment, until

pytestmark = pytest.mark.long

CRASH = Path(__file__).parent / "crash"
SIGKILLED = -9
MAILS = 12
#: For the mail that meets it; mails on other connections are anywhere else at that moment.
POINTS = ("after_mail", "mid_data", "before_write", "before_commit", "before_250", "after_250")
#: These lie within SQLite itself; there is no file to rename in this design, but a log that may be torn.
SQLITE_POINTS = ("mid_write", "before_fsync")
#: Here the mail is committed (its octets outlive a process) and its sender does not know it.
COMES_AGAIN = ("before_fsync", "before_250")


def keys(storage: Storage) -> list[str | None]:
    with storage.read() as session:
        raws = list(session.scalars(select(InboundMail.raw)))
    return [copies.key(parse.parse(raw), raw) for raw in raws]


def take_mail_and_die(url: str, point: str, front: Front, folder: Path, cache: Path) -> None:
    """Run the door with a crash laid at `point`, give Postfix the mails, then run it without."""
    variables = environment(
        folder, cache=cache, DATABASE_URL=url, LMTP_LISTEN=front.listen, SMTP_LISTEN="", LOG_FORMAT="json"
    )
    doomed = Desk(variables | {"PYTHONPATH": str(CRASH), "CRASH_AT": point}, folder, "intake").start()
    try:
        quoted = "\n".join(["> a line of an earlier mail, quoted below"] * 1_000)
        for number in range(MAILS):
            sender = f"lab-{number}@example.org"
            give(front, letter(sender=sender, text=f"{QUESTIONS[number % len(QUESTIONS)]}\n\n{quoted}"))
        assert doomed.process.wait(60) == SIGKILLED
    finally:
        doomed.close()
    heir = Desk(variables, folder, "intake").start()
    try:
        front.postfix.wait_until_empty(timeout=60)
        assert heir.terminate()[0] == 0
    finally:
        heir.close()


def check(url: str, point: str, front: Front, tmp_path: Path, cache: Path) -> None:
    take_mail_and_die(url, point, front, tmp_path / "desk", cache)
    storage = open_storage(url)
    stored = keys(storage)
    assert len(set(stored)) == MAILS
    assert None not in stored
    surplus = len(stored) - MAILS
    assert surplus >= (point in COMES_AGAIN)

    variables = environment(tmp_path / "desk", cache=cache, DATABASE_URL=url)
    worker = Desk(variables, tmp_path / "desk", "worker").start()
    try:
        until(lambda: len(rows.handled(storage)) == len(stored), "all that is stored is handled")
    finally:
        worker.close()
    verdicts = [mark.verdict for mark in rows.handled(storage)]
    storage.close()

    assert verdicts.count("duplicate") == surplus
    assert len(verdicts) - surplus == MAILS
    assert {status for _, status in front.postfix.statuses()} <= {"sent", "deferred"}


@pytest.mark.parametrize("point", POINTS)
def test_check_01_killed_receiver_has_each_mail_once(
    point: str, migrated_url: str, front: Front, tmp_path: Path, warm_cache: Path
) -> None:
    check(migrated_url, point, front, tmp_path, warm_cache)


@pytest.mark.parametrize("point", SQLITE_POINTS)
def test_check_01_receiver_killed_within_a_write_has_each_mail_once(
    point: str, sqlite_url: str, front: Front, tmp_path: Path, warm_cache: Path
) -> None:
    check(sqlite_url, point, front, tmp_path, warm_cache)
