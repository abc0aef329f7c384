"""An own Dovecot from a scratch folder: mailboxes as they live at a provider."""

import os
import shutil
import smtplib
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from imapclient import IMAPClient

from tests.servers.free_port import free_port

PROGRAMS = ("dovecot", "doveadm")
IMAP_PROGRAM = Path("/usr/lib/dovecot/imap")
LMTP_PROGRAM = Path("/usr/lib/dovecot/lmtp")
#: Mailboxes that are there from the start, each empty.
USERS = tuple(f"contest-{number}" for number in range(100))
PASSWORD = "a word that is right"
READY_SECONDS = 20.0


class DovecotError(Exception):
    """Dovecot did not do what was asked; the message carries its own words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dovecot:
    """A running instance, and one of its mailboxes."""

    folder: Path
    #: IMAP in the clear, with STARTTLS where it has a certificate.
    port: int
    #: Whatever else was configured for it.
    tls_port: int
    user: str = USERS[0]

    @property
    def url(self) -> str:
        """The setting of a desk that watches it with a password from a file."""
        return f"imap://{self.user}@127.0.0.1:{self.port}"

    def deliver(self, raws: Iterable[bytes], *, sender: str = "lab@example.org") -> None:
        """Deliver mails by LMTP, as the provider's own mail server does."""
        with smtplib.LMTP(str(self.folder / "run" / "lmtp")) as lmtp:
            for raw in raws:
                lmtp.sendmail(sender, [self.user], raw)

    @contextmanager
    def client(self) -> Iterator[IMAPClient]:
        """A session of somebody else in the mailbox, such as staff with a mail program."""
        client = IMAPClient("127.0.0.1", self.port, ssl=False, timeout=20)
        with client:
            client.login(self.user, self.password)
            yield client

    @property
    def password(self) -> str:
        """What is right now."""
        return _read_words(self.folder)[self.user]

    def set_password(self, password: str) -> None:
        """Let only this one be right from now on; who is logged in stays."""
        _write_words(self.folder, _read_words(self.folder) | {self.user: password})
        # It looks at the file's time and size only; a reload forgets what it knew.
        self._doveadm("reload")

    def kick(self) -> None:
        """Drop all sessions."""
        self._doveadm("kick", self.user, may_find_none=True)

    def renumber(self, mailbox: str = "") -> None:
        """Give the mailbox another UIDVALIDITY, as after a restored backup, and drop all sessions."""
        home = self.folder / "mail" / self.user / mailbox
        before = (home / "dovecot-uidlist").read_text().splitlines()[0]
        for path in (
            home / "dovecot-uidlist",
            *home.glob("dovecot.index*"),
            *home.glob("dovecot-uidvalidity*"),
        ):
            path.unlink(missing_ok=True)
        # It takes the second of its making for the new one; two within a second would be the same.
        while (made := int(time.time())) and f"V{made}" in before:
            time.sleep(0.05)
        self.kick()

    def log_ins(self) -> tuple[int, int]:
        """How many log-ins to the mailbox its log tells of: good ones, refused ones."""
        log = (self.folder / "dovecot.log").read_text(errors="replace").splitlines()
        good = sum("imap-login: Info: Login:" in line and f"user=<{self.user}>" in line for line in log)
        refused = sum("mismatch" in line and f"({self.user}," in line for line in log)
        return good, refused

    def _doveadm(self, *arguments: str, may_find_none: bool = False) -> None:
        ran = _run("doveadm", "-c", str(self.folder / "dovecot.conf"), *arguments)
        # 68: no sessions.
        if ran.returncode != 0 and not (may_find_none and ran.returncode == 68):
            raise DovecotError(f"doveadm {arguments[0]}: exit {ran.returncode}: {_said(ran)}")


def why_not() -> str | None:
    """Say why no Dovecot can be started here, or None when one can."""
    missing = [name for name in PROGRAMS if _find(name) is None]
    missing += [path.name for path in (IMAP_PROGRAM, LMTP_PROGRAM) if not path.exists()]
    if missing:
        packages = "dovecot-core dovecot-imapd dovecot-lmtpd"
        return f"no {', '.join(missing)} of Dovecot on this machine (Debian: apt-get install {packages})"
    if os.geteuid() != 0:
        return "Dovecot starts as root only"
    return None


@contextmanager
def running(*, settings: Sequence[str] = (), certificate: Path | None = None) -> Iterator[Dovecot]:
    """Start an instance and stop it, removing its folder; `settings` are further lines of its file."""
    # Directly under /tmp: its users may enter there, and the path of a socket holds 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="contestdesk-dc-", dir="/tmp"))
    try:
        server = Dovecot(folder=folder, port=free_port(), tls_port=free_port())
        _write(server, settings, certificate)
        config = str(folder / "dovecot.conf")
        ran = _run("dovecot", "-c", config)
        if ran.returncode != 0:
            raise DovecotError(f"dovecot: {_said(ran)}")
        try:
            _wait_until_ready(server)
            yield server
        finally:
            _run("dovecot", "-c", config, "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(server: Dovecot, settings: Sequence[str], certificate: Path | None) -> None:
    folder = server.folder
    folder.chmod(0o755)
    (folder / "run").mkdir()
    mail = folder / "mail"
    mail.mkdir()
    shutil.chown(mail, "dovecot", "dovecot")
    secured = (
        [f"ssl_cert=<{certificate}", f"ssl_key=<{certificate}", "ssl=yes"] if certificate else ["ssl=no"]
    )
    lines = [
        f"base_dir={folder}/run",
        f"log_path={folder}/dovecot.log",
        "auth_verbose=yes",
        "protocols=imap lmtp",
        "listen=127.0.0.1",
        "disable_plaintext_auth=no",
        "auth_failure_delay=0",
        f"mail_location=maildir:{mail}/%n",
        "first_valid_uid=1",
        "auth_username_format=%n",
        "postmaster_address=postmaster@box.test",
        *secured,
        "passdb {",
        "driver=passwd-file",
        f"args=scheme=PLAIN username_format=%n {_words(folder)}",
        "}",
        "userdb {",
        "driver=static",
        f"args=uid=dovecot gid=dovecot home={mail}/%n allow_all_users=yes",
        "}",
        "service imap-login {",
        "chroot=",
        "inet_listener imap {",
        f"port={server.port}",
        "}",
        "inet_listener imaps {",
        f"port={server.tls_port if certificate else 0}",
        "}",
        "}",
        "service anvil {",
        "chroot=",
        # No waiting after wrong passwords: tests count log-ins, and one address makes them all.
        "unix_listener anvil-auth-penalty {",
        "mode=0",
        "}",
        "}",
        "service lmtp {",
        "unix_listener lmtp {",
        "mode=0666",
        "}",
        "}",
        *settings,
    ]
    (folder / "dovecot.conf").write_text("\n".join([*lines, ""]))
    _write_words(folder, dict.fromkeys(USERS, PASSWORD))


def _words(folder: Path) -> Path:
    return folder / "passwords"


def _read_words(folder: Path) -> dict[str, str]:
    lines = _words(folder).read_text().splitlines()
    return {user: word for user, _, word in (line.partition(":{PLAIN}") for line in lines)}


def _write_words(folder: Path, words: dict[str, str]) -> None:
    fresh = _words(folder).with_suffix(".new")
    fresh.write_text("".join(f"{user}:{{PLAIN}}{word}\n" for user, word in words.items()))
    fresh.chmod(0o644)
    fresh.replace(_words(folder))


def _wait_until_ready(server: Dovecot) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            with server.client() as client:
                client.noop()
            return
        except (OSError, IMAPClient.Error) as error:
            if time.monotonic() > deadline:
                log = (server.folder / "dovecot.log").read_text(errors="replace")
                raise DovecotError(f"not ready after {READY_SECONDS} s: {log[-500:]}") from error
            time.sleep(0.05)


def _find(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/bin")


def _said(ran: subprocess.CompletedProcess[str]) -> str:
    return (ran.stderr or ran.stdout).strip()[-500:]


def _run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = _find(name)
    if program is None:
        raise DovecotError(f"no {name} on this machine")
    # Its children would keep a pipe open for as long as they live.
    with tempfile.TemporaryFile("w+") as said:
        ran = subprocess.run(
            [program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=60,
        )
        said.seek(0)
        return subprocess.CompletedProcess(ran.args, ran.returncode, said.read(), "")
