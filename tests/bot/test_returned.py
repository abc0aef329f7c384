"""A DSN or an auto-reply to a signed bounce address settles what nobody knew; without our token, nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mailer import claiming, sending
from mailer.tables import Channel, MailState, OutboxMail
from tests.bot.office import DEADLINE, NOON, Office, eml

LEASE = timedelta(minutes=15)


def dsn(action: str, status: str) -> bytes:
    """A delivery status notification, as a mail server writes it (RFC 3464)."""
    text = f"""From: Mail Delivery System <mailer-daemon@mx.example.org>
To: bounces@contest.test
Subject: Delivery Status
Message-ID: <dsn-{action}@mx.example.org>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

This is the mail system.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; lab@example.org
Action: {action}
Status: {status}
--b--
"""
    return text.replace("\n", "\r\n").encode()


def unknown(office: Office) -> OutboxMail:
    """The answer to a question, cut off after the final dot."""
    office.take(eml(DEADLINE))
    with office.storage.write.begin() as session:
        (claimed,) = claiming.claim_due(session, Channel.MAIL, limit=1, lease=LEASE, now=NOON, real_now=NOON)
        sending.begin(session, claimed, real_now=NOON)
        sending.park(session, claimed, "no reply after the final dot", real_now=NOON)
    return office.outbox()[0]


@pytest.mark.parametrize(
    ("action", "status", "state"),
    [
        ("failed", "5.1.1", MailState.FAILED),
        ("delayed", "4.4.1", MailState.SENT),
        ("delivered", "2.0.0", MailState.SENT),
    ],
)
def test_dsn_to_our_signed_address_settles_an_unknown_mail(
    office: Office, action: str, status: str, state: MailState
) -> None:
    row = unknown(office)
    took = office.take(dsn(action, status), envelope_sender="", recipients=(row.envelope_sender,))
    (settled,) = office.to_applicants()

    assert settled.state is state
    assert settled.evidence is not None
    assert settled.evidence.startswith(f"inbound {took.inbound_id}: ")


def test_dsn_that_comes_before_the_lease_of_a_dead_sender_ends_settles_it(small_office: Office) -> None:
    small_office.take(eml(DEADLINE))
    with small_office.storage.write.begin() as session:
        (claimed,) = claiming.claim_due(session, Channel.MAIL, limit=1, lease=LEASE, now=NOON, real_now=NOON)
        sending.begin(session, claimed, real_now=NOON)
    address = small_office.outbox()[0].envelope_sender
    small_office.take(dsn("failed", "5.1.1"), envelope_sender="", recipients=(address,))

    assert small_office.outbox()[0].state is MailState.FAILED


@pytest.mark.parametrize("forge", ["another signature", "no token"])
def test_dsn_without_our_token_changes_nothing(small_office: Office, forge: str) -> None:
    row = unknown(small_office)
    signed = row.envelope_sender
    forged = f"{signed[:-20]}a{signed[-19:]}" if forge == "another signature" else "bounces@contest.test"
    assert forged != signed
    small_office.take(dsn("failed", "5.1.1"), envelope_sender="", recipients=(forged,))

    assert small_office.outbox()[0].state is MailState.UNKNOWN


def test_dsn_changes_no_mail_that_the_relay_took(small_office: Office) -> None:
    row = unknown(small_office)
    small_office.take(dsn("delivered", "2.0.0"), envelope_sender="", recipients=(row.envelope_sender,))
    small_office.take(dsn("failed", "5.1.1"), envelope_sender="", recipients=(row.envelope_sender,))

    assert small_office.outbox()[0].state is MailState.SENT
