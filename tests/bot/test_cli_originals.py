"""Staff get mails as they came, and see what came with them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import originals
from bot.refusal import Refused
from bot.storage import Storage, open_storage
from bot.understanding import Understanding
from tests.bot.command import Command
from tests.bot.office import OTHER, Office, eml, put
from tests.inbox import crafted

BINARY = eml(OTHER) + bytes(range(256)) + b"\r\n.\r\n\n\r" + b"x" * 5_000


@pytest.fixture
def office(command: Command, migrated_file: Path, understanding: Understanding) -> Iterator[Office]:
    """A desk over the database that the commands of this test use."""
    path = command.folder / "var" / "contestdesk.db"
    path.parent.mkdir()
    path.write_bytes(migrated_file.read_bytes())
    storage = open_storage(f"sqlite:///{path}")
    yield Office(storage=storage, understanding=understanding)
    storage.close()


def with_file(text: str) -> bytes:
    letter = crafted.part("text/plain; charset=utf-8", text.encode(), "Content-Transfer-Encoding: 8bit")
    file = crafted.part(
        "application/pdf",
        crafted.lines(b"%PDF-"),
        crafted.BASE64,
        'Content-Disposition: attachment; filename="\x1b[31mred.pdf"',
    )
    return crafted.whole(crafted.multi("mixed", letter, file))


def test_raw_mail_is_written_byte_for_byte(command: Command, office: Office) -> None:
    number = put(office.storage, BINARY)
    ran = command("inquiries", "raw", str(number), "--out", "mail.eml")

    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert (command.folder / "mail.eml").read_bytes() == BINARY


def test_raw_mail_goes_to_standard_output(command: Command, office: Office) -> None:
    raw = eml(OTHER)
    number = put(office.storage, raw)

    assert command("inquiries", "raw", str(number)).out.encode() == raw


def test_raw_mail_that_cannot_be_written_is_told(command: Command, office: Office) -> None:
    number = put(office.storage, BINARY)
    ran = command("inquiries", "raw", str(number), "--out", "none/mail.eml")

    assert (ran.code, ran.complaints) == (1, ["contestdesk: none/mail.eml: No such file or directory"])


def test_raw_mail_that_is_not_there_is_refused(small_storage: Storage) -> None:
    with small_storage.read() as session, pytest.raises(Refused, match="there is no inbound mail 9;"):
        originals.raw(session, 9)


def test_inquiry_shows_its_mails_and_their_attachments(command: Command, office: Office) -> None:
    office.take(with_file(OTHER))
    ran = command("inquiries", "show", "1", "--json")
    [mail] = json.loads(ran.out)["mails"]

    assert mail["attachments"] == [{"name": "[31mred.pdf", "size_bytes": 5, "type": "application/pdf"}]
    assert (mail["inbound"], mail["size_bytes"], mail["unreadable"]) == (1, len(with_file(OTHER)), None)


def test_inquiry_shows_attachments_to_people(command: Command, office: Office) -> None:
    office.take(with_file(OTHER))

    assert "attached: [31mred.pdf, 5 octets, application/pdf" in command("inquiries", "show", "1").out
