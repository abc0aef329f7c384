"""Check 11: what comes from outside stays text: no header, no recipient and no markup of a stranger's making.

Each reply is judged by what the relay got on the wire, parsed anew by three readings.
"""

import re
import socket
from email import message_from_bytes, policy
from email.message import Message
from io import BufferedRWPair

import pytest

from bot.storage import Storage
from bot.tables import InquiryState
from tests.scenarios import rows
from tests.scenarios.conftest import Start
from tests.scenarios.letters import QUESTIONS, letter, new_id, send
from tests.scenarios.passing import caught_for, pass_through, wait_for_mail
from tests.scenarios.serving import STAFF
from tests.servers.sink import Caught, Sink

# Each starts the desk as processes of its own, more than once.
pytestmark = pytest.mark.long

THREAD = ["In-Reply-To", "References"]
REPLY = [
    *("Date", "From", "Reply-To", "To", "Subject", "Message-ID", *THREAD, "Content-Language"),
    *("Auto-Submitted", "X-Auto-Response-Suppress", "MIME-Version", "Content-Type"),
]
#: A stranger's Message-ID that is no msg-id costs the reply its place in the thread, and nothing else.
UNTHREADED = [name for name in REPLY if name not in THREAD]
INJECTED = "=?utf-8?Q?a=0D=0ABcc:_victim@example.org=0D=0A=0D=0Abody?="
CODES = {
    "crlf": "a\r\nBcc: victim@example.org",
    "folded-crlf": "a\r\n Bcc: victim@example.org",
    "lone-cr": "a\rBcc: victim@example.org",
    "lone-lf": "a\nBcc: victim@example.org",
    "nul": "a\x00Bcc: victim@example.org",
    "line-separator": "a\u2028Bcc: victim@example.org",
    "vertical-tab": "a\x0bBcc: victim@example.org",
    "next-line": "a\x85Bcc: victim@example.org",
    "check-11": "=?utf-8?Q?a=0D=0ABcc:_v@x.w?=",
    "encoded-word": INJECTED,
    "encoded-nul": "=?utf-8?Q?a=00b?=",
    "encoded-base64": "=?utf-8?B?YQ0KQmNjOiB2aWN0aW1AZXhhbXBsZS5vcmcNCg==?=",
    "split-encoded-words": "=?utf-8?Q?a=0D?= =?utf-8?Q?=0ABcc:_victim@example.org?=",
    "template": "{{ 7*7 }} {% raw %} {# x #} ${7*7}",
    "markup": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "direction": "a\u202egro.elpmaxe@mitciv :ccB",
}
FIELDS = {
    "subject": "Subject: {code}\r\nFrom: {sender}\r\nMessage-ID: {id}\r\n",
    "name": "Subject: q\r\nFrom: {code} <{sender}>\r\nMessage-ID: {id}\r\n",
    "quoted-name": 'Subject: q\r\nFrom: "{code}" <{sender}>\r\nMessage-ID: {id}\r\n',
    "message-id": "Subject: q\r\nFrom: {sender}\r\nMessage-ID: <{code}@example.org>\r\n",
    "references": (
        "Subject: q\r\nFrom: {sender}\r\nMessage-ID: {id}\r\n"
        "In-Reply-To: {code}\r\nReferences: <x@example.org> {code} <{code}>\r\n"
    ),
    "reply-to": "Subject: q\r\nFrom: {sender}\r\nReply-To: {code}, victim@example.org\r\nMessage-ID: {id}\r\n",
}
CASES = [(field, name) for field in FIELDS for name in CODES]
#: From names nobody, or two, once the code has cut it: a person answers these.
FROM_NOBODY = {("quoted-name", code) for code in ("crlf", "lone-cr", "lone-lf")} | {
    ("name", code) for code in CODES if code not in ("encoded-nul", "encoded-base64", "template", "direction")
}


def address(field: str, code: str) -> str:
    """Who writes in this case; the reply is found by it."""
    return f"{field}.{code}@example.org"


def hostile(field: str, code: str) -> bytes:
    """One question whose `field` carries the code."""
    head = FIELDS[field].format(code=CODES[code], sender=address(field, code), id=new_id())
    return f"{head}To: contest@contest.test\r\n\r\n{QUESTIONS[0]}\r\n".encode()


def assert_is_plain(mail: Caught) -> Message:
    """One recipient and the headers that were meant, in every reading; returns the mail as parsed."""
    head = mail.raw.partition(b"\r\n\r\n")[0]
    by_lines = [line.split(b":")[0].decode() for line in head.split(b"\r\n") if line[:1] not in b" \t"]
    modern = message_from_bytes(mail.raw, policy=policy.default)
    # As a filter on the way does that writes anew what it has read, encoded words decoded (CVE-2024-6923).
    passed_on = message_from_bytes(modern.as_bytes(), policy=policy.compat32)
    assert mail.header_names in (REPLY, UNTHREADED)
    assert by_lines == list(modern.keys()) == list(passed_on.keys()) == mail.header_names
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\x00|[^\x00-\x7f]", mail.raw)
    assert modern.get_all("To") == [*mail.recipients]
    assert len(mail.recipients) == 1
    assert "Bcc" not in modern
    assert not any("victim" in str(value) for name, value in modern.items() if name != "Subject")
    return modern


def test_check_11_hostile_headers_make_no_header_and_no_recipient(
    migrated_url: str, storage: Storage, sink: Sink, serve: Start
) -> None:
    desk = serve(migrated_url, sink=sink)
    for field, code in CASES:
        send(desk.smtp_port, hostile(field, code), sender=address(field, code))
    pass_through(desk, sink)

    replies = {case: caught_for(sink, address(*case)) for case in CASES}
    assert {case for case, caught in replies.items() if not caught} == FROM_NOBODY
    for case, caught in replies.items():
        for mail in caught:
            assert "49" not in str(assert_is_plain(mail)["Subject"]), case
    assert not caught_for(sink, "victim@example.org")
    assert "unreadable" not in {mark.verdict for mark in rows.handled(storage)}


def parts(mail: Caught) -> tuple[str, str]:
    """Text and HTML of a mail."""
    found = [mail.message.get_body((kind,)) for kind in ("plain", "html")]
    text, html = (part.get_content() for part in found if part is not None)
    return text, html


def test_markup_and_template_syntax_reach_staff_as_written_and_nobody_as_code(
    sqlite_url: str, sink: Sink, serve: Start
) -> None:
    desk = serve(sqlite_url, sink=sink)
    code = "<script>alert(1)</script> {{ 7*7 }} {% raw %} {{ cycler.__init__.__globals__ }} %(x)s ${7*7}"
    raw = letter(sender="lab@example.org", text=f"저희 강아지 {code} 사료비도 지원해 주시나요?", subject=code)
    send(desk.smtp_port, raw, sender="lab@example.org")

    [receipt] = wait_for_mail(sink, "lab@example.org")
    [notice] = wait_for_mail(sink, STAFF)
    text, html = parts(notice)
    assert code in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ 7*7 }} {% raw %}" in html
    assert receipt.message["Subject"] == f"Re: {code}"
    for told in (*parts(receipt), html):
        assert "<script" not in told
        assert "49" not in told


ENVELOPE_SENDERS = {
    b'<"a b"@example.org>': b"250",
    b"<lab@[127.0.0.1]>": b"250",
    "<연구실@example.org> SMTPUTF8".encode(): b"250",
    b"<{{7*7}}@example.org>": b"250",
    b"<lab@example.org\x00>": b"553",
    b"<lab@example.org\rRCPT TO:<victim@example.org>": b"553",
    b"<a@example.org> <b@example.org>": b"501",
    b"<lab@example.org": b"553",
}


def test_odd_envelope_is_taken_as_it_is_or_refused(
    sqlite_url: str, migrated_sqlite: Storage, sink: Sink, serve: Start
) -> None:
    desk = serve(sqlite_url, sink=sink)
    said: dict[bytes, bytes] = {}
    for path in ENVELOPE_SENDERS:
        with socket.create_connection(("127.0.0.1", desk.smtp_port), timeout=30) as client:
            stream = client.makefile("rwb")
            last_line(stream)
            say(stream, b"EHLO client.test")
            said[path] = say(stream, b"MAIL FROM:" + path)[:3]
            if said[path] == b"250":
                assert say(stream, b"RCPT TO:<victim@example.org>").startswith(b"550")
                assert say(stream, b"RCPT TO:<contest@contest.test> <victim@example.org>").startswith(b"5")
                assert say(stream, b"RCPT TO:<CONTEST+x@contest.test>").startswith(b"250")
                assert say(stream, b"DATA").startswith(b"354")
                raw = letter(sender="lab@example.org", text=QUESTIONS[0])
                assert say(stream, raw + b".").startswith(b"250")
    pass_through(desk, sink)

    assert said == ENVELOPE_SENDERS
    assert {mail.recipients[0] for mail in sink.messages()} <= {
        "lab@example.org",
        STAFF,
        *(row.recipient for row in rows.outbox(migrated_sqlite) if row.recipient.startswith("marker-")),
    }


def say(stream: BufferedRWPair, line: bytes) -> bytes:
    """Send one line and read the last line of its reply."""
    stream.write(line + b"\r\n")
    stream.flush()
    return last_line(stream)


def last_line(stream: BufferedRWPair) -> bytes:
    """Read one reply to its last line."""
    line = stream.readline()
    while line[3:4] == b"-":
        line = stream.readline()
    return line


#: What stands in From, and who gets the answer; None: nobody, a person has to look.
AUTHORS = {
    "Lab@Example.org": "lab@example.org",
    "lab+tag@example.org": "lab+tag@example.org",
    "{{7*7}}@example.org": "{{7*7}}@example.org",
    '"a b"@example.org': None,
    "lab@[127.0.0.1]": None,
    "연구실@example.org": None,
    "lab@example.org, victim@example.org": None,
    "lab@example.org@victim.example.org": None,
    "undisclosed-recipients:;": None,
    "=?utf-8?q?lab?=@example.org": None,
}


def test_odd_author_is_answered_at_one_plain_address_or_by_a_person(
    sqlite_url: str, migrated_sqlite: Storage, sink: Sink, serve: Start
) -> None:
    desk = serve(sqlite_url, sink=sink)
    for author in AUTHORS:
        send(desk.smtp_port, letter(sender=author, text=QUESTIONS[0]), sender="lab@example.org")
    pass_through(desk, sink)

    replied = {row.key: row.recipient for row in rows.outbox(migrated_sqlite, key="reply:%")}
    marks = rows.handled(migrated_sqlite)
    assert {
        author: replied.get(f"reply:{number}") for number, author in enumerate(AUTHORS, start=1)
    } == AUTHORS
    waiting = {inquiry.id for inquiry in rows.inquiries(migrated_sqlite) if inquiry.state == InquiryState.NEW}
    assert {mark.inquiry_id for mark in marks if f"reply:{mark.inbound_id}" not in replied} == waiting
    assert "unreadable" not in {mark.verdict for mark in marks}
    assert not caught_for(sink, "victim@example.org")
