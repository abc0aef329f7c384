"""What a Postfix log proves, and what it does not."""

from __future__ import annotations

from mailer import evidence
from mailer.tables import MailState

ID = "<m7.abcdefghijklmnop@desk.test>"
CLEANUP = f"Nov 22 03:00:01 mx postfix/cleanup[101]: 4F2ABC9D01: message-id={ID}"
ACTIVE = "Nov 22 03:00:01 mx postfix/qmgr[90]: 4F2ABC9D01: from=<bounces+7.x@desk.test>, size=900, nrcpt=1 (queue active)"
SENT = (
    "Nov 22 03:00:02 mx postfix/smtp[102]: 4F2ABC9D01: to=<lab@example.org>, relay=mx.example.org[192.0.2.1]:25, "
    "delay=1, dsn=2.0.0, status=sent (250 2.0.0 ok)"
)
BOUNCED = (
    "Nov 22 03:00:02 mx postfix/smtp[102]: 4F2ABC9D01: to=<lab@example.org>, relay=none, dsn=5.1.1, "
    "status=bounced (550 5.1.1 unknown)"
)
REMOVED = "Nov 22 03:00:03 mx postfix/qmgr[90]: 4F2ABC9D01: removed"
OTHER = "Nov 22 03:00:04 mx postfix/cleanup[101]: 4F2ABC9D01: message-id=<other@example.org>"


def read(*lines: str) -> dict[str, MailState]:
    return {id: proof.to for id, proof in evidence.read_log(lines, {ID}).items()}


def test_name_alone_is_no_proof() -> None:
    assert read(CLEANUP) == {}


def test_active_queue_id_is_proof_that_the_relay_took_it() -> None:
    assert evidence.read_log([CLEANUP, ACTIVE], {ID}) == {ID: evidence.Proof(to=MailState.SENT, line=ACTIVE)}


def test_delivery_status_is_proof() -> None:
    assert read(CLEANUP, SENT) == {ID: MailState.SENT}


def test_bounce_outweighs_that_it_was_taken() -> None:
    assert read(CLEANUP, ACTIVE, BOUNCED, REMOVED) == {ID: MailState.FAILED}


def test_queue_id_that_came_back_proves_nothing_of_its_earlier_bearer() -> None:
    assert read(CLEANUP, OTHER, ACTIVE, SENT) == {}
    assert read(CLEANUP, REMOVED, ACTIVE) == {}


def test_named_again_later_is_proof() -> None:
    later = [line.replace("4F2ABC9D01", "3XyZ5k1rHDz9tQ") for line in (CLEANUP, ACTIVE)]

    assert read(CLEANUP, *later) == {ID: MailState.SENT}


def test_lines_of_other_mails_and_programs_are_passed_over() -> None:
    noise = [
        "",
        "no log at all",
        f"Nov 22 03:00:01 mx sshd[1]: message-id={ID}",
        f"Nov 22 03:00:01 mx postfix/smtpd[1]: warning: message-id={ID}",
        ACTIVE,
        "\x00\ufffd postfix/qmgr[90]: : (queue active)",
    ]

    assert read(*noise) == {}
