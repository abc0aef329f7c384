"""Whole mails, sound and hostile."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.inbox import limits
from bot.inbox.parse import Attachment, Inbound, Unreadable, parse

MAILS = Path(__file__).parent.parent / "data" / "mail"
HEAD = b"From: lab@example.org\r\nSubject: x\r\n"


def mail(name: str) -> bytes:
    return (MAILS / f"{name}.eml").read_bytes()


def test_euckr_mail_is_read_whole() -> None:
    inbound = parse(mail("question_euckr_quoted"))

    assert (inbound.from_address, inbound.from_name, inbound.subject) == (
        "lab@example.org",
        "김연구",
        "접수 마감 문의",
    )
    assert inbound.text.startswith(
        "안녕하세요. 접수 마감이 며칠인가요?\n펲시콜라 데이터도 되나요?\n\n-----Original"
    )
    assert (inbound.message_id, inbound.to) == ("<q1@example.org>", ("contest@contest.test",))
    assert inbound.date == datetime(2020, 11, 23, 1, 15, tzinfo=UTC)
    assert (inbound.charset, inbound.is_html, inbound.defects) == ("ks_c_5601-1987", False, ())


def test_decomposed_mail_is_composed() -> None:
    inbound = parse(mail("question_utf8_nfd"))

    assert (inbound.subject, inbound.text) == ("접수 문의", "서류는 무엇을 내나요?\n")
    assert inbound.attachments == (Attachment(name="신청서.pdf", size_bytes=9, type="application/pdf"),)


def test_html_mail_becomes_text_with_marked_quote() -> None:
    inbound = parse(mail("question_html_only"))

    assert inbound.is_html
    assert inbound.from_name == "Kim, Lab"
    assert inbound.text.split("\n") == [
        "팀은 몇 명까지인가요?",
        "",
        "2020년 11월 20일 (금) 오후 3:21, 운영 사무국 <contest@contest.test>님이 작성:",
        "",
        "> 안내드립니다.",
        ">",
        "> 마감은",
    ]


def test_plain_alternative_is_preferred_and_unflowed() -> None:
    inbound = parse(mail("question_alternative"))

    assert inbound.text == "When is the deadline? Can a company take part?\n-- \nKim"
    assert [attachment.type for attachment in inbound.attachments] == ["text/calendar"]


@pytest.mark.parametrize("name", ["question_iso2022kr", "question_no_marks"])
def test_korean_without_sound_marks_is_read(name: str) -> None:
    assert parse(mail(name)).text == "마감이 언제입니까?\n"


def test_thread_keys_are_read() -> None:
    inbound = parse(mail("reply_outlook"))

    assert inbound.in_reply_to == ("<m1.x@contest.test>",)
    assert inbound.references == ("<q1@example.org>", "<m1.x@contest.test>")
    assert inbound.subject == "RE: 접수 마감"


@pytest.mark.parametrize(
    ("head", "defect"),
    [
        (b"Subject: x\r\n", "from_missing"),
        (b"From: a@example.org, b@example.org\r\n", "from_many"),
        (b"From: a@example.org\r\nFrom: b@example.org\r\n", "from_many"),
        (b"From: <a@example.org>b@evil.test\r\n", "from_malformed"),
        (b"From:\r\n", "from_malformed"),
    ],
)
def test_doubtful_from_is_nobody(head: bytes, defect: str) -> None:
    inbound = parse(head + b"\r\nx")

    assert (inbound.from_address, inbound.defects) == (None, (defect,))


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"Content-Transfer-Encoding: base64 \r\n\r\nd29yZHM=", "words"),
        (b"Content-Transfer-Encoding: BASE64 (old)\r\n\r\nd29yZHM", "words"),
        (b"Content-Transfer-Encoding: quoted-printable\r\n\r\nwor=64s=", "words"),
        (b"Content-Transfer-Encoding: nonsense\r\n\r\nwords", "words"),
        (b"Content-Type: multipart/mixed\r\n\r\nwords", "words"),
        (b"Content-Type: multipart/mixed; boundary=never\r\n\r\nwords", "words"),
        (b"Content-Type: nonsense\r\n\r\nwords", "words"),
        (b"Content-Type: text/html\r\n\r\nwo<b>rds</b><script>no</script>", "words"),
        (b"\r\nwords", "words"),
        (b"Content-Type: text/plain; charset=utf-8\r\n\r\nwo\x00rds", "words"),
        (
            b"Content-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\n\r\n \r\n--a\r\n"
            b"Content-Type: text/html\r\n\r\nwords\r\n--a--",
            "words",
        ),
        (
            b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nwords\r\n--a\r\n"
            b"Content-Disposition: attachment\r\n\r\nnot these\r\n--a\r\nContent-Type: message/rfc822\r\n\r\n"
            b"Subject: y\r\n\r\nnor these",
            "words",
        ),
    ],
)
def test_text_is_found(body: bytes, text: str) -> None:
    assert parse(HEAD + body).text == text


def nested(depth: int) -> bytes:
    return HEAD + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level)
        for level in range(depth)
    )


def of_parts(count: int) -> bytes:
    return HEAD + b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + b"--a\r\n\r\nx\r\n" * count


TOO_MUCH = {
    "empty": b"",
    "blank": b"\r\n\r\n",
    "no header": b"hello\r\n\r\nworld",
    "octets": HEAD + b"\r\n" + b"x" * limits.MAX_BYTES,
    "header block": b"X: y\r\n" * 999
    + b"Y: "
    + b"y" * 60_000
    + b"".join(b"\r\nZ: " + b"z" * 60_000 for _ in "123456"),
    "headers": b"X: y\r\n" * 1001 + b"\r\n",
    "one header": b"Subject: " + b"x" * 66_000 + b"\r\n\r\n",
    "folded header": b"Subject: x\r\n" + b" x\r\n" * 20_000 + b"\r\n",
    "parameters": HEAD + b"Content-Type: text/plain" + b"; a=b" * 20_000 + b"\r\n\r\n",
    "nested multiparts": nested(1000),
    "nested mails": HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 1000,
    "parts": of_parts(50_000),
}


@pytest.mark.parametrize("raw", TOO_MUCH.values(), ids=TOO_MUCH.keys())
def test_too_much_is_unreadable_with_a_reason_at_once(raw: bytes) -> None:
    begun = time.monotonic()
    with pytest.raises(Unreadable, match=r"\w+ \w+"):
        parse(raw)

    assert time.monotonic() - begun < 2


@pytest.mark.parametrize(
    "raw", [nested(limits.MAX_DEPTH), of_parts(limits.MAX_PARTS)], ids=["depth", "parts"]
)
def test_what_the_limits_allow_is_read(raw: bytes) -> None:
    assert parse(raw).subject == "x"


HOSTILE = {
    "unknown charset": HEAD + b"Content-Type: text/plain; charset=bogus\r\n\r\n\xb0\xa1",
    "empty charset": HEAD + b'Content-Type: text/plain; charset=""\r\n\r\n\xb0\xa1',
    "header in From": b"From: =?utf-8?Q?a=0D=0ABcc:..?= <a@example.org>\r\n\r\nx",
    "open literal": b"From: a@[1.2.3\r\n\r\nx",
    "empty related": HEAD
    + b"Content-Type: multipart/alternative; boundary=a\r\n\r\n"
    + b"--a\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--a--",
    "open id": HEAD + b"Message-ID: <\r\n\r\nx",
    "parentheses": b"From: " + b"(" * 3_000 + b"\r\n\r\nx",
    "quotes": HEAD + b"To: " + b'"' * 65_000 + b"\r\n\r\nx",
    "words": b"Subject: " + b"=?utf-8?Q?a?= " * 4_600 + b"\r\n\r\nx",
    "open words": b"Subject: " + b"=?utf-8?Q??=20" * 4_600 + b"\r\n\r\nx",
    "references": HEAD + b"References: " + b"<" * 65_000 + b"\r\n\r\nx",
    "date": HEAD + b"Date: Mon, 99 Nov 99999999999 99:99:99 +99999\r\n\r\nx",
    "marks": b"Subject: " + "\u0301\u0316".encode() * 16_000 + b"\r\n\r\nx",
    "deep html": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<div>" * 100_000,
    "open tags": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<" * 500_000,
    "only CR": b"From: lab@example.org\rSubject: x\r\rbody\r" * 500,
    "octets of all kinds": HEAD + b"\r\n" + bytes(range(256)) * 1_000,
    "NUL": b"Subject: x\r\n\r\n" + b"\x00" * 100_000,
}


def outcome(raw: bytes) -> Inbound | str:
    """The mail, or why it cannot be read."""
    try:
        return parse(raw)
    except Unreadable as error:
        return str(error)


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_mail_is_read_in_time(raw: bytes) -> None:
    begun = time.monotonic()
    inbound = outcome(raw)

    assert isinstance(inbound, Inbound)
    assert "\r" not in f"{inbound.subject}{inbound.from_name}{inbound.text}"
    assert time.monotonic() - begun < 5


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.binary(max_size=400), st.sampled_from([b"", HEAD, HEAD + b"Content-Type: text/html\r\n\r\n"]))
def test_any_octets_are_read_or_refused_by_a_limit(raw: bytes, head: bytes) -> None:
    assert "parser failed" not in str(outcome(head + raw))


PIECES = st.sampled_from(
    [
        b"\r\n",
        b"\n",
        b"\r",
        b"--a",
        b"--a--",
        b"Content-Type: multipart/mixed; boundary=a\r\n",
        b"Content-Type: multipart/alternative; boundary=b\r\n",
        b"Content-Type: message/rfc822\r\n",
        b"Content-Type: message/delivery-status\r\n",
        b"Content-Type: text/html; charset=euc-kr\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b"Content-Disposition: attachment; filename*0*=x''%80\r\n",
        b"From: a@example.org\r\n",
        b"\xb0\xa1<b>",
        b"x",
        b"--b\r\n",
        b"> y\r\n",
    ]
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(PIECES, max_size=25))
def test_any_structure_is_read_or_refused_by_a_limit(pieces: list[bytes]) -> None:
    assert "parser failed" not in str(outcome(b"".join(pieces)))
