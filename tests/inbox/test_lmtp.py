"""Real LMTP against the listener, over sockets."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session, sessionmaker

from bot.inbox.door import DoorLimits, Protocol
from tests.inbox.door import MAIL, OURS, Door, Raw

Open = Callable[..., Door]
Connect = Callable[[Door], Raw]

TO = b"RCPT TO:<%s>\r\n"


@pytest.fixture
def lmtp(open_door: Open) -> Door:
    """An LMTP door with the usual limits."""
    return open_door(protocol=Protocol.LMTP)


def replies_to_a_mail(
    raw: Raw, recipients: list[bytes], mail: bytes = MAIL
) -> tuple[list[bytes], list[bytes]]:
    """The replies to each RCPT, and those to the final dot; NOOP shows that there are no more."""
    raw.line()
    raw.say(b"LHLO x.example.org\r\n")
    raw.say(b"MAIL FROM:<lab@example.org>\r\n")
    to_rcpt = [raw.say(TO % recipient) for recipient in recipients]
    raw.say(b"DATA\r\n")
    raw.socket.sendall(mail + b".\r\nNOOP\r\n")
    to_dot = [raw.line() for reply in to_rcpt if reply.startswith(b"250")]
    assert raw.line() == b"250 OK"
    return to_rcpt, to_dot


def test_each_recipient_hears_of_the_mail_in_order(lmtp: Door, connect: Connect) -> None:
    recipients = [b"contest@contest.test", b"contest+b@contest.test", b"contest@contest.test"]
    _, replies = replies_to_a_mail(connect(lmtp), recipients)
    [row] = lmtp.rows()

    assert replies == [b"250 2.0.0 <%s> stored as %d" % (address, row.id) for address in recipients]
    assert (row.recipients, row.door, row.raw) == ([OURS, "contest+b@contest.test"], "lmtp", MAIL)


def test_refused_recipients_get_no_reply_after_the_dot(open_door: Open, connect: Connect) -> None:
    def accepts(address: str) -> bool:
        if address.startswith("later@"):
            raise RuntimeError("a fault of ours")
        return address == OURS

    door = open_door(protocol=Protocol.LMTP, accepts=accepts)
    recipients = [b"later@contest.test", b"contest@contest.test", b"nobody@contest.test"]
    to_rcpt, to_dot = replies_to_a_mail(connect(door), recipients)

    assert [reply[:9] for reply in to_rcpt] == [b"451 4.3.0", b"250 2.1.5", b"550 5.7.1"]
    assert [reply[:32] for reply in to_dot] == [b"250 2.0.0 <contest@contest.test>"]
    assert [row.recipients for row in door.rows()] == [[OURS]]


def test_fault_of_ours_is_told_to_each_recipient(
    lmtp: Door, connect: Connect, sessions: sessionmaker[Session]
) -> None:
    def fail(connection: object) -> None:
        raise ZeroDivisionError("secret detail")

    event.listen(sessions.kw["bind"], "commit", fail)
    _, replies = replies_to_a_mail(connect(lmtp), [b"contest@contest.test", b"contest+b@contest.test"])

    text = b"The mail could not be stored, please try again later"
    assert replies == [
        b"451 4.3.0 <contest@contest.test> " + text,
        b"451 4.3.0 <contest+b@contest.test> " + text,
    ]


def test_fault_in_the_door_is_told_to_each_recipient(open_door: Open, connect: Connect) -> None:
    def clock() -> None:
        raise RuntimeError("secret detail")

    door = open_door(protocol=Protocol.LMTP, clock=clock)
    _, replies = replies_to_a_mail(connect(door), [b"contest@contest.test", b"contest+b@contest.test"])

    assert [reply[:9] for reply in replies] == [b"451 4.3.0"] * 2
    assert b"secret" not in b"".join(replies)


def test_size_is_told_to_each_recipient(open_door: Open, connect: Connect) -> None:
    door = open_door(protocol=Protocol.LMTP, size_limit_bytes=1000)
    recipients = [b"contest@contest.test", b"contest+b@contest.test"]
    _, replies = replies_to_a_mail(connect(door), recipients, b"x" * 2000 + b"\r\n")

    assert replies == [b"552 5.3.4 <%s> The mail is larger than 1000 octets" % one for one in recipients]


def test_recipients_beyond_the_limit_are_452(open_door: Open, connect: Connect) -> None:
    door = open_door(protocol=Protocol.LMTP, limits=DoorLimits(recipients=2))
    to_rcpt, to_dot = replies_to_a_mail(connect(door), [b"contest@contest.test"] * 4)

    assert [reply[:9] for reply in to_rcpt] == [b"250 2.1.5"] * 2 + [b"452 4.5.3"] * 2
    assert [reply[:3] for reply in to_dot] == [b"250"] * 2


def test_data_without_a_recipient_is_503(lmtp: Door, connect: Connect) -> None:
    raw = connect(lmtp)
    raw.line()
    raw.say(b"LHLO x\r\n")
    raw.say(b"MAIL FROM:<lab@example.org>\r\n")
    raw.say(TO % b"far@away.test")

    assert raw.say(b"DATA\r\n")[:3] == b"503"


@pytest.mark.parametrize("command", [b"EHLO x\r\n", b"HELO x\r\n"])
def test_smtp_greetings_are_no_commands_here(lmtp: Door, connect: Connect, command: bytes) -> None:
    raw = connect(lmtp)
    greeting = raw.line()

    assert greeting == b"220 mx.contest.test LMTP"
    assert raw.say(command)[:3] == b"500"
    assert raw.say(b"MAIL FROM:<lab@example.org>\r\n") == b"503 Error: send LHLO first"


def test_lhlo_is_no_command_of_smtp(door: Door, connect: Connect) -> None:
    raw = connect(door)
    raw.line()

    assert raw.say(b"LHLO x\r\n")[:3] == b"500"


def test_whole_conversation_in_one_packet_is_answered_in_order(lmtp: Door, connect: Connect) -> None:
    raw = connect(lmtp)
    raw.line()
    said = (
        b"LHLO x\r\nMAIL FROM:<lab@example.org>\r\n"
        + TO % OURS.encode()
        + b"DATA\r\n"
        + MAIL
        + b".\r\nQUIT\r\n"
    )
    replies = [raw.say(said), *(raw.line() for _ in range(5))]

    assert [reply[:3] for reply in replies] == [b"250", b"250", b"250", b"354", b"250", b"221"]
    assert [row.raw for row in lmtp.rows()] == [MAIL]
