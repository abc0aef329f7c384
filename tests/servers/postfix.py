"""An own Postfix from a scratch folder: a real mail server that retries, before the desk."""

import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.free_port import free_port

PROGRAMS = ("postfix", "smtp-source", "postqueue")
#: One line a service of master.cf: name, private, wake-up, limit, and the program where it has another name.
SERVICES = (
    "pickup n 60 1",
    "cleanup n - 0",
    "qmgr n 300 1",
    "tlsmgr - 1000? 1",
    "rewrite - - - trivial-rewrite",
    "bounce - - 0",
    "defer - - 0 bounce",
    "trace - - 0 bounce",
    "verify - - 1",
    "flush n 1000? 0",
    "proxymap - - -",
    "smtp - - -",
    "relay - - - smtp",
    "showq n - -",
    "error - - -",
    "retry - - - error",
    "discard - - -",
    "lmtp - - -",
    "anvil - - 1",
    "scache - - 1",
)
_STATUS = re.compile(r" to=<([^>]*)>,.* status=(\w+) ")


class PostfixError(Exception):
    """Postfix did not do what was asked; the message carries its own words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Postfix:
    """A running instance: mail for contest.test goes to the desk by LMTP, all other mail to a relay."""

    folder: Path
    #: Where it takes mail by SMTP.
    port: int

    def statuses(self) -> list[tuple[str, str]]:
        """What its log says of each attempt: recipient, and sent, deferred or bounced."""
        log = self.folder / "mail.log"
        return _STATUS.findall(log.read_text(encoding="utf-8", errors="replace")) if log.exists() else []

    def queued(self) -> int:
        """How many mails it still holds."""
        queue = self.folder / "spool"
        return sum(
            len(names)
            for part in ("maildrop", "incoming", "active", "deferred")
            for _, _, names in os.walk(queue / part)
        )

    def wait_until_empty(self, *, timeout: float) -> None:
        """Return when it holds no mail; raise PostfixError after `timeout` s."""
        deadline = time.monotonic() + timeout
        while held := self.queued():
            if time.monotonic() > deadline:
                raise PostfixError(f"after {timeout} s it holds {held} mails; {self.statuses()[-3:]}")
            time.sleep(0.1)

    def load(self, *, mails: int, connections: int, size_bytes: int, recipient: str) -> None:
        """Give it so many different mails with the load generator of its own package."""
        _run(
            "smtp-source",
            *("-s", str(connections), "-m", str(mails), "-l", str(size_bytes)),
            *("-f", "lab@example.org", "-t", recipient, f"127.0.0.1:{self.port}"),
        )


def why_not() -> str | None:
    """Say why no Postfix can be started here, or None when one can."""
    missing = [name for name in PROGRAMS if _find(name) is None]
    if missing:
        return f"no {', '.join(missing)} on this machine (Debian: apt-get install postfix)"
    if os.geteuid() != 0:
        return "Postfix starts as root only"
    return None


@contextmanager
def running(*, lmtp_port: int, relay_port: int, settings: dict[str, str] | None = None) -> Iterator[Postfix]:
    """Start an instance and stop it, removing its folder; `settings` go into main.cf."""
    # Directly under /tmp: its users may enter there, and the path of a socket holds 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="contestdesk-pf-", dir="/tmp"))
    port = free_port()
    try:
        _write(folder, port, lmtp_port, relay_port, settings or {})
        etc = folder / "etc"
        _run("postfix", "-c", str(etc), "start")
        try:
            yield Postfix(folder=folder, port=port)
        finally:
            _run("postfix", "-c", str(etc), "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(folder: Path, port: int, lmtp_port: int, relay_port: int, settings: dict[str, str]) -> None:
    folder.chmod(0o755)
    for name in ("etc", "spool", "data"):
        (folder / name).mkdir()
    os.chown(folder / "data", pwd.getpwnam("postfix").pw_uid, -1)
    main = {
        "compatibility_level": "3.6",
        "config_directory": str(folder / "etc"),
        "queue_directory": str(folder / "spool"),
        "data_directory": str(folder / "data"),
        "maillog_file": str(folder / "mail.log"),
        "maillog_file_prefixes": str(folder),
        "myhostname": "mx.contest.test",
        "mydestination": "",
        "mynetworks": "127.0.0.0/8",
        "inet_interfaces": "loopback-only",
        "inet_protocols": "ipv4",
        "disable_dns_lookups": "yes",
        "smtp_host_lookup": "native",
        "alias_maps": "",
        "alias_database": "",
        "virtual_mailbox_domains": "contest.test",
        "transport_maps": f"inline:{{contest.test=lmtp:[127.0.0.1]:{lmtp_port}}}",
        "relayhost": f"[127.0.0.1]:{relay_port}",
        "smtpd_relay_restrictions": "permit_mynetworks,reject_unauth_destination",
        "recipient_delimiter": "+",
        "minimal_backoff_time": "2s",
        "maximal_backoff_time": "5s",
        "queue_run_delay": "2s",
        # Smaller than the back-off of the recommended set-up only so that tests end soon.
        "maximal_queue_lifetime": "5m",
        "bounce_queue_lifetime": "5m",
    } | settings
    (folder / "etc" / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in main.items()))
    services = [f"127.0.0.1:{port} inet n - n - - smtpd", *(_service(line) for line in SERVICES)]
    services.append("postlog unix-dgram n - n - 1 postlogd")
    (folder / "etc" / "master.cf").write_text("\n".join([*services, ""]))


def _service(line: str) -> str:
    name, private, wake_up, limit, *program = line.split()
    return f"{name} unix {private} - n {wake_up} {limit} {program[0] if program else name}"


def _find(name: str) -> str | None:
    # Debian keeps them where only root's path looks.
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/lib/postfix/sbin")


def _run(name: str, *arguments: str) -> None:
    program = _find(name)
    if program is None:
        raise PostfixError(f"no {name} on this machine")
    ran = subprocess.run(
        [program, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if ran.returncode != 0:
        raise PostfixError(f"{name}: {(ran.stderr or ran.stdout).strip()[-500:]}")
