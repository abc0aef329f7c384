"""Which mailbox is watched, how we log in, and what is done with a mail that we have."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from faq.contest import SEOUL

#: From which mails on a folder is ours when we see it for the first time.
Start = Literal["now", "all"] | date

#: So far the server's clock may be behind ours; in doubt an old mail is taken rather than a new one lost.
CLOCKS_DIFFER = timedelta(minutes=5)
#: The name of the door, imap:FOLDER, has 80 characters.
MAX_FOLDER_CHARS = 75


class Transport(StrEnum):
    """How the connection is made; the value is the scheme of the URL."""

    #: Port 993, encrypted from the first octet (RFC 8314 §3).
    TLS = "imaps"
    #: Port 143, encrypted before the log-in.
    STARTTLS = "imap+starttls"
    #: Port 143, in the clear: to this machine only.
    CLEAR = "imap"


class SecretError(Exception):
    """There is nothing to log in with; the message names the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """What is shown at a log-in."""

    text: str = field(repr=False)
    #: True for an access token (XOAUTH2), False for a password.
    is_token: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A mailbox at a server."""

    transport: Transport
    host: str
    port: int
    user: str
    password: str = field(default="", repr=False)
    password_file: Path | None = None
    token_file: Path | None = None

    @property
    def name(self) -> str:
        """Stands for the mailbox in our tables, whatever its password."""
        return f"{self.user}@{self.host}"[:320]

    def secret(self) -> Secret:
        """Read what to log in with; a file is read anew each time, as others renew it.

        Raises:
            SecretError: the file cannot be read or is empty.
        """
        file = self.token_file or self.password_file
        if file is None:
            return Secret(text=self.password, is_token=False)
        try:
            text = file.read_text("utf-8").strip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise SecretError(f"cannot read {file}: {error}") from error
        if not text:
            raise SecretError(f"{file} is empty")
        return Secret(text=text, is_token=self.token_file is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class After:
    r"""What is done in the mailbox with a mail that we have: \Seen, moved away, or nothing."""

    seen: bool = False
    move_to: str | None = None

    @property
    def is_nothing(self) -> bool:
        """True when the mailbox is left as it is."""
        return not self.seen and self.move_to is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A mailbox, and how it is watched."""

    account: Account
    folders: tuple[str, ...]
    after: After
    start: Start
    #: The address that the mailbox belongs to: the recipient of each mail in it.
    address: str
    size_limit_bytes: int


def read_url(url: str, *, password_file: Path | None = None, token_file: Path | None = None) -> Account:
    """Take an address such as ``imaps://contest@example.org:password@imap.example.org`` apart.

    Raises:
        ValueError: it is none, or would send the password in the clear through a network.
    """
    advice = "write imaps:// or imap+starttls://user:password@host:port"
    try:
        parts = urlsplit(url)
        transport, port = Transport(parts.scheme), parts.port
    except ValueError as error:
        raise ValueError(advice) from error
    if not parts.hostname or not parts.username or parts.path.strip("/") or parts.query:
        raise ValueError(f"{advice}, and nothing behind")
    if transport is Transport.CLEAR and not _is_this_machine(parts.hostname):
        raise ValueError(f"imap:// would send the password in the clear: {advice}")
    return Account(
        transport=transport,
        host=parts.hostname,
        port=port or (993 if transport is Transport.TLS else 143),
        user=unquote(parts.username),
        password=unquote(parts.password or ""),
        password_file=password_file,
        token_file=token_file,
    )


def read_folders(named: str | Sequence[str]) -> tuple[str, ...]:
    """Read names with commas between them; raises ValueError where there is none, or too long a one."""
    folders = _names(named)
    if not folders or any(len(name) > MAX_FOLDER_CHARS for name in folders):
        raise ValueError(f"write at least one folder, each of {MAX_FOLDER_CHARS} characters at most")
    return folders


def read_after(text: str | After) -> After:
    """Read ``seen``, ``nothing`` or ``move:FOLDER``; raises ValueError for anything else."""
    if isinstance(text, After):
        return text
    kind, _, folder = text.partition(":")
    if text == "seen":
        return After(seen=True)
    if text == "nothing":
        return After()
    if kind == "move" and folder.strip():
        return After(move_to=folder.strip())
    raise ValueError(f"write seen, nothing or move:FOLDER, not {text!r}")


def read_start(text: str | date) -> Start:
    """Read ``now``, ``all`` or a day such as ``2020-11-01``; raises ValueError for anything else."""
    if isinstance(text, date):
        return text
    match text:
        case "now" | "all":
            return text
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"write now, all or a day such as 2020-11-01, not {text!r}") from error


def unfit(given: Mapping[str, Any], prefix: str) -> list[str]:
    """What does not fit together in the settings of a mailbox, one line each."""
    url, faults = str(given.get("imap_url") or ""), []
    if not url:
        return []
    # As in user:password@host; a URL that is none is told by read_url.
    has_password = ":" in url.partition("//")[2].rpartition("@")[0]
    if has_password + bool(given.get("imap_password_file")) + bool(given.get("imap_token_file")) != 1:
        faults.append(
            f"{prefix}IMAP_URL: one password or token, please: in the URL, "
            f"{prefix}IMAP_PASSWORD_FILE or {prefix}IMAP_TOKEN_FILE"
        )
    target = str(given.get("imap_after") or "").partition(":")[2].strip()
    if target and target in _names(given.get("imap_folders") or "INBOX"):
        faults.append(f"{prefix}IMAP_AFTER: {target} is watched itself; move to another folder")
    return faults


def counts_from(start: Start, *, now: datetime) -> datetime | None:
    """From which instant on (by the server's clock) a mail that lay there before us is ours; None for all."""
    if start == "all":
        return None
    if start == "now":
        return now - CLOCKS_DIFFER
    return datetime.combine(start, time.min, SEOUL)


def _names(named: str | Sequence[str]) -> tuple[str, ...]:
    split = named.split(",") if isinstance(named, str) else named
    return tuple(dict.fromkeys(name.strip() for name in split if name.strip()))


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
