"""What a peer may ask of the door, and who makes room for whom."""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from bot.inbox.door import DoorLimits, DoorState, Protocol
from tests.inbox.door import MAIL, OURS, Door, Raw, client

Open = Callable[..., Door]
Connect = Callable[[Door], Raw]

#: An IPv4 address is an owner; of IPv6 a /64 is.
TO_OURS = b"RCPT TO:<contest@contest.test>\r\n"


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    """Let this process open a few thousand sockets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 5_000:
        pytest.skip(f"at most {hard} descriptors here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 5_000), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def idle_sockets(port: int, count: int) -> list[socket.socket]:
    return [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(count)]


@pytest.mark.usefixtures("many_descriptors")
def test_check_08_two_thousand_idle_connections_do_not_stop_normal_mail(open_door: Open) -> None:
    door = open_door(limits=DoorLimits(idle_when_full_s=0.2))
    idle = idle_sockets(door.port, 2_000)
    try:
        began = time.monotonic()
        stored = 0
        while stored < 5:  # a sender hears 421 at most until the first idle ones are seen as such
            try:
                with client(door) as connection:
                    connection.sendmail("lab@example.org", [OURS], MAIL)
                stored += 1
            except OSError:
                assert time.monotonic() - began < 10
        took_s = time.monotonic() - began
    finally:
        for one in idle:
            one.close()

    assert len(door.rows()) == 5
    assert took_s < 3


def test_check_08_thousand_recipients_do_not_stop_normal_mail(door: Door, connect: Connect) -> None:
    raw = connect(door)
    raw.line()
    raw.say(b"EHLO x\r\n")
    raw.say(b"MAIL FROM:<lab@example.org>\r\n")
    raw.socket.sendall(b"".join(b"RCPT TO:<contest+%d@contest.test>\r\n" % n for n in range(1_000)))
    replies = [raw.line()[:9] for _ in range(1_000)]
    with client(door) as connection:
        connection.sendmail("lab@example.org", [OURS], MAIL)
    raw.say(b"DATA\r\n")
    raw.say(MAIL + b".\r\n")

    assert replies == [b"250 2.1.5"] * 100 + [b"452 4.5.3"] * 900
    assert [len(row.recipients) for row in door.rows()] == [1, 100]


def test_oldest_idle_connection_makes_room(open_door: Open, connect: Connect) -> None:
    door = open_door(limits=DoorLimits(connections=2, idle_when_full_s=0.0))
    first, second = connect(door), connect(door)
    first.line(), second.line()
    first.say(b"EHLO x\r\n")  # so that the second is silent for longer
    third = connect(door)

    assert third.line()[:3] == b"220"
    assert second.line()[:3] == b"421"
    assert first.say(b"NOOP\r\n") == b"250 OK"


def test_mail_in_hand_makes_no_room(open_door: Open, connect: Connect) -> None:
    door = open_door(limits=DoorLimits(connections=1, idle_when_full_s=0.0))
    sender = connect(door)
    sender.to_data()
    newcomer = connect(door).line()

    assert newcomer[:3] == b"421"
    assert sender.say(MAIL + b".\r\n")[:3] == b"250"


def test_slow_drip_makes_room_when_the_door_is_full(open_door: Open, connect: Connect) -> None:
    limits = DoorLimits(connections=1, idle_when_full_s=60, data_grace_when_full_s=0.1)
    door = open_door(limits=limits)
    slow = connect(door)
    slow.to_data()
    slow.socket.sendall(b"x")

    greeting = b"421"
    while greeting == b"421":  # until a tenth of a second has passed
        greeting = connect(door).line()[:3]
    assert greeting == b"220"
    assert slow.line()[:3] == b"421"


def test_idle_peer_hears_421(open_door: Open, connect: Connect) -> None:
    raw = connect(open_door(limits=DoorLimits(idle_s=0.2)))
    raw.line()

    assert raw.line() == b"421 4.4.2 mx.contest.test has waited long enough"
    assert raw.lines.read(1) == b""


def test_half_a_command_is_idle(open_door: Open, connect: Connect) -> None:
    raw = connect(open_door(limits=DoorLimits(idle_s=0.3)))
    raw.line()
    heard = b""
    for octet in b"MAIL FROM:<lab@example.org>" * 20:
        raw.socket.sendall(bytes([octet]))
        raw.socket.settimeout(0.05)
        try:
            heard = raw.socket.recv(100)
            break
        except TimeoutError:
            continue

    assert heard[:9] == b"421 4.4.2"


def test_silence_within_data_is_421(open_door: Open, connect: Connect) -> None:
    raw = connect(open_door(limits=DoorLimits(idle_s=0.2)))
    raw.to_data()
    raw.socket.sendall(MAIL)

    assert raw.line()[:9] == b"421 4.4.2"


def drip(raw: Raw, octets: bytes) -> bytes:
    """Send one octet each 20 ms until there is a reply; return the reply."""
    raw.socket.settimeout(0.02)
    for octet in octets:
        raw.socket.sendall(bytes([octet]))
        try:
            return raw.socket.recv(100)
        except TimeoutError:
            continue
    raw.socket.settimeout(10)
    return raw.socket.recv(100)


def test_slow_drip_ends_though_it_is_never_silent(open_door: Open, connect: Connect) -> None:
    door = open_door(limits=DoorLimits(idle_s=10, data_grace_s=0.5))
    raw = connect(door)
    raw.to_data()
    began = time.monotonic()
    reply = drip(raw, b"x" * 1_000)

    assert reply[:9] == b"421 4.4.2"
    assert time.monotonic() - began < 5
    assert door.rows() == []


def test_slow_honest_peer_is_waited_for(open_door: Open, connect: Connect) -> None:
    # Longer than idle time and grace together, a long line, and never silent.
    door = open_door(limits=DoorLimits(idle_s=0.4, data_grace_s=0.3, data_bytes_per_s=40))
    raw = connect(door)
    raw.to_data()
    reply = drip(raw, MAIL + b".\r\n")

    assert reply[:3] == b"250"
    assert [row.raw for row in door.rows()] == [MAIL]


def test_commands_without_a_mail_end_in_421(open_door: Open, connect: Connect) -> None:
    raw = connect(open_door(limits=DoorLimits(commands_per_mail=10)))
    raw.line()
    raw.socket.sendall(b"NOOP\r\n" * 12)
    replies = [raw.line()[:3] for _ in range(11)]

    assert replies == [b"250"] * 10 + [b"421"]
    assert raw.lines.read(1) == b""


def test_commands_are_counted_anew_after_each_mail(open_door: Open) -> None:
    with client(open_door(limits=DoorLimits(commands_per_mail=5))) as connection:
        for _ in range(5):
            connection.sendmail("lab@example.org", [OURS], MAIL)
        code, _ = connection.noop()

    assert code == 250


def test_commands_behind_the_one_too_many_are_not_obeyed(open_door: Open, connect: Connect) -> None:
    door = open_door(limits=DoorLimits(commands_per_mail=3))
    raw = connect(door)
    raw.line()
    mail = b"MAIL FROM:<lab@example.org>\r\n" + TO_OURS + b"DATA\r\n" + MAIL + b".\r\n"
    raw.socket.sendall(b"EHLO x\r\n" + b"NOOP\r\n" * 3 + mail)
    raw.lines.read()

    assert door.rows() == []


def test_mails_that_are_too_much_at_once_are_452(open_door: Open, connect: Connect) -> None:
    door = open_door(limits=DoorLimits(in_hand_bytes=150_000, small_mail_bytes=50_000))
    first, second = connect(door), connect(door)
    for raw in (first, second):
        raw.to_data()
        raw.socket.sendall(b"x" * 100_000 + b"\r\n")
    # The one whose octets came first has its room; which one that is, is not known here.
    replies = sorted(raw.say(b".\r\n")[:9] for raw in (first, second))
    second.say(b"MAIL FROM:<lab@example.org>\r\n")
    second.say(TO_OURS)
    second.say(b"DATA\r\n")
    again = second.say(MAIL + b".\r\n")

    assert replies == [b"250 2.0.0", b"452 4.3.1"]
    assert again[:3] == b"250"
    assert len(door.rows()) == 2


def test_small_mail_is_taken_while_large_ones_fill_our_hands(open_door: Open, connect: Connect) -> None:
    limits = DoorLimits(in_hand_bytes=150_000, small_mail_bytes=50_000)
    door = open_door(limits=limits)
    large = connect(door)
    large.to_data()
    large.socket.sendall(b"x" * 140_000)
    deadline = time.monotonic() + 10
    while door.listener._state.in_hand_bytes < 120_000:
        assert time.monotonic() < deadline
    small = connect(door)
    small.to_data()

    assert small.say(b"x" * 40_000 + b"\r\n.\r\n")[:3] == b"250"


def test_haste_earns_no_patience_for_a_slow_end(open_door: Open, connect: Connect) -> None:
    door = open_door(limits=DoorLimits(idle_s=10, data_grace_s=0.5, data_bytes_per_s=1_000))
    raw = connect(door)
    raw.to_data()
    raw.socket.sendall(b"x" * 500_000)
    began = time.monotonic()
    reply = drip(raw, b"x" * 1_000)

    assert reply[:9] == b"421 4.4.2"
    assert time.monotonic() - began < 5


def test_peer_that_never_reads_is_cut_in_the_end(
    open_door: Open, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.inbox.conversation.LINGER_S", 0.2)
    door = open_door(limits=DoorLimits(connections=1, idle_s=1, commands_per_mail=10**9))
    deaf = connect(door)
    deaf.socket.settimeout(0.5)
    try:
        while True:  # until our replies fill all buffers of both sides
            deaf.socket.sendall(b"HELP\r\n" * 1_000)
    except OSError:
        pass  # it waits for nobody, or it is cut already

    deadline = time.monotonic() + 10
    while connect(door).line()[:3] != b"220":
        assert time.monotonic() < deadline


def test_accepted_socket_sends_without_delay(door: Door, connect: Connect) -> None:
    raw = connect(door)
    raw.line()
    [conversation] = door.listener._state.connections
    assert conversation.transport is not None
    accepted = conversation.transport.get_extra_info("socket")

    assert accepted.proto == socket.IPPROTO_TCP
    assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


class Peer:
    """Stands for a connection where only the count matters."""

    def __init__(self, address: str) -> None:
        self.address = address


def counted(*addresses: str, per_peer: int = 2) -> DoorState:
    limits = DoorLimits(connections_per_peer=per_peer)
    state = DoorState(protocol=Protocol.SMTP, hostname="mx", size_limit_bytes=1, limits=limits)
    for address in addresses:
        state.remember(Peer(address))  # type: ignore[arg-type]  # opening sockets from 192.0.2.1 is not ours
    return state


@pytest.mark.parametrize(
    ("there", "comes", "room"),
    [
        (["192.0.2.1"], "192.0.2.1", True),
        (["192.0.2.1", "192.0.2.1"], "192.0.2.1", False),
        (["192.0.2.1", "192.0.2.1"], "192.0.2.2", True),
        (["2001:db8::1", "2001:db8::2"], "2001:db8::3", False),
        (["2001:db8::1", "2001:db8::2"], "2001:db8:0:1::3", True),
        (["127.0.0.1", "127.0.0.1"], "127.0.0.1", True),
        (["::1", "::1"], "::1", True),
    ],
)
def test_peer_has_so_many_connections(there: list[str], comes: str, room: bool) -> None:
    assert counted(*there).has_room_for(comes) is room


def test_connection_that_ends_gives_its_place_back() -> None:
    state = counted("192.0.2.1", "192.0.2.1")
    [one, _] = state.connections
    state.forget(one)
    state.forget(one)

    assert state.has_room_for("192.0.2.1")
