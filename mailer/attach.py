"""Files beside the words of a mail: their names checked, their bytes written as body parts.

A calendar that asks for something (a method) stands twice, as Outlook and Gmail want it: as one more
form of the text, which the reader's program offers to accept (RFC 6047 §2.4), and as a file.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from email import policy
from email.parser import BytesHeaderParser
from urllib.parse import quote

from mailer.errors import ComposeError

#: Characters of a file name; nine octets each at most stay below the longest line (RFC 5322 §2.1.1).
MAX_NAME = 100
CALENDAR = "text/calendar"

_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
#: What steers a shell, a path or a header; a leading dot hides a file.
_UNFIT = re.compile(r'[/\\:*?"<>|;]|=\?|^\.|^\s|\s$|\.$')
# Composite types would be read as parts of the mail itself (RFC 2046 §5).
_TYPE = re.compile(r"(application|audio|font|image|text|video)/[a-z0-9][a-z0-9.+-]{0,80}")
_METHOD = re.compile(r"[A-Z]{3,20}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that goes with a letter."""

    #: As its reader sees it, such as ``calendar.ics``.
    name: str
    #: Such as ``application/pdf`` or ``text/calendar``, in lower case.
    type: str
    content: bytes = field(repr=False)
    #: Of a calendar that asks for something: REQUEST or CANCEL, as its METHOD says (RFC 6047 §2.4).
    method: str | None = None


def check(attachment: Attachment) -> None:
    """Make sure that name, type and method can stand in a header.

    Raises:
        ComposeError: naming the attachment and what is wrong with it.
    """
    name = attachment.name
    if not name or len(name) > MAX_NAME or _UNSEEN.search(name) or _UNFIT.search(name):
        raise ComposeError("attachment", f"a name that cannot be written: {name[:MAX_NAME]!r}")
    if not _TYPE.fullmatch(attachment.type):
        raise ComposeError("attachment", f"{name}: no type to be sent: {attachment.type[:80]!r}")
    if attachment.method is not None and (
        attachment.type != CALENDAR or not _METHOD.fullmatch(attachment.method)
    ):
        raise ComposeError("attachment", f"{name}: only a calendar has a method, such as REQUEST")


def alternatives(attachments: Sequence[Attachment], boundary: str) -> bytes:
    """The calendars that ask for something, as further forms of the text: the richest comes last."""
    return b"".join(
        _part([("Content-Type", f'{CALENDAR}; charset="utf-8"; method={one.method}')], one.content, boundary)
        for one in attachments
        if one.method is not None
    )


def files(attachments: Sequence[Attachment], boundary: str) -> bytes:
    """Every attachment as a file."""
    return b"".join(_file(one, boundary) for one in attachments)


def _file(attachment: Attachment, boundary: str) -> bytes:
    kind = attachment.type
    if kind == CALENDAR:
        # RFC 6047 §2.4: the method stands here as well where the calendar has one.
        kind += '; charset="utf-8"' + (f"; method={attachment.method}" if attachment.method else "")
    headers = [("Content-Type", kind), ("Content-Disposition", f"attachment; {_filename(attachment.name)}")]
    return _part(headers, attachment.content, boundary)


def _filename(name: str) -> str:
    """RFC 2183 §2.3; beyond ASCII as in RFC 2231 §4, in one piece, as not every client joins pieces."""
    if name.isascii():
        return f'filename="{name}"'
    return f"filename*=utf-8''{quote(name, safe='')}"


def _part(headers: Sequence[tuple[str, str]], content: bytes, boundary: str) -> bytes:
    head = (
        "".join(f"{name}: {value}\r\n" for name, value in headers)
        + "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    written = head.encode("ascii")
    read = BytesHeaderParser(policy=policy.compat32).parsebytes(written)
    if read.keys() != [name for name, _ in headers] + ["Content-Transfer-Encoding"]:
        raise ComposeError("attachment", f"its header reads back as {read.keys()}")
    lines = base64.encodebytes(content).replace(b"\n", b"\r\n")
    return f"--{boundary}\r\n".encode("ascii") + written + lines + b"\r\n"
