"""The edge where mail leaves: an SMTP relay on a kept connection, or a mailbox on this machine.

A relay never raises for what the other side does: it returns what became of one mail. What matters
most is whether the final dot was sent: before it nobody has the mail, after it without a reply
nobody can know (RFC 5321 §4.2.5, RFC 1047).
"""

from __future__ import annotations

import os
import re
import select
import smtplib
import socket
import ssl
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import structlog

from mailer.errors import AllowListError, RelayUnreachable, RelayUrlError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """What a relay needs to know of one mail: one recipient, always."""

    id: int
    #: Empty for the null sender.
    envelope_sender: str
    recipient: str
    message_id: str
    #: CRLF line ends, nothing beyond ASCII, CRLF at the end.
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The relay took responsibility (RFC 5321 §4.2.5); ``reply`` usually holds its queue id."""

    reply: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred:
    """Not taken, try again: 4yz, or ``code`` None when the relay was not reached or hung up early."""

    code: int | None
    text: str
    #: When the other side itself said when to come back; such tries are not counted.
    after: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """Refused for good (5yz)."""

    code: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """The final dot was sent and no reply came: delivered or not, nobody knows."""

    cause: str


Outcome = Delivered | Deferred | Rejected | Unknown


class Relay(Protocol):
    """Takes one mail at a time; belongs to one thread."""

    def send(self, mail: Outgoing) -> Outcome:
        """Hand one mail over and say what became of it."""

    def doctor(self) -> str:
        """Say in one line that mail could leave here; raises RelayUnreachable with the reason."""

    def close(self) -> None:
        """Leave politely; the next send opens again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayUrl:
    """Where the relay is: ``smtp://``, ``smtps://`` or ``smtp+starttls://``, ``user:password@host:port``."""

    scheme: str
    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)


_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def read_url(url: str) -> RelayUrl:
    """Read the address of a relay. Raises RelayUrlError, which never shows the password."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise RelayUrlError(f"relay address: {error}") from None
    if parts.scheme not in _PORTS:
        raise RelayUrlError(f"relay address: scheme {parts.scheme!r}, use one of {', '.join(_PORTS)}")
    if not parts.hostname or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise RelayUrlError("relay address: want scheme://user:password@host:port and nothing after it")
    user = unquote(parts.username) if parts.username else None
    password = unquote(parts.password) if parts.password else None
    if (user is None) != (password is None):
        raise RelayUrlError("relay address: user and password go together")
    if user and parts.scheme == "smtp" and parts.hostname not in _LOOPBACK:
        raise RelayUrlError(
            "relay address: a password needs smtps:// or smtp+starttls:// beyond this machine"
        )
    return RelayUrl(
        scheme=parts.scheme,
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        user=user,
        password=password,
    )


# What may stand between the angle brackets of MAIL and RCPT; compose made sure of it, and this is
# the last place where a line break could become a command.
_PATH = re.compile(r"[!-;=?-~]{0,320}")
#: Our own trouble with the relay, not the mail's: nothing is given up for it (RFC 4954 §6).
_LOG_IN_CODES = frozenset({530, 534, 535, 538})
_TROUBLE = (smtplib.SMTPException, OSError)


class SmtpRelay:
    """A relay by SMTP. The connection is kept between mails; certificates are verified."""

    def __init__(
        self,
        url: str,
        *,
        timeout: timedelta = timedelta(seconds=60),
        final_timeout: timedelta = timedelta(minutes=10),
        helo: str = "[127.0.0.1]",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """``final_timeout`` is the wait for the reply to the final dot (RFC 5321 §4.5.3.2.6)."""
        self._url = read_url(url)
        self._timeout = timeout.total_seconds()
        self._final_timeout = final_timeout.total_seconds()
        self._helo = helo
        self._tls = tls
        self._smtp: smtplib.SMTP | None = None
        #: The connection stands between two mails: the last one on it went through.
        self._between = False

    def send(self, mail: Outgoing) -> Outcome:
        """Hand one mail over; see the module for what the outcomes mean."""
        if not _PATH.fullmatch(mail.envelope_sender) or not _PATH.fullmatch(mail.recipient):
            return Rejected(code=553, text="address refused here, before the relay")
        try:
            smtp = self._begin(mail)
            if isinstance(smtp, Deferred | Rejected):
                return smtp
            refusal = self._offer(smtp, mail)
        except RelayUnreachable as error:
            return Deferred(code=None, text=str(error))
        except _TROUBLE as error:
            self._drop()
            return Deferred(code=None, text=f"hung up before the final dot: {_said(error)}")
        if refusal is not None:
            return refusal
        return self._finish(smtp)

    def doctor(self) -> str:
        """Connect anew, log in if we have a name, and leave; raises RelayUnreachable with the reason."""
        self.close()
        smtp = self._open()
        greeting = (smtp.ehlo_resp or b"").decode("utf-8", "replace").splitlines()
        self._smtp = smtp
        self.close()
        secured = {"smtp": "no TLS", "smtps": "TLS", "smtp+starttls": "STARTTLS"}[self._url.scheme]
        logged_in = "logged in" if self._url.user else "no log-in"
        name = greeting[0] if greeting else self._url.host
        return f"{self._url.host}:{self._url.port} answers as {name}, {secured}, {logged_in}"

    def close(self) -> None:
        """Say QUIT if we are connected."""
        smtp, self._smtp = self._smtp, None
        if smtp is None:
            return
        try:
            smtp.quit()
        except _TROUBLE:
            smtp.close()  # it had left before us

    def _begin(self, mail: Outgoing) -> smtplib.SMTP | Deferred | Rejected:
        """Give a connection that has taken MAIL: the kept one, or a new one where that is stale."""
        kept = self._smtp
        if kept is not None:
            try:
                # After a mail that went through, MAIL itself shows whether anybody is there.
                if self._between or kept.rset()[0] == 250:
                    code, reply = self._mail(kept, mail)
                    if code == 250:
                        return kept
                    if code != 421:
                        return self._refused(kept, code, reply)
            except _TROUBLE:
                pass  # stale, which is usual after an idle time; nothing was handed over on it
            self._drop()
        self._smtp = smtp = self._open()
        code, reply = self._mail(smtp, mail)
        if code == 250:
            return smtp
        if code == 421:
            # No recipient was named yet: this is about the relay, not about a domain behind it.
            self._drop()
            return Deferred(code=None, text=f"421 {_text(reply)}")
        return self._refused(smtp, code, reply)

    def _mail(self, smtp: smtplib.SMTP, mail: Outgoing) -> tuple[int, bytes]:
        self._between = False
        options = [f"SIZE={len(mail.body)}"] if smtp.has_extn("size") else []
        return smtp.mail(mail.envelope_sender, options)

    def _open(self) -> smtplib.SMTP:
        url = self._url
        smtp: smtplib.SMTP | None = None
        try:
            if url.scheme == "smtps":
                smtp = smtplib.SMTP_SSL(
                    url.host, url.port, self._helo, timeout=self._timeout, context=self._context()
                )
            else:
                smtp = smtplib.SMTP(url.host, url.port, self._helo, timeout=self._timeout)
            _without_delay(smtp)
            smtp.ehlo_or_helo_if_needed()
            if url.scheme == "smtp+starttls":
                smtp.starttls(context=self._context())  # raises when it is not offered: never in the clear
                smtp.ehlo_or_helo_if_needed()
            if url.user is not None and url.password is not None:
                smtp.login(url.user, url.password)
        except _TROUBLE as error:
            if smtp is not None:
                smtp.close()
            raise RelayUnreachable(f"{url.host}:{url.port}: {_said(error)}") from error
        return smtp

    def _context(self) -> ssl.SSLContext:
        return self._tls or ssl.create_default_context()

    def _offer(self, smtp: smtplib.SMTP, mail: Outgoing) -> Deferred | Rejected | None:
        """RCPT, DATA and all of the body but the final dot; None when only the dot is left."""
        code, reply = smtp.rcpt(mail.recipient)
        if code not in (250, 251, 252):
            return self._refused(smtp, code, reply)
        code, reply = smtp.docmd("DATA")
        if code != 354:
            return self._refused(smtp, code, reply)
        smtp.send(re.sub(rb"(?m)^\.", b"..", mail.body))  # RFC 5321 §4.5.2
        if _spoke_early(smtp):
            # It hung up or refused in the middle; without this look the dot would make it unknown.
            code, reply = smtp.getreply()
            self._drop()
            return _outcome(code, reply)
        return None

    def _finish(self, smtp: smtplib.SMTP) -> Outcome:
        """Send the final dot and wait for the word that decides."""
        try:
            if smtp.sock is not None:
                smtp.sock.settimeout(self._final_timeout)
            smtp.send(b".\r\n")
            code, reply = smtp.getreply()
            if smtp.sock is not None:
                smtp.sock.settimeout(self._timeout)
        except _TROUBLE as error:
            self._drop()
            return Unknown(cause=f"no reply after the final dot: {_said(error)}")
        text = _text(reply)
        if 200 <= code < 300:
            self._between = True
            return Delivered(reply=f"{code} {text}")
        if code == 421 or not 400 <= code < 600:
            self._drop()
        if 400 <= code < 600:
            return _outcome(code, reply)
        return Unknown(cause=f"unreadable reply after the final dot: {code} {text}")

    def _refused(self, smtp: smtplib.SMTP, code: int, reply: bytes) -> Deferred | Rejected:
        if code == 421 or not 400 <= code < 600:
            self._drop()
        return _outcome(code, reply)

    def _drop(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            smtp.close()


def _outcome(code: int, reply: bytes) -> Deferred | Rejected:
    """Read a refusal by its class (RFC 5321 §4.2.1)."""
    text = _text(reply)
    if 400 <= code < 500:
        return Deferred(code=code, text=text)
    if 500 <= code < 600 and code not in _LOG_IN_CODES:
        return Rejected(code=code, text=text)
    return Deferred(code=None, text=f"{code} {text}")


def _without_delay(smtp: smtplib.SMTP) -> None:
    # The final dot is a packet of its own here; with Nagle's wait it would cost 40 ms a mail.
    if smtp.sock is not None:
        smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _spoke_early(smtp: smtplib.SMTP) -> bool:
    """True when the relay has answered or hung up before it got the final dot."""
    if not isinstance(smtp.sock, socket.socket) or isinstance(smtp.sock, ssl.SSLSocket):
        # Under TLS readable octets may be a session ticket, so nothing can be told from them.
        return False
    return bool(select.select([smtp.sock], [], [], 0)[0])


def _text(reply: bytes) -> str:
    return " ".join(reply.decode("utf-8", "replace").split())[:500]


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        return f"{error.smtp_code} {_text(said if isinstance(said, bytes) else said.encode())}"
    return f"{type(error).__name__}: {error}"[:300]


class MailboxRelay:
    """A Maildir on this machine, for demo and rehearsal: nothing leaves.

    Mail to ``temperror@``, ``permerror@`` and ``timeout@`` fails as the name says.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, mail: Outgoing) -> Outcome:
        """Write the mail where a mail reader finds it, synced to disk."""
        match mail.recipient.partition("@")[0].lower():
            case "temperror":
                return Deferred(code=451, text="4.3.0 temporary failure, as asked for")
            case "permerror":
                return Rejected(code=550, text="5.1.1 no such mailbox, as asked for")
            case "timeout":
                return Unknown(cause="no reply after the final dot, as asked for")
        name = f"{time.time_ns()}.{os.getpid()}_{mail.id}.desk"
        try:
            self._write(name, mail)
        except OSError as error:
            return Deferred(code=None, text=f"local mailbox: {error.strerror}")
        return Delivered(reply=f"250 kept as {name}")

    def doctor(self) -> str:
        """Make sure that the folder can be written."""
        try:
            self._make()
        except OSError as error:
            raise RelayUnreachable(f"local mailbox {self._folder}: {error.strerror}") from error
        if not os.access(self._folder / "new", os.W_OK):
            raise RelayUnreachable(f"local mailbox {self._folder}: not writable")
        return f"local mailbox {self._folder}; nothing leaves this machine"

    def close(self) -> None:
        """Nothing is held open."""

    def _make(self) -> None:
        for part in ("tmp", "new", "cur"):
            (self._folder / part).mkdir(parents=True, exist_ok=True)

    def _write(self, name: str, mail: Outgoing) -> None:
        self._make()
        unfinished, finished = self._folder / "tmp" / name, self._folder / "new" / name
        with unfinished.open("xb") as file:
            # The envelope, as a delivering host notes it (RFC 5321 §4.4).
            file.write(f"Return-Path: <{mail.envelope_sender}>\r\n".encode("ascii"))
            file.write(f"Delivered-To: {mail.recipient}\r\n".encode("ascii"))
            file.write(mail.body)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(finished)
        folder = os.open(finished.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


class Fence:
    """A relay that gives ``relay`` only what is on the allow-list and keeps the rest in ``mailbox``."""

    def __init__(self, relay: Relay, mailbox: Relay, allow: tuple[str, ...]) -> None:
        """``allow`` holds addresses and ``@domain`` entries; raises AllowListError for anything else."""
        for entry in allow:
            local_part, at, domain = entry.rpartition("@")
            if not at or not domain or "@" in local_part or entry != entry.strip():
                raise AllowListError(f"allow-list: {entry!r} is neither an address nor @domain")
        self._relay = relay
        self._mailbox = mailbox
        self._allow = frozenset(entry.lower() for entry in allow)

    def allows(self, recipient: str) -> bool:
        """True when this person, or everybody at this very domain, may get mail from here."""
        mailbox = recipient.lower()
        return mailbox in self._allow or f"@{mailbox.rpartition('@')[2]}" in self._allow

    def send(self, mail: Outgoing) -> Outcome:
        """Hand the mail to the side it may go to."""
        if self.allows(mail.recipient):
            return self._relay.send(mail)
        log.info("fence.kept", mail=mail.id)
        return self._mailbox.send(mail)

    def doctor(self) -> str:
        """Check both sides; the relay only when somebody may get mail through it."""
        kept = self._mailbox.doctor()
        if not self._allow:
            return f"fenced, empty allow-list: {kept}"
        return f"fenced, {len(self._allow)} allowed: {self._relay.doctor()}; all else: {kept}"

    def close(self) -> None:
        """Close both sides."""
        self._relay.close()
        self._mailbox.close()
