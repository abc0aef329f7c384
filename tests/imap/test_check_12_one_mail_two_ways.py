"""The same mail by two ways is one question with one answer: mail.md's check 12."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from bot.storage import Storage
from bot.tables import InboundMail
from tests.imap.watching import flags
from tests.scenarios import rows
from tests.scenarios.conftest import Start
from tests.scenarios.letters import QUESTIONS, letter, send
from tests.scenarios.passing import caught_for
from tests.scenarios.serving import Desk, until
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.sink import Sink

pytestmark = pytest.mark.long

SENDER = "lab@example.org"


def settings(server: Dovecot, folder: Path, **more: str) -> dict[str, str]:
    """The variables of a desk that watches this mailbox."""
    words = folder / "password"
    words.write_text(PASSWORD)
    return {
        "IMAP_URL": server.url,
        "IMAP_PASSWORD_FILE": str(words),
        "IMAP_START": "all",
        "ENCODERS": "none",
    } | more


def check_one_answer(storage: Storage, sink: Sink, *, doors: list[str]) -> None:
    """Each mail is stored by its door, and they are one question."""
    marks = rows.wait_until_handled(storage, len(doors))
    [inquiry] = rows.inquiries(storage)

    assert sorted(mark.verdict for mark in marks) == ["duplicate"] * (len(doors) - 1) + ["question"]
    assert {mark.inquiry_id for mark in marks} == {inquiry.id}
    assert came_by(storage) == doors
    assert len(caught_for(sink, SENDER)) == 1


def came_by(storage: Storage) -> list[str]:
    """The doors of the stored mails, oldest first."""
    with storage.read() as session:
        return list(session.scalars(select(InboundMail.door).order_by(InboundMail.id)))


def by_smtp(desk: Desk, raw: bytes) -> None:
    send(desk.smtp_port, raw, sender=SENDER)


@pytest.mark.parametrize("charset", ["utf-8", "euc-kr"])
def test_check_12_mail_by_smtp_and_then_by_imap_is_one_question(
    migrated_url: str,
    storage: Storage,
    sink: Sink,
    serve: Start,
    dovecot: Dovecot,
    tmp_path: Path,
    charset: str,
) -> None:
    desk = serve(migrated_url, sink=sink, **settings(dovecot, tmp_path))
    raw = letter(sender=SENDER, text=QUESTIONS[0], charset=charset)
    by_smtp(desk, raw)
    rows.wait_until_handled(storage, 1)
    dovecot.deliver([raw])

    check_one_answer(storage, sink, doors=["smtp", "imap:INBOX"])
    assert flags(dovecot) == {1: {b"\\Seen"}}


def test_check_12_mail_by_imap_and_then_by_smtp_is_one_question(
    migrated_url: str, storage: Storage, sink: Sink, serve: Start, dovecot: Dovecot, tmp_path: Path
) -> None:
    desk = serve(migrated_url, sink=sink, **settings(dovecot, tmp_path))
    raw = letter(sender=SENDER, text=f".\n{QUESTIONS[0]}\n\n-- \n랩  \n\n\n")
    dovecot.deliver([raw])
    rows.wait_until_handled(storage, 1)
    by_smtp(desk, raw)

    check_one_answer(storage, sink, doors=["imap:INBOX", "smtp"])


def test_check_12_mail_twice_by_imap_is_one_question(
    migrated_url: str, storage: Storage, sink: Sink, serve: Start, dovecot: Dovecot, tmp_path: Path
) -> None:
    serve(migrated_url, sink=sink, **settings(dovecot, tmp_path))
    raw = letter(sender=SENDER, text=QUESTIONS[0])
    dovecot.deliver([raw, raw.replace(b"\r\n", b"\n")])

    check_one_answer(storage, sink, doors=["imap:INBOX", "imap:INBOX"])
    assert flags(dovecot) == {1: {b"\\Seen"}, 2: {b"\\Seen"}}


def test_check_12_mail_in_two_folders_is_one_question(
    migrated_sqlite: Storage, sqlite_url: str, sink: Sink, serve: Start, dovecot: Dovecot, tmp_path: Path
) -> None:
    raw = letter(sender=SENDER, text=QUESTIONS[0])
    with dovecot.client() as client:
        client.create_folder("Spam")
        client.append("Spam", raw)
    dovecot.deliver([raw])
    serve(sqlite_url, sink=sink, **settings(dovecot, tmp_path, IMAP_FOLDERS="INBOX,Spam"))

    until(lambda: len(came_by(migrated_sqlite)) == 2, "both are stored")
    check_one_answer(migrated_sqlite, sink, doors=came_by(migrated_sqlite))
    assert sorted(came_by(migrated_sqlite)) == ["imap:INBOX", "imap:Spam"]
