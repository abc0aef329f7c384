"""The line between the desk and a child that reads mail: octets there, JSON back, which can only be data."""

from __future__ import annotations

import json
import socket
import time
from datetime import datetime
from email.message import Message
from types import MappingProxyType
from typing import Any

from bot.inbox.inbound import Attachment, Inbound
from bot.inbox.limits import Unreadable

#: So much of a report goes along; nobody reads more of one.
MAX_REPORT_CHARS = 2_000_000
MAX_REPORT_PARTS = 1_000
#: Above what a mail within the limits can come to, either way.
MAX_FRAME_BYTES = 64 * 1024 * 1024

_SIZE_OCTETS = 8
_WORDS = (
    "message_id", "in_reply_to", "references", "from_address", "from_name", "to", "cc",
    "subject", "text", "charset", "is_html", "defects",
)  # fmt: skip


def framed(octets: bytes) -> bytes:
    """The octets with their number before them."""
    return len(octets).to_bytes(_SIZE_OCTETS) + octets


def received(line: socket.socket, *, ends_at: float | None = None) -> bytes:
    """What the other side has framed.

    Raises:
        OSError: the line was closed, or it is ``ends_at`` (of ``time.monotonic``) before all has come.
    """
    size = int.from_bytes(_exactly(line, _SIZE_OCTETS, ends_at))
    if size > MAX_FRAME_BYTES:
        raise OSError("no mail and no reply is that large")
    return _exactly(line, size, ends_at)


def dumps(mail: Inbound) -> bytes:
    """The mail as octets; of parts that are neither text nor a report, the contents stay behind."""
    record = {name: getattr(mail, name) for name in _WORDS}
    record["date"] = mail.date.isoformat() if mail.date else None
    record["attachments"] = [[found.name, found.size_bytes, found.type] for found in mail.attachments]
    record["headers"] = dict(mail.headers)
    record["report"] = _taken_apart(mail.report, _Room())
    return json.dumps(record).encode("ascii")


def refusal(reason: str) -> bytes:
    """The octets that say why a mail cannot be read."""
    return json.dumps({"unreadable": reason}).encode("ascii")


def loads(octets: bytes) -> Inbound:
    """The mail that the child has read.

    Raises:
        Unreadable: it could not be read; the message says why.
    """
    record: dict[str, Any] = json.loads(octets)
    if "unreadable" in record:
        raise Unreadable(record["unreadable"])
    for name in ("in_reply_to", "references", "to", "cc", "defects"):
        record[name] = tuple(record[name])
    date = record.pop("date")
    attached = record.pop("attachments")
    headers = record.pop("headers")
    return Inbound(
        date=datetime.fromisoformat(date) if date else None,
        attachments=tuple(Attachment(name=name, size_bytes=size, type=kind) for name, size, kind in attached),
        headers=MappingProxyType({name: tuple(values) for name, values in headers.items()}),
        report=_put_together(record.pop("report")),
        **record,
    )


class _Room:
    """How much of the structure may still go along."""

    def __init__(self) -> None:
        self.chars = MAX_REPORT_CHARS
        self.parts = MAX_REPORT_PARTS

    def enter(self) -> bool:
        """Take one more part, if there is room for it."""
        self.parts -= 1
        return self.parts >= 0

    def take(self, text: str) -> str:
        """As much of a text as there is room for."""
        taken = text[: self.chars]
        self.chars -= len(taken)
        return taken


def _taken_apart(part: Message[str, str], room: _Room) -> list[Any]:
    headers = [(name, room.take(str(value))) for name, value in part.raw_items()]
    payload = part.__dict__.get("_payload")
    kept: Any = None
    if isinstance(payload, list):
        kept = [_taken_apart(child, room) for child in payload if isinstance(child, Message) and room.enter()]
    elif isinstance(payload, str) and part.get_content_maintype() in ("text", "message", "multipart"):
        kept = room.take(payload)
    return [part.get_default_type(), headers, kept]


def _put_together(taken: list[Any]) -> Message[str, str]:
    default_type, headers, kept = taken
    part: Message[str, str] = Message()
    part.set_default_type(default_type)
    for name, value in headers:
        part.set_raw(name, value)
    if isinstance(kept, list):
        for child in kept:
            part.attach(_put_together(child))
        if not kept:
            part.set_payload([])
    else:
        part.set_payload(kept or "")
    return part


def _exactly(line: socket.socket, size: int, ends_at: float | None) -> bytes:
    found = bytearray()
    while len(found) < size:
        if ends_at is not None:
            line.settimeout(max(ends_at - time.monotonic(), 0.001))
        piece = line.recv(min(size - len(found), 1 << 20))
        if not piece:
            raise ConnectionResetError("the line was closed")
        found += piece
    return bytes(found)
