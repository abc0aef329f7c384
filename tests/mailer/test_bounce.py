from __future__ import annotations

from email import message_from_bytes, policy
from email.message import Message

import pytest

from mailer import bounce

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


@pytest.mark.parametrize("returned", [WHOLE, HEADERS])
def test_read_says_who_and_why(returned: str) -> None:
    assert bounce.read(dsn(returned=returned)) == bounce.Bounce(
        recipient="lab@example.org",
        status="5.1.1",
        permanent=True,
        delayed=False,
        original_message_id="<m12.x@desk.test>",
    )


def test_read_tells_a_delay_from_a_failure() -> None:
    read = bounce.read(dsn(action="delayed", status="4.4.1"))

    assert read is not None
    assert (read.delayed, read.permanent) == (True, False)


def test_read_does_not_call_class_four_permanent() -> None:
    read = bounce.read(dsn(action="failed", status="4.4.7"))

    assert read is not None
    assert (read.delayed, read.permanent) == (False, False)


def test_read_takes_the_status_from_the_diagnosis_when_it_has_none() -> None:
    read = bounce.read(dsn(status="unspecified", diagnostic="550 5.2.2 mailbox full"))

    assert read is not None
    assert read.status == "5.2.2"


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded", ""])
def test_read_passes_over_reports_of_success(action: str) -> None:
    assert bounce.read(dsn(action=action, status="2.0.0")) is None


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
    assert bounce.read(message_from_bytes(raw, policy=policy.compat32)) is None
