"""STARTTLS and AUTH at the door."""

from __future__ import annotations

import os
import smtplib
import socket
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.inbox.door import DoorLimits, Login
from bot.inbox.tls import Certificate, CertificateError
from tests.inbox.door import CERTIFICATE, MAIL, OURS, Door, Raw

Open = Callable[..., Door]
Connect = Callable[[Door], Raw]
LOGIN = Login(user="forwarder", password="a word")


def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(CERTIFICATE))


@contextmanager
def within_tls(door: Door) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP("localhost", door.port, timeout=10) as connection:
        connection.starttls(context=trusting())
        yield connection


@pytest.fixture
def secured(open_door: Open) -> Door:
    """A door with a certificate, open to everybody."""
    return open_door(certificate=Certificate(CERTIFICATE))


@pytest.fixture
def locked(open_door: Open) -> Door:
    """A door that takes mail from one user only."""
    return open_door(certificate=Certificate(CERTIFICATE), login=LOGIN)


def test_mail_comes_within_tls(secured: Door) -> None:
    with within_tls(secured) as connection:
        connection.sendmail("lab@example.org", [OURS], MAIL)

    assert [row.raw for row in secured.rows()] == [MAIL]


def test_large_mail_comes_within_tls(open_door: Open) -> None:
    door = open_door(certificate=Certificate(CERTIFICATE), size_limit_bytes=5_000_000)
    mail = b"Subject: large\r\n\r\n" + b"x" * 4_000_000 + b"\r\n"
    with within_tls(door) as connection:
        connection.sendmail("lab@example.org", [OURS], mail)

    assert [row.raw for row in door.rows()] == [mail]


def test_mail_in_the_clear_is_taken_where_tls_is_offered(secured: Door) -> None:
    # RFC 3207 §4: a public server must not require TLS.
    with smtplib.SMTP("localhost", secured.port, timeout=10) as connection:
        connection.sendmail("lab@example.org", [OURS], MAIL)

    assert len(secured.rows()) == 1


def test_ehlo_offers_what_there_is(door: Door, secured: Door, locked: Door) -> None:
    offered = []
    for one in (door, secured, locked):
        with smtplib.SMTP("localhost", one.port, timeout=10) as connection:
            connection.ehlo()
            offered.append(("starttls" in connection.esmtp_features, "auth" in connection.esmtp_features))
    for one in (secured, locked):
        with within_tls(one) as connection:
            connection.ehlo()
            offered.append(("starttls" in connection.esmtp_features, "auth" in connection.esmtp_features))

    assert offered == [(False, False), (True, False), (True, False), (False, False), (False, True)]


@pytest.mark.parametrize(
    "injected",
    [
        b"NOOP\r\n",
        b"MAIL FROM:<evil@example.org>\r\nRCPT TO:<contest@contest.test>\r\n",
        b"EHLO x\r\nMAIL FROM:<evil@example.org>\r\nRCPT TO:<contest@contest.test>\r\nDATA\r\n"
        + MAIL
        + b".\r\n",
    ],
)
def test_check_06_text_behind_starttls_is_never_obeyed(
    secured: Door, connect: Connect, injected: bytes
) -> None:
    raw = connect(secured)
    raw.line()
    raw.say(b"EHLO x\r\n")
    reply = raw.say(b"STARTTLS\r\n" + injected)

    assert reply == b"421 4.7.0 Nothing may follow STARTTLS"
    assert raw.lines.read() == b""
    assert secured.rows() == []


def test_check_06_text_between_starttls_and_handshake_is_never_obeyed(
    secured: Door, connect: Connect
) -> None:
    raw = connect(secured)
    raw.line()
    raw.say(b"EHLO x\r\n")
    reply = raw.say(b"STARTTLS\r\n")
    raw.socket.sendall(b"MAIL FROM:<evil@example.org>\r\nRCPT TO:<contest@contest.test>\r\n")
    raw.socket.sendall(b"DATA\r\n" + MAIL + b".\r\n")

    assert reply[:3] == b"220"
    assert b"250" not in raw.lines.read()
    assert secured.rows() == []


def test_what_was_said_in_the_clear_is_forgotten_within_tls(secured: Door) -> None:
    with smtplib.SMTP("localhost", secured.port, timeout=10) as connection:
        connection.ehlo()
        connection.mail("evil@example.org")
        connection.rcpt(OURS)
        connection.starttls(context=trusting())
        code, _ = connection.docmd("DATA")

    assert code == 503


def test_second_starttls_is_503(secured: Door) -> None:
    with within_tls(secured) as connection:
        connection.ehlo()

        assert connection.docmd("STARTTLS")[0] == 503


def test_peer_that_fails_tls_takes_no_place(open_door: Open, connect: Connect) -> None:
    door = open_door(
        certificate=Certificate(CERTIFICATE), limits=DoorLimits(connections=1, idle_when_full_s=60)
    )
    for _ in range(3):
        raw = connect(door)
        raw.line()
        raw.say(b"EHLO x\r\n")
        raw.say(b"STARTTLS\r\n")
        raw.socket.sendall(b"this is no handshake\r\n")
        raw.lines.read()
    with within_tls(door) as connection:
        connection.sendmail("lab@example.org", [OURS], MAIL)

    assert len(door.rows()) == 1


def test_idle_peer_within_tls_hears_421(open_door: Open) -> None:
    door = open_door(certificate=Certificate(CERTIFICATE), limits=DoorLimits(idle_s=0.3))
    with within_tls(door) as connection:
        assert connection.getreply()[0] == 421


def test_mail_without_a_log_in_is_530(locked: Door) -> None:
    with within_tls(locked) as connection:
        connection.ehlo()

        assert connection.mail("lab@example.org")[0] == 530


def test_mail_after_the_log_in_is_taken(locked: Door) -> None:
    with within_tls(locked) as connection:
        connection.login(LOGIN.user, LOGIN.password)
        connection.sendmail("lab@example.org", [OURS], MAIL)

    assert len(locked.rows()) == 1


def test_wrong_log_in_is_535(locked: Door) -> None:
    with within_tls(locked) as connection, pytest.raises(smtplib.SMTPAuthenticationError) as refused:
        connection.login(LOGIN.user, "another word")

    assert refused.value.smtp_code == 535


def test_log_in_in_the_clear_is_refused(locked: Door) -> None:
    given = b64encode(f"\0{LOGIN.user}\0{LOGIN.password}".encode()).decode()
    with smtplib.SMTP("localhost", locked.port, timeout=10) as connection:
        connection.ehlo()

        assert connection.docmd("AUTH", f"PLAIN {given}")[0] == 538


def test_log_in_where_none_is_set_is_502(secured: Door) -> None:
    with within_tls(secured) as connection:
        connection.ehlo()

        assert connection.docmd("AUTH", "PLAIN AGEAYg==")[0] == 502


def test_password_is_not_shown() -> None:
    assert repr(LOGIN) == "Login(user='forwarder')"


def test_certificate_without_its_key_is_one_clear_line(tmp_path: Path) -> None:
    alone = tmp_path / "chain.pem"
    alone.write_bytes(CERTIFICATE.read_bytes().partition(b"-----BEGIN PRIVATE KEY-----")[0])

    with pytest.raises(CertificateError, match=r"chain\.pem.*CONTESTDESK_SMTP_TLS_CERT"):
        Certificate(alone)


def test_renewed_certificate_is_used_and_a_broken_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "door.pem"
    path.write_bytes(CERTIFICATE.read_bytes())
    os.utime(path, (1, 1))
    certificate = Certificate(path)
    first = certificate.context()
    os.utime(path, (2, 2))
    renewed = certificate.context()
    path.write_text("broken")
    kept = certificate.context()

    assert first is not renewed
    assert kept is renewed


def test_peer_that_hangs_up_in_the_handshake_is_forgotten(secured: Door, connect: Connect) -> None:
    raw = connect(secured)
    raw.line()
    raw.say(b"EHLO x\r\n")
    raw.say(b"STARTTLS\r\n")
    raw.socket.shutdown(socket.SHUT_RDWR)
    with within_tls(secured) as connection:
        connection.noop()
        here = len(secured.listener._state.connections)

    assert here == 1
