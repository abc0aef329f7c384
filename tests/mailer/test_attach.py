"""Files that go with a mail: what is written, and which names and types are refused."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from mailer.attach import Attachment
from mailer.compose import compose
from mailer.errors import ComposeError
from tests.mailer.letters import IDENTITY, NOON, hello

PDF = Attachment(name="발표 안내.pdf", type="application/pdf", content=b"%PDF-1.4\r\n\x00\xff\n.\n" * 40)
ASKS = Attachment(name="invite.ics", type="text/calendar", content=b"BEGIN:VCALENDAR\r\n", method="REQUEST")
KEPT = Attachment(name="calendar.ics", type="text/calendar", content=b"BEGIN:VCALENDAR\r\n")


def written(*attachments: Attachment) -> bytes:
    return compose(hello(attachments=attachments), row_id=12, identity=IDENTITY, now=NOON).body


def read(*attachments: Attachment) -> EmailMessage:
    message = message_from_bytes(written(*attachments), policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def shape(message: EmailMessage) -> list[str]:
    return [part.get_content_type() for part in message.walk()]


def test_file_is_read_back_by_name_type_and_bytes() -> None:
    message = read(PDF)
    (found,) = message.iter_attachments()

    assert shape(message) == [
        *("multipart/mixed", "multipart/alternative", "text/plain", "text/html"),
        "application/pdf",
    ]
    assert (found.get_filename(), found.get_content()) == (PDF.name, PDF.content)


def test_calendar_with_a_method_is_a_form_of_the_text_and_a_file() -> None:
    message = read(ASKS)
    calendars = [part for part in message.walk() if part.get_content_type() == "text/calendar"]

    assert shape(message) == [
        *("multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/calendar"),
        "text/calendar",
    ]
    assert [part["Content-Type"].params["method"] for part in calendars] == ["REQUEST", "REQUEST"]
    assert [part.get_filename() for part in calendars] == [None, "invite.ics"]
    assert [part.get_payload(decode=True) for part in calendars] == [ASKS.content] * 2


def test_calendar_without_a_method_is_a_file_only() -> None:
    (found,) = read(KEPT).iter_attachments()

    assert shape(read(KEPT)).count("text/calendar") == 1
    assert "method" not in found["Content-Type"].params


def test_same_row_gives_the_same_bytes_with_files() -> None:
    assert written(PDF, ASKS) == written(PDF, ASKS)


def test_mail_with_files_has_short_ascii_lines_and_no_bare_line_end() -> None:
    body = written(PDF, ASKS, KEPT)

    assert body.isascii()
    assert max(map(len, body.split(b"\r\n"))) <= 200
    assert body.count(b"\n") == body.count(b"\r") == body.count(b"\r\n")


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", ".profile", "../a.pdf", "a/b.pdf", "a\\b.pdf", "C:a.pdf", 'a".pdf', "a;b.pdf", " a.pdf"),
        *(
            "a\r\nBcc: v@evil.test",
            "a\nb.pdf",
            "a\x00.pdf",
            "a\u202efdp.exe",
            "=?utf-8?Q?a=0D=0ABcc:?=",
            "a" * 101,
        ),
        *("\udc80.pdf", "a\u2028b.pdf"),
    ],
)
def test_name_that_could_do_harm_is_refused(name: str) -> None:
    with pytest.raises(ComposeError, match="attachment"):
        written(Attachment(name=name, type="application/pdf", content=b""))


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "pdf",
        "message/rfc822",
        "multipart/mixed",
        "text/html; charset=utf-8",
        "a/b\r\nBcc: v@evil.test",
        "Text/Plain",
    ],
)
def test_type_that_is_none_is_refused(kind: str) -> None:
    with pytest.raises(ComposeError, match="no type"):
        written(Attachment(name="a.bin", type=kind, content=b""))


@pytest.mark.parametrize(
    ("kind", "method"), [("application/pdf", "REQUEST"), ("text/calendar", "REQUEST\r\nX: y")]
)
def test_method_belongs_to_a_calendar(kind: str, method: str) -> None:
    with pytest.raises(ComposeError, match="method"):
        written(Attachment(name="a.ics", type=kind, content=b"", method=method))


def test_longest_name_fits_a_line() -> None:
    longest = Attachment(name="가" * 96 + ".pdf", type="application/pdf", content=b"x")
    (found,) = read(longest).iter_attachments()

    assert found.get_filename() == longest.name
    assert max(map(len, written(longest).split(b"\r\n"))) <= 998
