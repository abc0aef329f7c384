"""Folders and files of mail, seen without storing anything."""

from __future__ import annotations

import json
import os
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.inbox.inspect import inspect
from bot.inbox.rules import DeskNames
from mailer import token

MAILS = Path(__file__).parent.parent / "data" / "mail"
SECRET = b"a secret for tests only, 32 octets"
DESK = DeskNames(addresses=("contest@contest.test",), domain="contest.test", secret=SECRET)
KEYS = ["file", "index", "verdict", "reason", "rule", "from", "subject", "message_id"]
KEYS += ["language", "charset", "text", "bounce"]


def records_of(path: Path, *, to: str | None = None) -> list[dict[str, Any]]:
    return [seen.record for seen in inspect(path, desk=DESK, to=to)]


def test_folder_gives_one_record_a_mail() -> None:
    records = list(records_of(MAILS))

    assert [Path(record["file"]).name for record in records] == sorted(path.name for path in MAILS.iterdir())
    assert {tuple(record) for record in records} == {tuple(KEYS)}
    json.dumps(records)


def test_record_says_what_the_contract_asks() -> None:
    [record] = records_of(MAILS / "question_euckr_quoted.eml")

    assert record == {
        "file": str(MAILS / "question_euckr_quoted.eml"),
        "index": 0,
        "verdict": "question",
        "reason": "a mail of a person",
        "rule": None,
        "from": "lab@example.org",
        "subject": "접수 마감 문의",
        "message_id": "<q1@example.org>",
        "language": "ko",
        "charset": "ks_c_5601-1987",
        "text": "안녕하세요. 접수 마감이 며칠인가요?\n펲시콜라 데이터도 되나요?",
        "bounce": None,
    }


def test_bounce_is_spelled_out() -> None:
    [record] = records_of(MAILS / "dsn_failed.eml")

    assert record["bounce"] == {
        "recipient": "gone@example.org",
        "status": "5.1.1",
        "permanent": True,
        "original_message_id": "<m7.x@contest.test>",
    }


def test_mbox_is_taken_apart(tmp_path: Path) -> None:
    box = tmp_path / "box"
    first = b"From: a@example.org\n\nOne\n\n>From the lab\nFrom now on\n\nFrom here on\n"
    second = b"From: b@example.org\n\nTwo\n"
    separator = b"From x@example.org Mon Nov 23 10:15:00 2020\n"
    box.write_bytes(separator + first + b"\n" + separator + second)
    records = list(records_of(box))

    assert [(record["index"], record["from"]) for record in records] == [
        (0, "a@example.org"),
        (1, "b@example.org"),
    ]
    assert records[0]["text"] == "One\n\nFrom the lab\nFrom now on\n\nFrom here on"


def test_recipient_can_be_named() -> None:
    signed = f"{token.sign(token.INQUIRY, 5, SECRET)}@contest.test"
    [record] = records_of(MAILS / "question_euckr_quoted.eml", to=signed)

    assert record["verdict"] == "reply"


def test_what_is_no_mail_is_unreadable_with_the_reason(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty.eml").write_bytes(b"")
    (tmp_path / "picture.eml").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    records = [*records_of(tmp_path), *records_of(tmp_path / "missing")]

    assert [(record["verdict"], record["reason"]) for record in records] == [
        ("unreadable", "an empty mail"),
        ("unreadable", "not one header line: this is no mail"),
        ("unreadable", "the file cannot be read: not a regular file"),
        ("unreadable", "the file cannot be read: No such file or directory"),
    ]


def test_check_9_folder_of_anything_gives_a_record_each(tmp_path: Path) -> None:
    """Sockets, loops of links, what may not be opened, junk: each is said, and nothing stops the rest."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "a.socket"))
    listener.close()
    (tmp_path / "b.loop").symlink_to("b.loop")
    (tmp_path / "c.gone").symlink_to("nowhere")
    (tmp_path / "d.junk").write_bytes(bytes(range(256)) * 200_000)
    (tmp_path / "e.zero").symlink_to("/dev/zero")
    (tmp_path / "f.eml").write_bytes(b"From: a@example.org\r\n\r\nwords")
    (tmp_path / "g.folder").mkdir()
    (tmp_path / "g.folder" / "h.eml").write_bytes(b"From: a@example.org\r\n\r\nwords")
    (tmp_path / "i.link").symlink_to("g.folder")
    begun = time.monotonic()
    records = records_of(tmp_path)

    assert time.monotonic() - begun < 10
    assert [(Path(record["file"]).name, record["verdict"], record["reason"]) for record in records] == [
        ("a.socket", "unreadable", "the file cannot be read: not a regular file"),
        ("b.loop", "unreadable", "the file cannot be read: Too many levels of symbolic links"),
        ("c.gone", "unreadable", "the file cannot be read: No such file or directory"),
        ("d.junk", "unreadable", "26214401 octets, more than 26214400"),
        ("e.zero", "unreadable", "the file cannot be read: not a regular file"),
        ("f.eml", "question", "a mail of a person"),
        ("i.link", "unreadable", "the file cannot be read: a link to another folder"),
        ("h.eml", "question", "a mail of a person"),
    ]


@contextmanager
def without_rights() -> Iterator[None]:
    """Be somebody whom the rights of files bind: root they do not."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_what_may_not_be_read_is_told() -> None:
    records_of(MAILS)  # what is still to be imported, is
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "closed.eml").touch()
        (folder / "closed").mkdir()
        (folder / "closed" / "x.eml").touch()
        for path in (folder / "closed.eml", folder / "closed"):
            path.chmod(0)
        folder.chmod(0o755)
        with without_rights():
            records = [*records_of(folder), *records_of(folder / "closed" / "x.eml")]
        (folder / "closed").chmod(0o700)

    assert [(Path(record["file"]).name, record["reason"]) for record in records] == [
        ("closed.eml", "the file cannot be read: Permission denied"),
        ("closed", "the file cannot be read: Permission denied"),
        ("x.eml", "the file cannot be read: Permission denied"),
    ]


def test_large_mbox_of_nothing_ends_in_time(tmp_path: Path) -> None:
    box = tmp_path / "box"
    box.write_bytes(b"From x\n" + b"\n" * 50_000_000)
    begun = time.monotonic()

    assert [record["reason"] for record in records_of(box)] == ["26214401 octets, more than 26214400"]
    assert time.monotonic() - begun < 10


def test_mbox_of_crlf_and_of_mails_without_a_body_is_taken_apart(tmp_path: Path) -> None:
    box = tmp_path / "box"
    separator = b"From x@example.org Mon Nov 23 10:15:00 2020\r\n"
    box.write_bytes((separator + b"From: a@example.org\r\n\r\n") * 3 + b"From here on, no mail\r\n")

    assert [(record["index"], record["text"]) for record in records_of(box)] == [
        (0, ""),
        (1, ""),
        (2, "From here on, no mail"),
    ]


@pytest.mark.parametrize("name", ["hidden", "folder"])
def test_hidden_files_are_no_mail(tmp_path: Path, name: str) -> None:
    hidden = tmp_path / f".{name}" if name == "hidden" else tmp_path / ".folder" / "x.eml"
    hidden.parent.mkdir(exist_ok=True)
    hidden.write_bytes(b"From: a@example.org\r\n\r\nx")

    assert list(records_of(tmp_path)) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(raw=st.binary(max_size=300), prefix=st.sampled_from([b"", b"From ", b"From: a@example.org\r\n"]))
def test_any_file_gives_records(tmp_path: Path, raw: bytes, prefix: bytes) -> None:
    file = tmp_path / "any.eml"
    file.write_bytes(prefix + raw)

    records = list(records_of(file))
    assert records
    json.dumps(records).encode()
