"""The envelope, as far as a mailbox server wrote it above the mail."""

from __future__ import annotations

import time

import pytest

from bot.inbox import delivered
from bot.inbox.commit import Envelope
from tests.bot.office import DESK, NOON, OURS

MAIL = b"From: =?utf-8?b?656p?= <lab@example.org>\r\nTo: contest@contest.test\r\nSubject: a\r\n\r\nbody\r\n"
RECEIVED = b"Received: from mx.example.org\r\n\tby mail.test with LMTP; Fri, 20 Nov 2020 12:00:00 +0900\r\n"


def envelope(raw: bytes) -> Envelope:
    return delivered.envelope(
        raw, folder="INBOX", peer="h" * 300, address=OURS, accepts=DESK.accepts, received_at=NOON
    )


@pytest.mark.parametrize(
    ("above", "sender"),
    [
        pytest.param(b"Return-Path: <bounce@example.org>\r\n" + RECEIVED, "bounce@example.org", id="dovecot"),
        pytest.param(b"Return-Path: <>\r\nDelivered-To: x\r\n" + RECEIVED, "", id="null"),
        pytest.param(b"return-path:\r\n <bounce@example.org>\r\n", "bounce@example.org", id="folded"),
        pytest.param(
            b"Delivered-To: x\r\nReceived: by 2002:a05 with SMTP id 1;\r\n Fri, 20 Nov 2020\r\n"
            b"Return-Path: <bounce@example.org>\r\n" + RECEIVED,
            "bounce@example.org",
            id="handed on within the server",
        ),
        pytest.param(RECEIVED + b"Return-Path: <>\r\n", "lab@example.org", id="written by the sender"),
        pytest.param(b"Return-Path: <a b@c>\r\n" + RECEIVED, "lab@example.org", id="unreadable"),
        pytest.param(b"", "lab@example.org", id="none"),
    ],
)
def test_envelope_sender_is_what_the_server_wrote(above: bytes, sender: str) -> None:
    assert envelope(above + MAIL).sender == sender


@pytest.mark.parametrize(
    "raw", [b"", b"\r\n\r\nbody", b"no header at all", b"From: nobody\r\n\r\n", b"\xff" * 100]
)
def test_unknown_envelope_sender_is_not_the_null_sender(raw: bytes) -> None:
    assert envelope(raw).sender == "unknown"


def test_recipients_are_ours_and_those_that_the_server_collected() -> None:
    signed = b"bounces+7.abcdef@contest.test"
    raw = (
        b"X-Original-To: " + signed + b"\r\nDelivered-To: all@box.test\r\n" + RECEIVED
        + b"Delivered-To: inquiry+1.forged@contest.test\r\n" + MAIL
    )  # fmt: skip

    assert envelope(raw).recipients == (OURS, signed.decode())


def test_names_fit_into_their_columns() -> None:
    found = envelope(MAIL)

    assert (found.door, len(found.peer)) == ("imap:INBOX", 80)


@pytest.mark.parametrize("octets", [b"A: b\r\n", b"A:\r\n ", b"\r", b"x", b"Return-Path: <a", b"From: a <"])
def test_hostile_header_costs_little(octets: bytes) -> None:
    raw = octets * (2_000_000 // len(octets))
    began = time.process_time()
    envelope(raw)

    assert time.process_time() - began < 1
