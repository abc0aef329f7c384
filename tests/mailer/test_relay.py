from __future__ import annotations

import mailbox
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from mailer.compose import compose
from mailer.errors import AllowListError, RelayUnreachable, RelayUrlError
from mailer.relay import (
    Deferred,
    Delivered,
    Fence,
    MailboxRelay,
    Outgoing,
    Rejected,
    SmtpRelay,
    Unknown,
    read_url,
)
from tests.mailer.letters import IDENTITY, NOON, Scripted, hello
from tests.servers import sink as smtp_sink
from tests.servers.free_port import free_port
from tests.servers.sink import At, Fault, Sink

SHORT = timedelta(seconds=0.4)


def mail(*, to: str = "lab@example.org", id: int = 7) -> Outgoing:
    composed = compose(hello(to=to), row_id=id, identity=IDENTITY, now=NOON)
    return Outgoing(
        id=id,
        envelope_sender=composed.envelope_sender,
        recipient=composed.recipient,
        message_id=composed.message_id,
        body=composed.body,
    )


@contextmanager
def relay_to(port: int, *, user: str = "") -> Iterator[SmtpRelay]:
    relay = SmtpRelay(
        f"smtp://{user}127.0.0.1:{port}", timeout=timedelta(seconds=5), final_timeout=timedelta(seconds=5)
    )
    yield relay
    relay.close()


def test_smtp_delivers_the_bytes_as_they_are(sink: Sink) -> None:
    outgoing = mail()

    with relay_to(sink.port) as relay:
        outcome = relay.send(outgoing)

    assert outcome == Delivered(reply="250 2.0.0 stored as 1")
    (caught,) = sink.wait_for(1)
    assert (caught.raw, caught.recipients) == (outgoing.body, ("lab@example.org",))
    assert caught.envelope_sender == outgoing.envelope_sender


def test_smtp_stuffs_dots_and_sends_the_null_sender(sink: Sink) -> None:
    outgoing = replace(mail(), envelope_sender="", body=b"Subject: x\r\n\r\n.\r\n..\r\n.a\r\n")

    with relay_to(sink.port) as relay:
        relay.send(outgoing)

    (caught,) = sink.wait_for(1)
    assert (caught.raw, caught.envelope_sender) == (outgoing.body, "")


def test_smtp_keeps_its_connection(sink: Sink) -> None:
    with relay_to(sink.port) as relay:
        outcomes = [relay.send(mail(id=n)) for n in range(5)]

    assert {type(outcome) for outcome in outcomes} == {Delivered}
    assert {caught.connection for caught in sink.wait_for(5)} == {1}


def test_smtp_opens_again_when_the_kept_connection_is_stale(sink: Sink) -> None:
    with relay_to(sink.port) as relay:
        relay.send(mail(id=1))
        sink.stop()
        sink.start()
        outcome = relay.send(mail(id=2))

    assert isinstance(outcome, Delivered)
    assert len(sink.wait_for(2)) == 2


@pytest.mark.parametrize("at", [At.RCPT, At.DATA, At.DOT])
def test_smtp_tells_deferral_from_refusal(sink: Sink, at: At) -> None:
    with relay_to(sink.port) as relay:
        sink.follow(Fault(at=at, reply="451 4.7.1 greylisted"))
        deferred = relay.send(mail())
        sink.follow(Fault(at=at, reply="550 5.1.1 no such user"))
        rejected = relay.send(mail())
        sink.follow()
        delivered = relay.send(mail())

    assert deferred == Deferred(code=451, text="4.7.1 greylisted")
    assert rejected == Rejected(code=550, text="5.1.1 no such user")
    assert isinstance(delivered, Delivered)
    assert len(sink.messages()) == 1


@pytest.mark.parametrize("at", [At.RCPT, At.DATA, At.TEXT])
def test_smtp_cut_before_the_final_dot_is_deferred(sink: Sink, at: At) -> None:
    # A long body: the cut in the text strikes while it is being sent.
    outgoing = replace(mail(), body=mail().body + b"x" * 70 + b"\r\n" * 4_000_000)
    with relay_to(sink.port) as relay:
        sink.follow(Fault(at=at, cut=True, times=1))
        cut = relay.send(outgoing)
        again = relay.send(mail())

    assert isinstance(cut, Deferred)
    assert cut.code is None
    assert isinstance(again, Delivered)


@pytest.mark.parametrize("stored", [True, False])
def test_smtp_cut_after_the_final_dot_is_unknown(sink: Sink, stored: bool) -> None:
    with relay_to(sink.port) as relay:
        sink.follow(Fault(at=At.DOT, cut=True, stored=stored, times=1))
        cut = relay.send(mail())
        again = relay.send(mail())

    assert isinstance(cut, Unknown)
    assert isinstance(again, Delivered)
    assert len(sink.wait_for(1 + stored)) == 1 + stored


def test_smtp_silence_after_the_final_dot_is_unknown(sink: Sink) -> None:
    sink.follow(Fault(at=At.DOT, delay_seconds=30))
    relay = SmtpRelay(f"smtp://127.0.0.1:{sink.port}", final_timeout=SHORT)

    outcome = relay.send(mail())

    assert isinstance(outcome, Unknown)
    assert "no reply after the final dot" in outcome.cause


def test_smtp_unreachable_is_deferred_without_a_code() -> None:
    with relay_to(free_port()) as relay:
        outcome = relay.send(mail())

    assert isinstance(outcome, Deferred)
    assert outcome.code is None


def test_smtp_refused_at_the_door_is_deferred(sink: Sink) -> None:
    sink.follow(Fault(at=At.CONNECT, reply="554 5.3.2 not today"))
    with relay_to(sink.port) as relay:
        outcome = relay.send(mail())

    assert isinstance(outcome, Deferred)
    assert (outcome.code, "554 5.3.2 not today" in outcome.text) == (None, True)


def test_smtp_logs_in(tmp_path: Path) -> None:
    with smtp_sink.running(tmp_path / "sink", login=("desk", "p@ss word")) as sink:
        with relay_to(sink.port, user="desk:p%40ss%20word@") as relay:
            told = relay.doctor()
            outcome = relay.send(mail())
        with relay_to(sink.port, user="desk:wrong@") as relay:
            refused = relay.send(mail())
            with pytest.raises(RelayUnreachable, match="535"):
                relay.doctor()
        with relay_to(sink.port) as relay:
            nameless = relay.send(mail())

    assert isinstance(outcome, Delivered)
    assert "logged in" in told
    # Our own fault, not the mail's: nothing is given up for it.
    assert isinstance(refused, Deferred)
    assert isinstance(nameless, Deferred)


def test_smtp_doctor_says_who_answers(sink: Sink) -> None:
    with relay_to(sink.port) as relay:
        assert relay.doctor() == f"127.0.0.1:{sink.port} answers as sink.test, no TLS, no log-in"


def test_smtp_never_falls_back_to_clear_text(sink: Sink) -> None:
    relay = SmtpRelay(f"smtp+starttls://127.0.0.1:{sink.port}")

    outcome = relay.send(mail())

    assert isinstance(outcome, Deferred)
    assert "STARTTLS" in outcome.text
    assert sink.messages() == []


def test_smtp_address_with_a_line_break_never_becomes_a_command(sink: Sink) -> None:
    hostile = replace(mail(), recipient="a@b.test>\r\nRCPT TO:<v@evil.test")
    with relay_to(sink.port) as relay:
        outcome = relay.send(hostile)

    assert isinstance(outcome, Rejected)
    assert sink.connections == 0


def talk(script: Callable[[socket.socket], None]) -> int:
    """Serve one connection with a script of raw octets; return the port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, listener:
            script(connection)

    threading.Thread(target=serve, daemon=True).start()
    port: int = listener.getsockname()[1]
    return port


def up_to_data(connection: socket.socket) -> None:
    connection.sendall(b"220 raw\r\n")
    for reply in (b"250 raw\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
        connection.recv(4096)
        connection.sendall(reply)


def until_dot(connection: socket.socket) -> None:
    seen = b""
    while not seen.endswith(b"\r\n.\r\n"):
        seen += connection.recv(65536)


@pytest.mark.parametrize(
    "reply", [b"hello?\r\n", b"\xff\xfe\x00\r\n", b"354 more\r\n", b"2", b"x" * 9000 + b"\r\n"]
)
def test_smtp_nonsense_after_the_final_dot_is_unknown(reply: bytes) -> None:
    def script(connection: socket.socket) -> None:
        up_to_data(connection)
        until_dot(connection)
        connection.sendall(reply)

    with relay_to(talk(script)) as relay:
        assert isinstance(relay.send(mail()), Unknown)


def test_smtp_early_word_is_heard_before_the_final_dot() -> None:
    # It answers in the middle of the text and hangs up: certainly not taken, so not unknown.
    spoken = threading.Event()
    large = replace(mail(), body=mail().body + b"\r\n" * 2_000_000)

    def script(connection: socket.socket) -> None:
        up_to_data(connection)
        connection.sendall(b"452 4.3.1 disk full\r\n")
        read = 0
        while read < len(large.body):
            read += len(connection.recv(65536))
        spoken.set()

    with relay_to(talk(script)) as relay:
        outcome = relay.send(large)

    assert spoken.wait(5)
    assert outcome == Deferred(code=452, text="4.3.1 disk full")


def test_smtp_sends_the_dot_without_delay() -> None:
    # Nagle's algorithm would hold the dot back until the text is acknowledged.
    took: list[float] = []

    def script(connection: socket.socket) -> None:
        up_to_data(connection)
        connection.recv(1)
        started = time.monotonic()
        until_dot(connection)
        took.append(time.monotonic() - started)
        connection.sendall(b"250 ok\r\n")

    with relay_to(talk(script)) as relay:
        assert isinstance(relay.send(mail()), Delivered)
        smtp = relay._smtp
        assert smtp is not None
        assert smtp.sock is not None
        assert smtp.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    assert took[0] < 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that only who is given it trusts, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl on this machine")
    folder = tmp_path_factory.mktemp("tls")
    made, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"),
            *("-keyout", str(key), "-out", str(made)),
        ],
        check=True,
        capture_output=True,
    )
    return made, key


class Accepting:
    """Takes every mail and counts it."""

    def __init__(self) -> None:
        self.taken = 0

    async def handle_DATA(self, *_: object) -> str:
        """Take it."""
        self.taken += 1
        return "250 2.0.0 taken under TLS"


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_smtp_under_tls_trusts_only_who_it_should(scheme: str, certificate: tuple[Path, Path]) -> None:
    server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_side.load_cert_chain(*certificate)
    handler = Accepting()
    kwargs = (
        {"ssl_context": server_side}
        if scheme == "smtps"
        else {"tls_context": server_side, "require_starttls": True}
    )
    controller = Controller(handler, hostname="127.0.0.1", port=free_port(), **kwargs)
    controller.start()
    url = f"{scheme}://127.0.0.1:{controller.port}"
    trusting = SmtpRelay(url, tls=ssl.create_default_context(cafile=str(certificate[0])))
    wary = SmtpRelay(url)
    try:
        delivered = [trusting.send(mail(id=n)) for n in (1, 2)]
        refused = wary.send(mail())
    finally:
        trusting.close()
        controller.stop()

    assert delivered == [Delivered(reply="250 2.0.0 taken under TLS")] * 2
    assert isinstance(refused, Deferred)
    assert "CERTIFICATE_VERIFY_FAILED" in refused.text
    assert handler.taken == 2


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.test", ("mail.test", 25, None)),
        ("smtps://u:p%2Fq@mail.test", ("mail.test", 465, "p/q")),
        ("smtp+starttls://u:p@mail.test:2525", ("mail.test", 2525, "p")),
        ("smtp://u:p@127.0.0.1:25/", ("127.0.0.1", 25, "p")),
        ("smtp://[::1]:26", ("::1", 26, None)),
    ],
)
def test_read_url_understands(url: str, expected: tuple[str, int, str | None]) -> None:
    read = read_url(url)

    assert (read.host, read.port, read.password) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.test",
        "http://mail.test",
        "smtp://",
        "smtp://mail.test:port",
        "smtp://mail.test:99999",
        "smtps://u@mail.test",
        "smtp://u:secret@mail.test",
        "smtp://mail.test/path",
        "smtp://mail.test?x=1",
    ],
)
def test_read_url_refuses_without_showing_the_password(url: str) -> None:
    with pytest.raises(RelayUrlError, match="relay address") as refusal:
        read_url(url)

    assert "secret" not in str(refusal.value)
    assert "secret" not in repr(read_url("smtps://u:secret@mail.test"))


def test_mailbox_keeps_mail_where_a_reader_finds_it(tmp_path: Path) -> None:
    outgoing = mail()

    outcome = MailboxRelay(tmp_path / "box").send(outgoing)

    assert isinstance(outcome, Delivered)
    (kept,) = mailbox.Maildir(tmp_path / "box", create=False)
    assert (kept["Delivered-To"], kept["Return-Path"]) == ("lab@example.org", f"<{outgoing.envelope_sender}>")
    (file,) = (tmp_path / "box" / "new").iterdir()
    assert file.read_bytes().endswith(outgoing.body)
    assert list((tmp_path / "box" / "tmp").iterdir()) == []


def test_mailbox_fails_as_the_name_says(tmp_path: Path) -> None:
    relay = MailboxRelay(tmp_path / "box")

    outcomes = [relay.send(mail(to=f"{name}@example.org")) for name in ("temperror", "permerror", "timeout")]

    assert [type(outcome) for outcome in outcomes] == [Deferred, Rejected, Unknown]
    assert not (tmp_path / "box").exists()


def test_mailbox_that_cannot_be_written_defers(tmp_path: Path) -> None:
    (tmp_path / "box").write_text("a file is in the way")
    relay = MailboxRelay(tmp_path / "box")

    outcome = relay.send(mail())

    assert isinstance(outcome, Deferred)
    assert outcome.code is None
    with pytest.raises(RelayUnreachable, match="local mailbox"):
        relay.doctor()


@pytest.mark.parametrize(
    ("recipient", "leaves"),
    [
        ("staff@example.org", True),
        ("STAFF@Example.org", True),
        ("anybody@ours.test", True),
        ("lab@example.org", False),
        ("anybody@sub.ours.test", False),
        ("anybody@notours.test", False),
        ("staff@example.org.evil.test", False),
    ],
)
def test_fence_lets_out_only_the_list(recipient: str, leaves: bool) -> None:
    outside, inside = Scripted(), Scripted()

    Fence(outside, inside, ("Staff@example.org", "@ours.test")).send(replace(mail(), recipient=recipient))

    assert (len(outside.sent), len(inside.sent)) == (int(leaves), int(not leaves))


@pytest.mark.parametrize("entry", ["", "*", "example.org", "@", "a@", " a@b.test", "a@b@c.test"])
def test_fence_refuses_an_entry_it_would_misread(entry: str) -> None:
    with pytest.raises(AllowListError, match="allow-list"):
        Fence(Scripted(), Scripted(), (entry,))
