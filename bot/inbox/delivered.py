"""What a mailbox server wrote above a mail when it delivered it: the envelope, which IMAP does not show."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime

from bot.inbox import header, path
from bot.inbox.commit import Envelope

#: Stands for an envelope sender that nobody wrote down, where From shows none either. Not empty: that is
#: the null sender of machines, and the mail of a person would lie among theirs.
UNKNOWN = "unknown"

#: A server's own fields stand at the top; what lies deeper is the sender's.
MAX_TRACE_OCTETS = 64 * 1024

_FIELD = re.compile(rb"([\x21-\x39\x3b-\x7e]{1,80})[ \t]*:((?:[^\r\n]|\r?\n[ \t]|\r(?!\n))*)(?:\r?\n|\Z)")
_HANDED_OVER = re.compile(r"\s*from\s", re.IGNORECASE)
_RECIPIENT_FIELDS = ("delivered-to", "x-original-to", "envelope-to")


def envelope(
    raw: bytes,
    *,
    folder: str,
    peer: str,
    address: str,
    accepts: Callable[[str], bool],
    received_at: datetime,
) -> Envelope:
    """Put a fetched mail into an envelope, as if it had come by SMTP.

    ``address`` is whose mailbox it is. Mail for other addresses of ours, which a provider collects there,
    keeps them too: the signed ones say which mail of ours came back.
    """
    own = list(_own_fields(raw))
    collected = (value.strip().strip("<>") for name, value in own if name in _RECIPIENT_FIELDS)
    return Envelope(
        received_at=received_at,
        door=f"imap:{folder}",
        sender=_sender(own, raw),
        recipients=tuple(dict.fromkeys((address, *(one for one in collected if accepts(one))))),
        peer=peer[:80],
        raw=raw,
    )


def _sender(own: list[tuple[str, str]], raw: bytes) -> str:
    """The envelope sender: of Return-Path (RFC 5321 §4.4) where the server wrote it, else From's address."""
    for name, value in own:
        if name == "return-path":
            written, _ = path.read(value)
            if written is not None:
                return "" if written == path.NULL else written
    for name, value in _fields(raw):
        if name == "from":
            found = header.mailboxes(value)
            return found[0].address or UNKNOWN if found else UNKNOWN
    return UNKNOWN


def _own_fields(raw: bytes) -> Iterator[tuple[str, str]]:
    """The fields above the first "Received: from": below it anybody could have written them.

    A server that hands a mail on within itself writes "Received: by" above its Return-Path.
    """
    for name, value in _fields(raw):
        if name == "received" and _HANDED_OVER.match(value):
            return
        yield name, value


def _fields(raw: bytes) -> Iterator[tuple[str, str]]:
    """Name (lower case) and value of the first fields, as text that keeps octets apart."""
    position = 0
    while position < MAX_TRACE_OCTETS:
        field = _FIELD.match(raw, position, MAX_TRACE_OCTETS)
        if field is None:
            return
        position = field.end()
        value = field[2].decode("ascii", "surrogateescape")
        yield field[1].decode("ascii").lower(), value.replace("\r", "").replace("\n", "")
