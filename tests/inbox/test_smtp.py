"""Real SMTP against the listener, over sockets."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session, sessionmaker

from bot.inbox.commit import Committer
from bot.inbox.door import DoorLimits
from bot.inbox.smtp import DoorError, Listener
from tests.inbox.door import MAIL, NOON, OURS, Door, Raw, client


def test_mail_is_committed_when_250_arrives(door: Door) -> None:
    with client(door) as connection:
        connection.mail("lab@example.org")
        connection.rcpt(OURS)
        reply = connection.data(MAIL)
        [row] = door.rows()

    assert reply == (250, f"2.0.0 stored as {row.id}".encode())
    assert (row.raw, row.envelope_sender, row.recipients, row.door, row.received_at) == (
        MAIL,
        "lab@example.org",
        [OURS],
        "smtp",
        NOON,
    )


def test_250_waits_for_the_commit(
    sessions: sessionmaker[Session], open_door: Callable[..., Door], connect: Callable[[Door], Raw]
) -> None:
    may_commit = threading.Event()
    event.listen(sessions.kw["bind"], "commit", lambda connection: may_commit.wait(10))
    door = open_door()
    raw = connect(door)
    raw.to_data()
    raw.socket.sendall(MAIL + b".\r\n")
    answered, _, _ = select.select([raw.socket], [], [], 0.3)
    before = door.rows()
    may_commit.set()

    assert (answered, before) == ([], [])
    assert raw.line()[:3] == b"250"
    assert len(door.rows()) == 1


def test_check_03_fault_in_commit_is_451_without_its_name(
    sessions: sessionmaker[Session], open_door: Callable[..., Door]
) -> None:
    def fail(connection: object) -> None:
        raise ZeroDivisionError("secret detail")

    event.listen(sessions.kw["bind"], "commit", fail)
    door = open_door()
    with client(door) as connection:
        connection.mail("lab@example.org")
        connection.rcpt(OURS)
        reply = connection.data(MAIL)

    assert reply == (451, b"4.3.0 The mail could not be stored, please try again later")
    assert door.rows() == []


def test_check_02_full_disk_is_452(sessions: sessionmaker[Session], open_door: Callable[..., Door]) -> None:
    with sessions() as session:
        # The database itself says SQLITE_FULL when it may not grow.
        pages = session.connection().exec_driver_sql("PRAGMA page_count").scalar_one()
    event.listen(
        sessions.kw["bind"],
        "connect",
        lambda connection, record: connection.execute(f"PRAGMA max_page_count={pages + 2}"),
    )
    sessions.kw["bind"].dispose()
    door = open_door()
    with client(door) as connection:
        connection.mail("lab@example.org")
        connection.rcpt(OURS)
        reply = connection.data(b"Subject: large\r\n\r\n" + b"x" * 200_000)

    assert reply == (452, b"4.3.1 No room to store the mail, please try again later")


def test_check_03_fault_in_the_door_is_451_without_its_name(open_door: Callable[..., Door]) -> None:
    def accepts(address: str) -> bool:
        raise RuntimeError("secret detail")

    with client(open_door(accepts=accepts)) as connection:
        connection.mail("lab@example.org")
        reply = connection.rcpt(OURS)

    assert reply == (451, b"4.3.0 Something failed here, please try again later")


def test_announced_size_over_the_limit_is_552(door: Door) -> None:
    with client(door) as connection:
        reply = connection.mail("lab@example.org", ["SIZE=1000001"])

    assert reply == (552, b"5.3.4 The mail is larger than 1000000 octets")


def test_size_over_the_limit_is_552_and_the_next_mail_is_taken(door: Door) -> None:
    with client(door) as connection:
        connection.mail("lab@example.org")
        connection.rcpt(OURS)
        reply = connection.data(b"Subject: x\r\n\r\n" + b"x" * 1_000_001)
        connection.sendmail("lab@example.org", [OURS], MAIL)

    assert reply == (552, b"5.3.4 The mail is larger than 1000000 octets")
    assert [row.raw for row in door.rows()] == [MAIL]


def test_check_05_line_of_30_mb_is_552_for_its_size_or_taken_whole(open_door: Callable[..., Door]) -> None:
    mail = b"Subject: long\r\n\r\n" + b"x" * (30 * 1024 * 1024) + b"\r\n"
    replies = []
    doors = [open_door(size_limit_bytes=megabytes * 1024 * 1024) for megabytes in (25, 40)]
    for one in doors:
        with client(one) as connection:
            connection.mail("lab@example.org")
            connection.rcpt(OURS)
            replies.append(connection.data(mail))
    [row] = doors[1].rows()

    assert replies[0] == (552, b"5.3.4 The mail is larger than 26214400 octets")
    assert replies[1][0] == 250
    assert row.raw == mail


def test_mail_of_exactly_the_limit_is_taken(open_door: Callable[..., Door]) -> None:
    door = open_door(size_limit_bytes=len(MAIL))
    with client(door) as connection:
        connection.sendmail("lab@example.org", [OURS], MAIL)

    assert [row.size_bytes for row in door.rows()] == [len(MAIL)]


@pytest.mark.parametrize("octets", [998, 5_000, 65_534, 65_536, 65_537, 300_000])
def test_check_05_long_line_is_stored_whole(door: Door, octets: int) -> None:
    mail = b"Subject: long\r\n\r\n" + b"x" * octets + b"\r\n"
    with client(door) as connection:
        connection.sendmail("lab@example.org", [OURS], mail)

    assert [row.raw for row in door.rows()] == [mail]


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        (b".\r\n", b""),
        (b"..\r\n.\r\n", b".\r\n"),
        (b"...x\r\n.\r\n", b"..x\r\n"),
        (b"\r\n.\r\n", b"\r\n"),
        (b"\r\n..\r\n\r\n.\r\n", b"\r\n.\r\n\r\n"),
        (b"a\r\n..b\r\n.c\r\n.\r\n", b"a\r\n.b\r\nc\r\n"),
        (b".\r\r\n.\r\n", b"\r\r\n"),
        (b"\r\r\r\n.\r\n", b"\r\r\r\n"),
        (b"nul \x00 and lone \n and \r and \xff\r\n.\r\n", b"nul \x00 and lone \n and \r and \xff\r\n"),
    ],
)
def test_octets_are_stored_as_they_were_written(door: Door, raw: Raw, sent: bytes, stored: bytes) -> None:
    raw.to_data()
    reply = raw.say(sent)

    assert reply[:3] == b"250"
    assert [row.raw for row in door.rows()] == [stored]


@pytest.mark.parametrize(
    "end", [b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\r\n.\n", b"\r\n\x00.\r\n"]
)
def test_check_06_false_end_of_data_smuggles_nothing(door: Door, raw: Raw, end: bytes) -> None:
    smuggled = b"MAIL FROM:<evil@example.org>\r\nRCPT TO:<contest@contest.test>\r\nDATA\r\nx"
    raw.to_data()
    reply = raw.say(b"Subject: x\r\n\r\na" + end + smuggled + b"\r\n.\r\n")

    assert reply[:3] == b"250"
    assert [row.envelope_sender for row in door.rows()] == ["lab@example.org"]


def test_commands_sent_with_the_mail_are_answered_in_order(door: Door, raw: Raw) -> None:
    raw.to_data()
    replies = [raw.say(MAIL + b".\r\nNOOP\r\nQUIT\r\n"), raw.line(), raw.line()]

    assert [reply[:3] for reply in replies] == [b"250", b"250", b"221"]
    assert len(door.rows()) == 1


def test_data_in_single_octets_is_one_mail(door: Door, raw: Raw) -> None:
    raw.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    raw.to_data()
    for octet in MAIL + b".\r\n":
        raw.socket.sendall(bytes([octet]))

    assert raw.line()[:3] == b"250"
    assert [row.raw for row in door.rows()] == [MAIL]


def test_unknown_recipient_is_550_and_nothing_is_relayed(door: Door) -> None:
    with client(door) as connection:
        connection.mail("lab@example.org")
        replies = [connection.rcpt(address)[0] for address in ("far@away.test", OURS)]
        connection.data(MAIL)

    assert replies == [550, 250]
    assert [row.recipients for row in door.rows()] == [[OURS]]


def test_two_recipients_are_one_row(door: Door) -> None:
    with client(door) as connection:
        connection.sendmail("lab@example.org", [OURS, "bounces+1.abc@contest.test", OURS], MAIL)

    assert [row.recipients for row in door.rows()] == [[OURS, "bounces+1.abc@contest.test"]]


def test_hundred_recipients_are_taken_and_the_next_is_452(door: Door) -> None:
    with client(door) as connection:
        connection.mail("lab@example.org")
        replies = [connection.rcpt(f"contest+{number}@contest.test")[0] for number in range(102)]
        connection.data(MAIL)

    assert replies == [250] * 100 + [452] * 2
    assert [len(row.recipients) for row in door.rows()] == [100]


def test_null_sender_is_stored_as_empty(door: Door, raw: Raw) -> None:
    raw.line()
    for command in (b"EHLO x", b"MAIL FROM:<> SIZE=10 BODY=8BITMIME", b"RCPT TO:<contest@contest.test>"):
        raw.say(command + b"\r\n")
    raw.say(b"DATA\r\n")
    raw.say(MAIL + b".\r\n")

    assert [row.envelope_sender for row in door.rows()] == [""]


def test_null_recipient_is_refused(raw: Raw) -> None:
    raw.line()
    raw.say(b"EHLO x\r\n")
    raw.say(b"MAIL FROM:<lab@example.org>\r\n")

    assert raw.say(b"RCPT TO:<>\r\n")[:3] == b"550"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (b"<" + "홍길동@example.org".encode() + b"> SMTPUTF8", b"250"),
        (b'<"a b>c"@example.org>', b"250"),
        (b"<@relay.example.org:lab@example.org>", b"250"),
        (b"lab@example.org", b"250"),
        (b"<\xff\xfe@example.org>", b"553"),
        (b"<" + b"(" * 1500 + b">", b"553"),
        (b"<a\x00b@example.org>", b"553"),
        (b"<a b@example.org>", b"553"),
        (b"<" + b"a" * 400 + b"@example.org>", b"553"),
        (b"", b"553"),
    ],
)
def test_sender_paths_are_taken_or_refused_for_good(raw: Raw, path: bytes, code: bytes) -> None:
    raw.line()
    raw.say(b"EHLO x\r\n")

    assert raw.say(b"MAIL FROM:" + path + b"\r\n")[:3] == code


def test_connections_over_the_cap_hear_421(
    open_door: Callable[..., Door], connect: Callable[[Door], Raw]
) -> None:
    door = open_door(limits=DoorLimits(connections=2))
    first, second = connect(door), connect(door)
    greetings = [first.line()[:3], second.line()[:3], connect(door).line()[:3]]
    first.say(b"QUIT\r\n")
    first.lines.read()

    assert greetings == [b"220", b"220", b"421"]
    assert connect(door).line()[:3] == b"220"


def test_taken_port_is_one_clear_line(door: Door, sessions: sessionmaker[Session]) -> None:
    second = Listener(
        "127.0.0.1",
        door.port,
        Committer(sessions),
        size_limit_bytes=1,
        hostname="mx.contest.test",
        accepts=lambda address: True,
    )

    with pytest.raises(
        DoorError, match=rf"^cannot listen on 127\.0\.0\.1:{door.port} .*SMTP_LISTEN"
    ) as caught:
        second.start()
    assert "\n" not in str(caught.value)


def test_stop_finishes_the_mail_in_hand_and_refuses_others(
    door: Door, raw: Raw, connect: Callable[[Door], Raw]
) -> None:
    idle = connect(door)
    idle.line()
    raw.to_data()
    raw.socket.sendall(MAIL[:40])
    stopping = threading.Thread(target=door.listener.stop, kwargs={"deadline_s": 10})
    stopping.start()
    dismissed = idle.line()
    newcomer = connect(door).line()
    reply = raw.say(MAIL[40:] + b".\r\n")
    after = raw.line()
    stopping.join(10)

    assert (dismissed[:3], newcomer[:3], reply[:3], after[:3]) == (b"421", b"421", b"250", b"421")
    assert [row.raw for row in door.rows()] == [MAIL]
    with pytest.raises(ConnectionRefusedError):
        connect(door)


def test_stop_cuts_a_mail_that_does_not_end(door: Door, raw: Raw) -> None:
    raw.to_data()
    raw.socket.sendall(MAIL)
    door.listener.stop(deadline_s=0.1)

    assert raw.lines.readline()[:3] == b"421"
    assert raw.lines.read(1) == b""
    assert door.rows() == []


def test_peer_that_hangs_up_in_data_leaves_nothing(door: Door, raw: Raw) -> None:
    raw.to_data()
    raw.socket.sendall(MAIL)
    raw.close()
    with client(door) as connection:
        connection.sendmail("lab@example.org", [OURS], MAIL + b"second\r\n")

    assert [row.raw for row in door.rows()] == [MAIL + b"second\r\n"]


def test_starting_again_after_stop_works(door: Door) -> None:
    door.listener.stop()
    door.port = door.listener.start()
    with client(door) as connection:
        connection.sendmail("lab@example.org", [OURS], MAIL)

    assert len(door.rows()) == 1


def test_limits_leave_room_for_a_hundred_recipients() -> None:
    assert DoorLimits().recipients >= 100
