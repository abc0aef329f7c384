"""Postfix from a scratch folder, delivering to a maildir: the peer that everybody trusts."""

from __future__ import annotations

import os
import pwd
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.bench import mails, peers
from bot.bench.goals import BenchError
from bot.bench.peers import Server

#: Its sockets lie deep below the folder, and a path of one holds 108 octets at most.
MAX_FOLDER = 70
DRAIN_SECONDS = 120

_SERVICES = (
    "pickup n 60 1", "cleanup n - 0", "qmgr n 300 1", "tlsmgr - 1000? 1", "rewrite - - - trivial-rewrite",
    "bounce - - 0", "defer - - 0 bounce", "trace - - 0 bounce", "verify - - 1", "flush n 1000? 0",
    "proxymap - - -", "smtp - - -", "relay - - - smtp", "showq n - -", "error - - -", "retry - - - error",
    "discard - - -", "anvil - - 1", "scache - - 1",
)  # fmt: skip


class Postfix:
    """A running instance and its maildir."""

    def __init__(self, server: Server, maildir: Path) -> None:
        self.server = server
        #: How many mails it was given.
        self.given = 0
        self._new = maildir / "new"

    def finish(self) -> None:
        """Let it deliver what it was given; raises BenchError when that takes too long."""
        deadline = time.monotonic() + DRAIN_SECONDS
        while self._delivered() < self.given:
            if time.monotonic() > deadline:
                raise BenchError(f"Postfix delivered {self._delivered()} of {self.given} mails")
            time.sleep(0.1)

    def _delivered(self) -> int:
        return len(os.listdir(self._new)) if self._new.exists() else 0


def why_not(folder: Path) -> str | None:
    """Why this peer cannot run here; None when it can."""
    if peers.find("postfix") is None:
        return "Postfix is not installed"
    if os.geteuid() != 0:
        return "Postfix starts as root only"
    whole = folder.resolve()
    if len(str(whole)) > MAX_FOLDER:
        return f"{whole} is too long a path for Postfix's sockets"
    closed = [parent for parent in whole.parents if not parent.stat().st_mode & 0o001]
    return f"Postfix's users may not enter {closed[0]}" if closed else None


@contextmanager
def running(folder: Path) -> Iterator[Postfix]:
    """Start an instance below ``folder`` and stop it afterwards.

    Raises:
        BenchError: it does not start; the message holds what it said.
    """
    base = folder.resolve()
    port = peers.free_port()
    etc = _write(base, port)
    _postfix(etc, "start")
    try:
        peers.wait_for_port(port, "Postfix")
        server = Server(name="Postfix to maildir", port=port, pids=())
        yield Postfix(server, base / "mail" / "box")
    finally:
        _postfix(etc, "stop")


def _write(base: Path, port: int) -> Path:
    nobody = pwd.getpwnam("nobody")
    owner = pwd.getpwnam("postfix")
    for name in ("etc", "spool", "data", "mail"):
        (base / name).mkdir(parents=True)
    base.chmod(0o755)
    os.chown(base / "data", owner.pw_uid, owner.pw_gid)
    os.chown(base / "mail", nobody.pw_uid, nobody.pw_gid)
    etc = base / "etc"
    main = {
        "compatibility_level": "3.6",
        "config_directory": etc,
        "queue_directory": base / "spool",
        "data_directory": base / "data",
        "maillog_file": base / "mail.log",
        "maillog_file_prefixes": base,
        "myhostname": "mx.contest.test",
        "mydestination": "",
        "mynetworks": "127.0.0.0/8",
        "inet_interfaces": "loopback-only",
        "inet_protocols": "ipv4",
        "disable_dns_lookups": "yes",
        "smtp_host_lookup": "native",
        "alias_maps": "",
        "alias_database": "",
        "virtual_mailbox_domains": mails.CONTEST.partition("@")[2],
        "virtual_mailbox_base": base / "mail",
        "virtual_mailbox_maps": "static:box/",
        "virtual_uid_maps": f"static:{nobody.pw_uid}",
        "virtual_gid_maps": f"static:{nobody.pw_gid}",
        # Its brake for arrivals that outrun deliveries: off, so that it is as fast as it can.
        "in_flow_delay": "0",
    }
    (etc / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in main.items()))
    services = [_service(line) for line in _SERVICES]
    (etc / "master.cf").write_text(
        "\n".join((
            f"127.0.0.1:{port} inet n - n - - smtpd",
            *services,
            # Writes to mailboxes as their owner, so it must be root to begin with.
            "virtual unix - n n - - virtual",
            "postlog unix-dgram n - n - 1 postlogd",
            "",
        ))
    )  # fmt: skip
    return etc


def _service(line: str) -> str:
    name, private, wake_up, limit, *command = line.split()
    return f"{name} unix {private} - n {wake_up} {limit} {command[0] if command else name}"


def _postfix(etc: Path, verb: str) -> None:
    program = peers.find("postfix")
    assert program is not None  # see why_not
    ran = subprocess.run(
        [program, "-c", str(etc), verb], capture_output=True, text=True, check=False, timeout=60
    )
    if ran.returncode != 0:
        raise BenchError(f"postfix {verb}: {(ran.stderr or ran.stdout).strip()[-300:]}")
