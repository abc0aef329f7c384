"""What a DSN says: who was not reached, why, and whether it is final (RFC 3464)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from itertools import islice

#: Parts of a message that are looked at; more of them is somebody playing.
MOST_PARTS = 50

_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")  # RFC 3463 §2
_TYPED = re.compile(r"[A-Za-z0-9-]+\s*;\s*(.+)", re.DOTALL)  # RFC 3464 §2.1.2: type ";" value
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,990}>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """One recipient who was not reached, or not yet."""

    recipient: str | None
    #: Enhanced status such as ``5.1.1``.
    status: str | None
    #: True only for a failure of class 5; a failure of class 4 was given up, the address may live.
    permanent: bool
    #: True when the other side is still trying.
    delayed: bool
    #: As the returned header says; anybody can write it, our VERP token is the proof.
    original_message_id: str | None


def read(message: Message) -> Bounce | None:
    """Read a DSN that tells of a failure or a delay; None for all else, success reports too.

    With several recipients the first failed one counts, else the first delayed one.
    """
    told = [fields for part in _parts(message) for fields in _recipients(part)]
    for action in ("failed", "delayed"):
        for fields in told:
            if _value(fields, "Action").lower() == action:
                return _bounce(message, fields, delayed=action == "delayed")
    return None


def _bounce(message: Message, fields: Message, *, delayed: bool) -> Bounce:
    found = _STATUS.search(_value(fields, "Status")) or _STATUS.search(_value(fields, "Diagnostic-Code"))
    status = found[0] if found else None
    return Bounce(
        recipient=_address(fields, "Original-Recipient") or _address(fields, "Final-Recipient"),
        status=status,
        permanent=not delayed and status is not None and status.startswith("5"),
        delayed=delayed,
        original_message_id=_original_message_id(message),
    )


def _parts(message: Message) -> Iterator[Message]:
    return islice(message.walk(), MOST_PARTS)


def _recipients(part: Message) -> list[Message]:
    """Give the per-recipient blocks; the first block is about the message (RFC 3464 §2.2)."""
    if part.get_content_type() not in {"message/delivery-status", "message/global-delivery-status"}:
        return []
    blocks = part.get_payload()
    if not isinstance(blocks, list):
        return []
    return [block for block in blocks if isinstance(block, Message) and "Action" in block]


def _original_message_id(message: Message) -> str | None:
    for part in _parts(message):
        match part.get_content_type():
            case "message/rfc822" | "message/global":
                inner = part.get_payload()
                if isinstance(inner, list) and inner and isinstance(inner[0], Message):
                    return _first_id(_value(inner[0], "Message-ID"))
            case "text/rfc822-headers" | "message/global-headers":
                raw = part.get_payload(decode=True)
                text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(part.get_payload())
                line = re.search(r"(?im)^message-id:((?:.|\n[ \t])*)", text)
                return _first_id(line[1]) if line else None
    return None


def _first_id(text: str) -> str | None:
    found = _MESSAGE_ID.search(text)
    return found[0] if found else None


def _address(fields: Message, name: str) -> str | None:
    typed = _TYPED.fullmatch(_value(fields, name))
    address = typed[1].strip().strip("<>") if typed else ""
    return address if "@" in address else None


def _value(fields: Message, name: str) -> str:
    # A header with raw 8-bit octets comes as a Header object, not as text.
    return str(fields.get(name, "")).strip()
