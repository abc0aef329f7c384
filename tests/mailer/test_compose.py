from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.utils import parseaddr
from typing import Any

import pytest

from faq.contest import Language, Person
from mailer import compose as compose_module
from mailer import token
from mailer.compose import MAX_SUBJECT, Composed, compose, references
from mailer.errors import ComposeError
from mailer.letter import Letter, Section, SectionKind, Thread
from mailer.tables import MailKind
from tests.mailer.letters import IDENTITY, NOON, hello

#: Ways to smuggle a line into a header, raw and dressed up.
HOSTILE = [
    "a\r\nBcc: v@evil.test",
    "a\nBcc: v@evil.test",
    "a\rBcc: v@evil.test",
    "a\x00Bcc: v@evil.test",
    "a\u2028Bcc: v@evil.test",
    "a\u2029Bcc: v@evil.test",
    "a\x85Bcc: v@evil.test",
    "a\x0b\x0cBcc: v@evil.test",
    "=?utf-8?Q?a=0D=0ABcc:_v@evil.test?=",
    "=?utf-8?B?YQ0KQmNjOiB2QGV2aWwudGVzdA==?=",
    "=?utf-8?Q?=3D=3Futf-8=3FQ=3Fa=3D0D=3D0ABcc=3A?=",
    "\r\n\r\n<script>alert(1)</script>",
    "\udc80 lone surrogate",
]
ORDINARY = [
    "Date",
    "From",
    "Reply-To",
    "To",
    "Subject",
    "Message-ID",
    "Content-Language",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "MIME-Version",
    "Content-Type",
]


def write(letter: Letter, **changes: Any) -> Composed:
    usual: dict[str, Any] = {"row_id": 12, "identity": IDENTITY, "now": NOON}
    return compose(letter, **(usual | changes))


def header(composed: Composed) -> Message:
    return message_from_bytes(composed.body, policy=policy.compat32)


def decoded(composed: Composed, name: str) -> str:
    return str(make_header(decode_header(re.sub(r"\r\n(?=[ \t])", "", str(header(composed)[name])))))


def parts(composed: Composed) -> dict[str, str]:
    message = message_from_bytes(composed.body, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return {part.get_content_type(): part.get_content() for part in message.iter_parts()}


def test_compose_writes_the_intended_headers_only() -> None:
    assert header(write(hello())).keys() == ORDINARY


def test_compose_is_the_same_for_the_same_row() -> None:
    assert write(hello()).body == write(hello()).body


def test_compose_says_who_to_whom_and_when() -> None:
    composed = write(hello())

    assert decoded(composed, "From") == "인공지능 데이터셋 지원사업 <contest@desk.test>"
    assert header(composed)["To"] == composed.recipient == "lab@example.org"
    assert header(composed)["Date"] == "Fri, 20 Nov 2020 12:00:00 +0900"
    assert header(composed)["Content-Language"] == "ko"
    assert header(composed)["Reply-To"] == "contest@desk.test"


def test_compose_signs_envelope_sender_and_message_id() -> None:
    composed = write(hello())
    local_part, _, domain = composed.envelope_sender.partition("@")

    assert token.read(local_part, IDENTITY.secret) == token.Token(kind="bounces", id=12)
    assert domain == "desk.test"
    assert token.row_of(composed.message_id, IDENTITY.secret, IDENTITY.domain) == 12


def test_compose_sends_text_and_html_in_short_lines() -> None:
    composed = write(hello(subject="긴 제목 " * 20))

    assert list(parts(composed)) == ["text/plain", "text/html"]
    assert composed.body.isascii()
    assert max(map(len, composed.body.split(b"\r\n"))) <= 78
    assert composed.body.count(b"\n") == composed.body.count(b"\r\n")
    assert composed.body.endswith(b"\r\n")


@pytest.mark.parametrize(
    ("kind", "automatic", "expected"),
    [
        (MailKind.ANSWER, True, ("auto-replied", "All")),
        (MailKind.RECEIPT, True, ("auto-replied", "All")),
        (MailKind.CODE, True, ("auto-generated", "All")),
        (MailKind.STAFF_NOTICE, True, ("auto-generated", "All")),
        (MailKind.LETTER, False, (None, None)),
    ],
)
def test_compose_marks_what_no_person_wrote(
    kind: MailKind, automatic: bool, expected: tuple[str | None, str | None]
) -> None:
    message = header(write(hello(kind=kind, automatic=automatic)))

    assert (message["Auto-Submitted"], message["X-Auto-Response-Suppress"]) == expected


def test_compose_hangs_a_reply_on_its_thread() -> None:
    thread = Thread(in_reply_to="<c@x.test>", references=("<a@x.test>", "<b@x.test>", "<c@x.test>"))
    message = header(write(hello(thread=thread)))

    assert message["In-Reply-To"] == "<c@x.test>"
    assert str(message["References"]).split() == ["<a@x.test>", "<b@x.test>", "<c@x.test>"]


def test_references_keeps_the_first_and_the_newest() -> None:
    ids = [f"<{n}@x.test>" for n in range(50)]

    assert references(ids) == (ids[0], *ids[-20:])


def test_references_stays_within_a_sane_length() -> None:
    ids = [f"<{n}{'z' * 115}@{'h' * 115}.test>" for n in range(30)]

    kept = references(ids)

    assert sum(map(len, kept)) <= 4000
    assert (kept[0], kept[-1]) == (ids[0], ids[-1])


@pytest.mark.parametrize(
    "bad", ["", "no brackets@x.test", "<a@b> <c@d>", "<a b@c>", "<a@b\r\nBcc: v@x.test>", "<\u2028@b>"]
)
def test_compose_leaves_malformed_ids_out(bad: str) -> None:
    parent = "<p@x.test>"

    inner = header(write(hello(thread=Thread(in_reply_to=parent, references=(bad, parent)))))
    outer = header(write(hello(thread=Thread(in_reply_to=bad, references=(parent,)))))

    assert inner["References"] == parent
    assert outer.keys() == ORDINARY


@pytest.mark.parametrize("hostile", HOSTILE)
def test_subject_from_outside_never_makes_a_header(hostile: str) -> None:
    composed = write(hello(subject=f"Re: {hostile}"))

    assert header(composed).keys() == ORDINARY
    assert decoded(composed, "Subject") == composed.subject
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029]", composed.subject)


def test_subject_that_looks_encoded_is_shown_as_it_was_typed() -> None:
    typed = "=?utf-8?Q?a=0D=0ABcc:_v@evil.test?="

    assert decoded(write(hello(subject=typed)), "Subject") == typed


def test_subject_is_cut_and_never_empty() -> None:
    assert len(write(hello(subject="가" * 3000)).subject) == MAX_SUBJECT
    assert write(hello(subject="\r\n")).subject == "인공지능 데이터셋 지원사업"


@pytest.mark.parametrize("hostile", HOSTILE)
def test_words_from_outside_stay_words(hostile: str) -> None:
    section = Section(kind=SectionKind.WAITS, heading=hostile, paragraphs=(hostile,), source=hostile)
    composed = write(hello(data={"sections": (section,), "greeting": hostile}, inquiry=3))

    assert header(composed).keys() == ORDINARY
    assert "<script>" not in parts(composed)["text/html"]
    assert len(list(message_from_bytes(composed.body).walk())) == 3


def test_template_syntax_from_outside_is_literal() -> None:
    typed = "{{ 7 * 7 }}{% for x in y %}{{ ''.__class__ }}"
    section = Section(kind=SectionKind.WAITS, heading=typed, paragraphs=(typed,), source=None)
    said = parts(write(hello(subject=typed, data={"sections": (section,), "greeting": typed})))

    assert said["text/plain"].count(typed) == 3
    assert "49" not in said["text/plain"]


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("field", ["To", "From", "Message-ID"])
def test_other_fields_refuse_what_is_hostile(field: str, hostile: str) -> None:
    changes: dict[str, dict[str, Any]] = {
        "To": {"letter": hello(to=f"{hostile}@example.org")},
        "From": {"identity": replace(IDENTITY, address=f"{hostile}@example.org")},
        "Message-ID": {"identity": replace(IDENTITY, domain=hostile)},
    }

    with pytest.raises(ComposeError) as refusal:
        write(**({"letter": hello()} | changes[field]))

    assert refusal.value.field == field


@pytest.mark.parametrize("hostile", [text for text in HOSTILE if not text.startswith("=?")])
def test_display_name_refuses_controls(hostile: str) -> None:
    name = {Language.KO: hostile, Language.EN: "x"}

    with pytest.raises(ComposeError, match=r"From|body|header|Subject"):
        write(hello(), identity=replace(IDENTITY, name=name))


@pytest.mark.parametrize("name", ['Team "A", <x@y.test>', "=?utf-8?Q?a=0D=0ABcc:?=", "한" * 60, "Plain"])
def test_display_name_reads_back_as_it_is(name: str) -> None:
    composed = write(hello(), identity=replace(IDENTITY, name={Language.KO: name, Language.EN: name}))
    message = message_from_bytes(composed.body, policy=policy.compat32)
    raw = re.sub(r"\r\n(?=[ \t])", "", str(message["From"]))
    shown, address = parseaddr(raw)

    assert address == "contest@desk.test"
    assert str(make_header(decode_header(shown))) == name
    assert message.keys() == ORDINARY


@pytest.mark.parametrize(
    "address",
    [
        "alice@example.org)bob@evil.test",
        "<a@b.test>x@y.test",
        "a@evil.test <b@c.test>",
        "a@b.test, c@d.test",
        "a@b.test;c@d.test",
        '"a@b"@c.test',
        "a@[127.0.0.1]",
        "Lab <a@b.test>",
        "a @b.test",
        "a@b .test",
        "a..b@c.test",
        "a@-b.test",
        "a@b..test",
        "@b.test",
        "a@",
        "",
        "한글@example.org",
        f"{'x' * 65}@example.org",
        f"a@{'b.' * 126}test",
    ],
)
def test_recipient_is_exactly_one_address(address: str) -> None:
    with pytest.raises(ComposeError) as refusal:
        write(hello(to=address))

    assert refusal.value.field == "To"


def test_reply_goes_to_the_signed_address_of_the_inquiry_where_that_is_ours() -> None:
    taking = replace(IDENTITY, takes_signed=True)
    answer, receipt_of_nothing = hello(inquiry=12), hello()
    said = [header(write(letter, identity=taking))["Reply-To"] for letter in (answer, receipt_of_nothing)]
    local_part, _, domain = str(said[0]).partition("@")

    assert token.read(local_part, IDENTITY.secret) == token.Token(kind=token.INQUIRY, id=12)
    assert (domain, said[1]) == ("desk.test", "contest@desk.test")
    assert header(write(answer))["Reply-To"] == "contest@desk.test"


def test_recipient_domain_goes_idna() -> None:
    assert write(hello(to="lab@예시.test")).recipient == "lab@xn--vv4b11d.test"


def test_naive_now_is_refused() -> None:
    with pytest.raises(ComposeError, match="naive"):
        write(hello(), now=datetime(2020, 11, 20, 12, 0))
    assert header(write(hello(), now=datetime(2020, 11, 20, 3, 0, tzinfo=UTC)))["Date"].endswith("+0900")


def test_template_that_is_missing_data_is_named() -> None:
    with pytest.raises(ComposeError, match=r"template reply: data lacks .'greeting'"):
        write(hello(data={"sections": ()}))
    with pytest.raises(ComposeError, match="no family 'poem'"):
        write(hello(template="poem"))


def test_language_follows_the_recipient() -> None:
    letter = hello(recipient=Person(address="lab@example.org", name=None, language=Language.EN))

    assert parts(write(letter))["text/plain"].startswith("Hello,")


@pytest.mark.parametrize(
    ("found", "put", "field"),
    [
        (b"Subject: hi", b"Subject: hi\r\nBcc: v@evil.test", "header"),
        (b"Subject: hi", b"Subject: hi\r\nSubject: ho", "header"),
        (b"Subject: hi", b"Subject: ho", "Subject"),
        (b"To: lab@example.org", b"To: lab@example.org, v@evil.test", "To"),
        (b"Subject: hi", b"Subject: hi\nBcc: v@evil.test", "body"),
        (b"Subject: hi", b"Subject: hi" + b"x" * 990, "body"),
    ],
)
def test_guard_reads_what_a_stranger_would_read(found: bytes, put: bytes, field: str) -> None:
    # What no value may do, done to the bytes themselves.
    composed = write(hello(subject="hi"))
    meant = [(name, str(value)) for name, value in header(composed).items()][:-2]
    assert found in composed.body
    compose_module._check(composed.body, meant)

    with pytest.raises(ComposeError) as refusal:
        compose_module._check(composed.body.replace(found, put, 1), meant)

    assert refusal.value.field == field
