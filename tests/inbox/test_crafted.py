"""Check 9: every crafted mail is read or refused with a reason, within 10 s, and its octets stay as they were."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from bot.inbox import limits, parse, reader, wire
from bot.inbox.inspect import inspect
from bot.inbox.rules import DeskNames
from tests.inbox import crafted
from tests.inbox.crafted import MAILS, Crafted

DESK = DeskNames(
    addresses=("contest@contest.test",), domain="contest.test", secret=b"a secret for tests only"
)
IDS = [mail.name for mail in MAILS]
READABLE = [mail for mail in MAILS if mail.verdict != "unreadable"]


def record_of(file: Path) -> dict[str, Any]:
    [seen] = inspect(file, desk=DESK)
    return seen.record


def test_crafted_mails_are_as_many_as_check_9_asks() -> None:
    assert len(set(IDS)) == len(MAILS) >= 63


@pytest.mark.parametrize("mail", MAILS, ids=IDS)
def test_check_9_crafted_mail_has_its_verdict_in_time(tmp_path: Path, mail: Crafted) -> None:
    file = tmp_path / "mail.eml"
    file.write_bytes(mail.raw)
    begun = time.monotonic()
    record = record_of(file)

    assert time.monotonic() - begun < 10
    assert (record["verdict"], mail.reason in record["reason"]) == (mail.verdict, True), record["reason"]
    json.dumps(record, ensure_ascii=False).encode()
    assert file.read_bytes() == mail.raw


@pytest.mark.parametrize("mail", READABLE, ids=[mail.name for mail in READABLE])
def test_check_9_crafted_mail_says_what_was_written(mail: Crafted) -> None:
    inbound = parse.parse(mail.raw)
    found = tuple((each.name, each.size_bytes, each.type) for each in inbound.attachments)

    assert (inbound.subject, inbound.from_address) == (mail.subject, mail.sender)
    assert mail.text is None or inbound.text.rstrip("\n") == mail.text.rstrip("\n")
    assert mail.attachments is None or found == mail.attachments


@pytest.mark.parametrize("mail", READABLE, ids=[mail.name for mail in READABLE])
def test_child_reports_what_this_process_would_read(mail: Crafted) -> None:
    limits.check(mail.raw)
    here = reader.read(mail.raw)

    there = wire.loads(wire.dumps(here))
    assert there == here
    assert [part.get_content_type() for part in there.report.walk()][:1000] == [
        part.get_content_type() for part in here.report.walk()
    ][:1000]


def test_page_cannot_grow_in_memory() -> None:
    for name in ("page with a table that would fill memory", "page with an indent that would fill memory"):
        [mail] = [mail for mail in MAILS if mail.name == name]
        assert len(parse.parse(mail.raw).text) < 2 * len(mail.raw)


LABELS = (
    "euc-kr",
    "ks_c_5601-1987",
    "ks_c_5601-1989",
    "korean",
    "windows-949",
    "x-windows-949",
    "uhc",
    "ms949",
    "cp949",
    "us-ascii",
    "utf-8",
)


@pytest.mark.parametrize("label", LABELS)
def test_check_10_cp949_under_any_label_is_read_in_subject_and_body(label: str) -> None:
    """11 labels, subject and body each: 22 of 22."""
    subject = f"Subject: {crafted.word(crafted.KOREAN, 'cp949', label)}\r\n".encode()
    kind = f'Content-Type: text/plain; charset="{label}"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n'.encode()
    inbound = parse.parse(crafted.HEAD + subject + crafted.MIME + kind + crafted.KOREAN.encode("cp949"))

    assert (inbound.subject, inbound.text) == (crafted.KOREAN, crafted.KOREAN)
