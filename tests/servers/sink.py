"""The tests' end of the SMTP sink: Sink, Fault, Caught."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parent.parent.parent


class At(StrEnum):
    """The stage of a transaction at which a fault strikes."""

    CONNECT = "connect"
    RCPT = "rcpt"
    #: Instead of 354.
    DATA = "data"
    #: In the text, before the final dot: always a cut.
    TEXT = "text"
    #: After the final dot, instead of 250.
    DOT = "dot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What the sink does instead of taking the mail."""

    at: At
    #: Strikes mail to this address only; at CONNECT no recipient is known, so leave it at "*".
    recipient: str = "*"
    #: Such as "451 4.7.1 greylisted"; None: the ordinary reply, or none when the connection is cut.
    reply: str | None = None
    #: Reset the connection without a reply.
    cut: bool = False
    #: DOT only: keep the mail all the same, as a relay does whose 250 got lost.
    stored: bool = False
    #: Wait so long before the reply or the cut.
    delay_seconds: float = 0.0
    #: How often it strikes; None: always.
    times: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caught:
    """One mail as the sink got it."""

    envelope_sender: str
    recipients: tuple[str, ...]
    #: The options of MAIL FROM, such as "SMTPUTF8".
    mail_options: tuple[str, ...]
    helo: str
    #: Who logged in, if somebody did.
    user: str | None
    #: Counts from 1; mails with the same number came over one kept connection.
    connection: int
    #: The bytes after dot-unstuffing, with their CRLF.
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        """The mail, parsed anew."""
        return message_from_bytes(self.raw, policy=policy.default)

    @property
    def header_names(self) -> list[str]:
        """The names of the headers on the wire, in their order."""
        return [name for name, _ in message_from_bytes(self.raw, policy=policy.compat32).raw_items()]


class SinkError(Exception):
    """The sink ended, or did not say what was waited for."""


class Sink:
    """A real SMTP server in its own process, on loopback.

    It can be stopped and started again on the same port, as a relay that is down for a while.
    """

    def __init__(self, folder: Path, *, login: tuple[str, str] | None = None) -> None:
        """Keep mails in `folder`; with `login` (user, password) refuse whoever does not give it."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.login = login
        #: Where it listens; 0 before the first start.
        self.port = 0
        #: How many connections it has seen since its last start.
        self.connections = 0
        self._process: subprocess.Popen[str] | None = None
        self._changed = threading.Condition()
        self._ready = False
        self._gone = False
        self._scripts_followed = 0
        self._stored = 0

    def start(self) -> None:
        """Start it, and return when it listens."""
        self.connections = self._scripts_followed = 0
        self._ready = self._gone = False
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.servers.smtp_sink"),
                *(str(self.folder), str(self.port), *(self.login or ())),
            ],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        threading.Thread(target=self._listen, args=(self._process.stdout,), daemon=True).start()
        self._wait(lambda: self._ready, "did not start", timeout=20)

    def stop(self) -> None:
        """End it by kill -9: what was not yet answered stays unanswered."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        self._wait(lambda: self._gone, "did not end", timeout=20, even_gone=True)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process = None

    def follow(self, *faults: Fault) -> None:
        """Let these faults, first match first, replace those before; none at all: take every mail."""
        if self._process is None or self._process.stdin is None:
            raise SinkError("the sink is not running")
        wanted = self._scripts_followed + 1
        self._process.stdin.write(json.dumps([asdict(fault) for fault in faults]) + "\n")
        self._process.stdin.flush()
        self._wait(lambda: self._scripts_followed >= wanted, "did not take the script", timeout=20)

    def messages(self) -> list[Caught]:
        """Read what it holds so far, in the order of arrival."""
        return [_read(path) for path in sorted(self.folder.glob("*.eml"))]

    def wait_for(self, count: int, *, timeout: float = 20.0) -> list[Caught]:
        """Wait until it holds so many mails; return all of them, or raise SinkError after `timeout` s."""
        self._wait(lambda: self._stored >= count, f"does not hold {count} mails", timeout=timeout)
        return self.messages()

    def wait_for_connections(self, count: int, *, timeout: float = 20.0) -> None:
        """Wait until so many connections were made since the last start."""
        self._wait(lambda: self.connections >= count, f"has not seen {count} connections", timeout=timeout)

    def _wait(self, condition: Any, missing: str, *, timeout: float, even_gone: bool = False) -> None:
        with self._changed:
            done = self._changed.wait_for(
                lambda: condition() or (self._gone and not even_gone), timeout=timeout
            )
            if not done or not condition():
                why = "it ended" if self._gone else f"after {timeout} s"
                raise SinkError(f"the sink {missing} ({why}; it holds {self._stored} mails)")

    def _listen(self, stream: IO[str]) -> None:
        """Read what the process says, to its end."""
        for line in stream:
            with self._changed:
                match json.loads(line):
                    case {"event": "ready", "port": int(port)}:
                        self.port = port
                        self._ready = True
                    case {"event": "connected"}:
                        self.connections += 1
                    case {"event": "stored", "number": int(number)}:
                        self._stored = number
                    case {"event": "scripted"}:
                        self._scripts_followed += 1
                self._changed.notify_all()
        with self._changed:
            self._gone = True
            self._changed.notify_all()


@contextmanager
def running(folder: Path, *, login: tuple[str, str] | None = None) -> Iterator[Sink]:
    """Start a sink, and stop it at the end."""
    sink = Sink(folder, login=login)
    try:
        sink.start()
        yield sink
    finally:
        sink.stop()


def _read(path: Path) -> Caught:
    about = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    return Caught(
        envelope_sender=about["envelope_sender"],
        recipients=tuple(about["recipients"]),
        mail_options=tuple(about["mail_options"]),
        helo=about["helo"],
        user=about["user"],
        connection=about["connection"],
        raw=path.read_bytes(),
    )
