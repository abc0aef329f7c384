"""Told to end: it takes no more, finishes what it has, and what it promised is kept."""

import smtplib
import threading
from collections import Counter
from contextlib import closing

import pytest

from bot.storage import Storage
from mailer.tables import MailState
from tests.scenarios import rows
from tests.scenarios.conftest import Start
from tests.scenarios.letters import QUESTIONS, ask, letter, send
from tests.scenarios.passing import digest, pass_through, recipients
from tests.scenarios.serving import until
from tests.servers.sink import At, Fault, Sink

pytestmark = pytest.mark.long

CLIENTS = 4


class Client(threading.Thread):
    """Writes one mail after another, each from an address of its own, until it is turned away."""

    def __init__(self, port: int, number: int) -> None:
        super().__init__()
        self.port = port
        self.number = number
        #: Who wrote what was answered with 250, and what it was.
        self.promised: dict[str, bytes] = {}
        self.turned_away: Exception | None = None

    def run(self) -> None:
        """Send until it fails."""
        while self.turned_away is None:
            count = len(self.promised)
            sender = f"client-{self.number}-{count}@example.org"
            raw = letter(sender=sender, text=QUESTIONS[count % len(QUESTIONS)])
            try:
                send(self.port, raw, sender=sender)
            except (smtplib.SMTPException, OSError, AssertionError) as error:
                self.turned_away = error
            else:
                self.promised[sender] = raw


def test_sigterm_while_mail_comes_and_goes_loses_and_doubles_nothing(
    migrated_url: str, storage: Storage, sink: Sink, serve: Start
) -> None:
    desk = serve(migrated_url, sink=sink)
    clients = [Client(desk.smtp_port, number) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    sink.wait_for(3)  # mail comes in, is worked on, and goes out, all at once
    code, seconds = desk.terminate()
    for client in clients:
        client.join()
    promised = {sender: raw for client in clients for sender, raw in client.promised.items()}
    kept = rows.stored(storage)
    assert code == 0, desk.log[-2000:]
    assert seconds < 10
    assert MailState.IN_FLIGHT not in rows.states(storage)
    assert MailState.CLAIMED not in rows.states(storage)
    assert [kept[digest(raw)] for raw in promised.values()] == [1] * len(promised)

    desk = serve(migrated_url, sink=sink)
    until(lambda: len(rows.handled(storage)) == len(kept), "all that is stored is handled")
    pass_through(desk, sink)

    got = recipients(sink)
    assert {sender: got[sender] for sender in promised} == dict.fromkeys(promised, 1)
    # A mail whose 250 was cut off may be there too; its sender will try again, and it is then known.
    assert set(got.values()) == {1}
    assert len(got) <= len(promised) + CLIENTS


def test_sigterm_while_the_relay_keeps_silent_ends_within_the_grace(
    migrated_url: str, storage: Storage, sink: Sink, serve: Start
) -> None:
    desk = serve(migrated_url, sink=sink)
    sink.follow(Fault(at=At.DOT, delay_seconds=600))
    ask(desk.smtp_port, sender="lab@example.org", text=QUESTIONS[0])
    until(lambda: rows.states(storage) == [MailState.IN_FLIGHT], "the answer is in flight")

    code, seconds = desk.terminate(timeout=60)

    assert code == 0
    assert seconds < 12
    sink.follow()
    rows.let_leases_end(storage)
    desk = serve(migrated_url, sink=sink)
    pass_through(desk, sink)
    assert rows.final_states(storage) == [MailState.UNKNOWN, MailState.SENT]
    assert recipients(sink) == Counter()


def test_sigterm_while_a_client_is_within_data_keeps_its_mail(
    sqlite_url: str, migrated_sqlite: Storage, sink: Sink, serve: Start
) -> None:
    desk = serve(sqlite_url, sink=sink)
    raw = letter(sender="slow@example.org", text=QUESTIONS[0])
    with closing(smtplib.SMTP("127.0.0.1", desk.smtp_port, timeout=30)) as client:
        client.ehlo()
        client.mail("slow@example.org")
        client.rcpt("contest@contest.test")
        assert client.docmd("DATA")[0] == 354
        half = len(raw) // 2
        client.send(raw[:half])
        ended: list[tuple[int, float]] = []
        ending = threading.Thread(target=lambda: ended.append(desk.terminate()))
        ending.start()

        def is_turned_away() -> bool:
            with closing(smtplib.SMTP(timeout=30)) as other:
                return other.connect("127.0.0.1", desk.smtp_port)[0] == 421

        until(is_turned_away, "new clients are turned away")
        client.send(raw[half:] + b".\r\n")
        code, said = client.getreply()
    ending.join()

    assert (code, said.startswith(b"2.0.0")) == (250, True)
    assert ended[0][0] == 0
    assert sum(rows.stored(migrated_sqlite).values()) == 1
