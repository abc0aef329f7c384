"""Servers as processes: the desk, bare aiosmtpd, and the sink that stands for the relay."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from bot.bench import machine, mails
from bot.bench.desk import Order
from bot.bench.goals import BenchError

#: Where Debian puts what only root is thought to need.
SBIN = "/usr/sbin:/usr/local/sbin"
START_SECONDS = 30
STOP_SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that takes mail on loopback, and its processes."""

    name: str
    port: int
    pids: tuple[int, ...]

    def cpu_seconds(self) -> float:
        """CPU time of its processes until now."""
        return sum(machine.cpu_seconds(pid) for pid in self.pids)


def find(program: str) -> str | None:
    """Where a program of Postfix's package lies; None when it is not installed."""
    return shutil.which(program) or shutil.which(program, path=SBIN)


def free_port() -> int:
    """A port that nobody holds at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_port(port: int, name: str) -> None:
    """Wait until somebody listens; raises BenchError, with ``name``, when nobody does in time."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise BenchError(f"{name} did not open its port within {START_SECONDS} s")


@contextmanager
def bare(folder: Path) -> Iterator[Server]:
    """aiosmtpd as its own command starts it: says 250 and stores nothing."""
    port = free_port()
    # By its command line: the library itself is known in bot/inbox only.
    command = [
        *(sys.executable, "-m", "aiosmtpd", "-n"),
        *("-c", "aiosmtpd.handlers.Sink", "-l", f"127.0.0.1:{port}"),
    ]
    with _process(command, folder / "bare.log") as process:
        wait_for_port(port, "aiosmtpd")
        yield Server(name="bare aiosmtpd", port=port, pids=(process.pid,))


@contextmanager
def sink(folder: Path) -> Iterator[Server]:
    """The relay's end: smtp-sink of Postfix where installed, else bare aiosmtpd; takes every mail."""
    program = find("smtp-sink")
    if program is None:
        with bare(folder) as server:
            yield server
        return
    port = free_port()
    # It refuses to run as root.
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with _process([program, *user, f"127.0.0.1:{port}", "100"], folder / "sink.log") as process:
        wait_for_port(port, "smtp-sink")
        yield Server(name="smtp-sink of Postfix", port=port, pids=(process.pid,))


@contextmanager
def desk(
    folder: Path,
    name: str,
    processes: Sequence[Sequence[str]],
    *,
    flush_delay_ms: float = 0.0,
    mails_per_commit: int | None = None,
    **settings: Any,
) -> Iterator[Server]:
    """The desk with its data in ``folder``: one process for each list of roles, the first with the door.

    Raises:
        BenchError: a process did not start; the message holds its last line.
    """
    folder.mkdir(parents=True)
    order = Order(
        settings=_SETTINGS | {"data_dir": str(folder)} | settings,
        flush_delay_ms=flush_delay_ms,
        mails_per_commit=mails_per_commit,
    )
    with ExitStack() as stack:
        started = [
            stack.enter_context(_desk_process(order, roles, folder / f"desk-{number}.log"))
            for number, roles in enumerate(processes)
        ]
        pids = tuple(pid for pid, _ in started)
        yield Server(name=name, port=started[0][1], pids=pids)


#: Nothing here depends on the operator's environment; the clock shows an open contest.
_SETTINGS: dict[str, Any] = {
    "environment": "development",
    "database_url": "",
    "smtp_relay_url": "",
    "staff_address": "",
    "contest_address": mails.CONTEST,
    "mail_domain": mails.CONTEST.partition("@")[2],
    "smtp_listen": "127.0.0.1:0",
    "lmtp_listen": "",
    "http_listen": "",
    "mail_allow_list": f"@{mails.DOMAIN}",
    "encoders": "none",
    "clock_start": "2020-11-20T10:00:00+09:00",
}


@contextmanager
def _desk_process(order: Order, roles: Sequence[str], log: Path) -> Iterator[tuple[int, int]]:
    told = json.dumps(asdict(order) | {"roles": list(roles)})
    with _process([sys.executable, "-m", "bot.bench.desk", told], log) as process:
        assert process.stdout is not None  # a pipe, see _process
        line = process.stdout.readline()
        if not line:
            raise BenchError(f"the desk did not start: {_last_line(log)}")
        yield process.pid, json.loads(line)["port"] or 0


@contextmanager
def _process(command: Sequence[str], log: Path) -> Iterator[subprocess.Popen[str]]:
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout):
            _close(stream)


def _close(stream: IO[str] | None) -> None:
    if stream is not None:
        stream.close()


def _last_line(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").strip().splitlines()
    return lines[-1][:300] if lines else "it said nothing"
