from __future__ import annotations

from email import message_from_bytes, policy
from email.message import Message
from typing import Any

import pytest

from mailer import bounce, flufl_voice
from mailer.bounce import Bounce, Returned, Voice
from mailer.diagnosis import Cause

DSN = """\
From: Mail Delivery System <mailer-daemon@mx.test>
To: bounces+12.abc@desk.test
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

It failed.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.test

Final-Recipient: rfc822; lab@example.org
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {diagnostic}

--b
{returned}
--b--
"""
WHOLE = "Content-Type: message/rfc822\n\nMessage-ID: <m12.x@desk.test>\nSubject: x\n\nbody\n"
HEADERS = "Content-Type: text/rfc822-headers\n\nSubject: x\nMessage-Id:\n <m12.x@desk.test>\n"


def dsn(
    action: str = "failed",
    status: str = "5.1.1",
    diagnostic: str = "550 5.1.1 no such user",
    returned: str = WHOLE,
) -> Message:
    text = DSN.format(action=action, status=status, diagnostic=diagnostic, returned=returned)
    return message_from_bytes(text.encode().replace(b"\n", b"\r\n"), policy=policy.compat32)


def read(message: Message, **known: Any) -> Bounce | None:
    return bounce.read(Returned(message=message, **known))


def daemon(text: str, *, subject: str = "Mail delivery failed", headers: str = "") -> Returned:
    """A bounce in plain words, as its reader decodes it."""
    raw = f"From: MAILER-DAEMON@mx.test\nSubject: {subject}\n{headers}\n{text}"
    return Returned(
        message=message_from_bytes(raw.encode()),
        subject=subject,
        sender="MAILER-DAEMON@mx.test",
        to=("contest@desk.test",),
        text=text,
    )


@pytest.mark.parametrize("returned", [WHOLE, HEADERS])
def test_read_says_who_and_why(returned: str) -> None:
    assert read(dsn(returned=returned)) == Bounce(
        recipient="lab@example.org",
        status="5.1.1",
        permanent=True,
        delayed=False,
        original_message_id="<m12.x@desk.test>",
        voice=Voice.DSN,
        cause=Cause.NO_MAILBOX,
        recipients=("lab@example.org",),
    )


def test_read_tells_a_delay_from_a_failure() -> None:
    found = read(dsn(action="delayed", status="4.4.1", diagnostic="connection timed out"))

    assert found is not None
    assert (found.delayed, found.permanent) == (True, False)


def test_read_does_not_call_class_four_permanent() -> None:
    found = read(dsn(action="failed", status="4.4.7", diagnostic="450 4.1.1 user unknown"))

    assert found is not None
    assert (found.delayed, found.permanent) == (False, False)


def test_read_takes_the_status_from_the_diagnosis_when_it_has_none() -> None:
    found = read(dsn(status="unspecified", diagnostic="550 5.2.2 mailbox full"))

    assert found is not None
    assert found.status == "5.2.2"


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded", ""])
def test_read_passes_over_reports_of_success(action: str) -> None:
    assert read(dsn(action=action, status="2.0.0", diagnostic="250 ok")) is None


@pytest.mark.parametrize(
    "raw",
    [
        b"Subject: hello\r\n\r\nhow are you\r\n",
        b"Content-Type: message/delivery-status\r\n\r\n",
        b"Content-Type: multipart/report; boundary=b\r\n\r\nno parts",
        b"Content-Type: message/delivery-status\r\n\r\nAction: \xff\xfe\r\n\r\n",
    ],
)
def test_read_says_nothing_of_other_mail(raw: bytes) -> None:
    assert read(message_from_bytes(raw, policy=policy.compat32)) is None


def test_read_names_all_that_failed_the_first_one_first() -> None:
    more = "\nFinal-Recipient: rfc822; b@example.org\nAction: failed\nStatus: 5.2.2\n"
    text = DSN.format(
        action="failed", status="5.1.1", diagnostic="550 no such user" + "\n" + more, returned=""
    )
    found = read(message_from_bytes(text.encode()))

    assert found is not None
    assert (found.recipient, found.recipients) == ("lab@example.org", ("lab@example.org", "b@example.org"))


def test_null_sender_alone_is_no_bounce() -> None:
    message = message_from_bytes(b"From: lab@example.org\nSubject: x\n\nI am away.")
    returned = Returned(
        message=message,
        subject="x",
        sender="lab@example.org",
        text="I am away.",
        null_sender=True,
        signed=True,
    )

    assert bounce.read(returned) is None


def test_report_about_something_else_is_no_bounce() -> None:
    raw = DSN.replace("message/delivery-status\n\nReporting", "message/feedback-report\n\nReporting")

    assert read(message_from_bytes(raw.encode()), sender="MAILER-DAEMON@mx.test", text="It failed.") is None


def test_detectors_that_fall_over_a_mail_are_silence() -> None:
    raw = b"From: \xff\xfe\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nx\n--b--"
    message = message_from_bytes(raw)

    assert flufl_voice.listen(message) is None


def test_second_voice_is_asked_where_the_others_are_silent() -> None:
    heard = flufl_voice.listen(dsn())

    assert heard == flufl_voice.Heard(recipients=("lab@example.org",), is_temporary=False)


def test_returned_mail_within_the_text_says_nothing_of_the_failure() -> None:
    text = """could not be delivered:

<lab@example.org>: 452 4.2.2 mailbox full

--- Below this line is a copy of the message.

To: other@example.org
Message-ID: <m3.x@desk.test>

550 5.1.1 user unknown: third@example.org
"""
    found = bounce.read(daemon(text))

    assert found is not None
    assert (found.recipients, found.permanent, found.original_message_id) == (
        ("lab@example.org",),
        False,
        "<m3.x@desk.test>",
    )


def test_wording_that_names_nobody_means_whom_the_returned_mail_was_for() -> None:
    text = "The message that you sent was undeliverable: user not found\n\nOriginal message follows.\n\nTo: lab@example.org\n"
    found = bounce.read(daemon(text))

    assert found is not None
    assert (found.recipient, found.status, found.permanent) == ("lab@example.org", "5.1.1", True)
