"""A running mail door and a second way into its database."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session, undefer

from bot.inbox.commit import Committer
from bot.inbox.smtp import Listener
from bot.tables import InboundMail

NOON = datetime(2020, 11, 23, 3, 0, tzinfo=UTC)
OURS = "contest@contest.test"
MAIL = b"From: lab@example.org\r\nSubject: =?utf-8?B?66eI6rCQ?=\r\n\r\nWhen is the deadline?\r\n"
#: Certificate and key of mx.contest.test, for tests only.
CERTIFICATE = Path(__file__).parent.parent / "data" / "inbox" / "door.pem"


@dataclass
class Door:
    """A running door and a second way into its database."""

    port: int
    listener: Listener
    committer: Committer
    path: Path

    def rows(self) -> list[InboundMail]:
        """What is committed, as another connection sees it."""
        engine = create_engine(f"sqlite:///{self.path}")
        with Session(engine) as session:
            found = list(session.scalars(select(InboundMail).options(undefer(InboundMail.raw))))
        engine.dispose()
        return found


@contextmanager
def client(door: Door) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP("127.0.0.1", door.port, timeout=10) as connection:
        connection.ehlo("client.example.org")
        yield connection


class Raw:
    """Octets to the door and lines back, without a library between."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.lines = self.socket.makefile("rb")

    def line(self) -> bytes:
        """One reply, without its continuation lines."""
        while True:
            line = self.lines.readline()
            if line[3:4] != b"-":
                return line.rstrip(b"\r\n")

    def say(self, octets: bytes) -> bytes:
        self.socket.sendall(octets)
        return self.line()

    def to_mail(self, *, hello: bytes = b"EHLO") -> None:
        """Up to the first RCPT TO, which is taken."""
        assert self.line()[:3] == b"220"
        for command in (
            hello + b" x.example.org",
            b"MAIL FROM:<lab@example.org>",
            b"RCPT TO:<contest@contest.test>",
        ):
            assert self.say(command + b"\r\n")[:3] == b"250"

    def to_data(self) -> None:
        """Up to 354."""
        self.to_mail()
        assert self.say(b"DATA\r\n")[:3] == b"354"

    def close(self) -> None:
        """Hang up."""
        self.lines.close()
        self.socket.close()
