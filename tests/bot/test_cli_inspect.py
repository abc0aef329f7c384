"""Check 9 at the command line: any folder ends with exit 0 and one object a message."""

from __future__ import annotations

import json
import os
import time

import pytest

from tests.bot.command import Command
from tests.inbox.crafted import HEAD, MAILS

KEYS = ["file", "index", "verdict", "reason", "rule", "from", "subject", "message_id"]
KEYS += ["language", "charset", "text", "bounce", "parts", "reply"]
SEPARATOR = b"From x@example.org Mon Nov 23 10:15:00 2020\n"

pytestmark = pytest.mark.long


def test_check_9_any_folder_is_inspected_to_its_end(command: Command) -> None:
    folder = command.folder / "mails"
    folder.mkdir()
    for number, mail in enumerate(MAILS):
        (folder / f"{number:03}.eml").write_bytes(mail.raw)
    (folder / "box.mbox").write_bytes((SEPARATOR + b"From: a@example.org\n\nwords\n\n") * 3)
    (folder / "junk").write_bytes(os.urandom(1_000_000))
    os.mkfifo(folder / "pipe")
    begun = time.monotonic()
    ran = command("mail", "inspect", "--json", "mails")

    assert (ran.code, ran.err) == (0, "")
    told = [json.loads(line) for line in ran.out.splitlines()]
    assert len(told) == len(MAILS) + 3 + 1 + 1
    assert {tuple(record) for record in told} == {tuple(KEYS)}
    assert [record["verdict"] for record in told[: len(MAILS)]] == [mail.verdict for mail in MAILS]
    assert time.monotonic() - begun < 50


def test_words_without_end_are_inspected_in_time(command: Command) -> None:
    """Of so many questions only the first are read; a line or a page of any length costs no more."""
    kind = b"Content-Type: text/%s; charset=utf-8\r\nSubject: x\r\n\r\n"
    bodies = {
        "questions": (b"plain", "접수 마감이 언제인가요?\r\n".encode() * 300_000),
        "letters": (b"plain", "가".encode() * 1_000_000),
        "address": (b"plain", b"x" * 1_000_000),
        "page": (b"html", "<p>접수 마감이 언제인가요?</p>\r\n".encode() * 100_000),
        "table": (
            b"html",
            b"<table><tr><td>" + b"x" * 100_000 + b"</td></tr>" + b"<tr><td>x</td></tr>" * 10_000,
        ),
    }
    for name, (subtype, body) in bodies.items():
        (command.folder / f"{name}.eml").write_bytes(HEAD + kind % subtype + body)
        begun = time.monotonic()
        ran = command("mail", "inspect", "--json", f"{name}.eml")

        assert (ran.code, len(ran.out.splitlines())) == (0, 1), (name, ran.err)
        assert time.monotonic() - begun < 10, name
