"""Reads the machine-readable part of a delivery report (RFC 3464), tidy or not."""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from itertools import islice

#: Parts of a message that are looked at; more of them is somebody playing.
MOST_PARTS = 50
MOST_CHARS = 60_000
MOST_RECIPIENTS = 500

REPORTS = frozenset({"message/delivery-status", "message/global-delivery-status"})
RETURNED = frozenset({"message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"})

_FIELD = re.compile(r"[ \t>]{0,4}([A-Za-z][A-Za-z-]{1,40})[ \t]*:[ \t]*(.*)")
_TYPED = re.compile(r"[A-Za-z0-9-]+\s*;\s*(.+)", re.DOTALL)  # RFC 3464 §2.1.2: type ";" value
_STATUS = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}")  # RFC 3463 §2
_OF_RECIPIENT = frozenset(
    {"final-recipient", "original-recipient", "action", "status", "diagnostic-code", "x-actual-recipient"}
)
_DONE = frozenset({"delivered", "relayed", "expanded", "delivery", "success"})
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,990}>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a report tells of one recipient."""

    #: None when it names nobody.
    recipient: str | None
    #: failed, delayed, or done (delivered, relayed, expanded).
    action: str
    #: The Status field as it stands.
    status: str
    diagnostic: str


def own_parts(message: Message) -> Iterator[Message]:
    """The parts of this mail itself, in order; not those of a mail that is returned or forwarded in it."""
    return islice(_own_parts(message), MOST_PARTS)


def _own_parts(part: Message) -> Iterator[Message]:
    yield part
    children = part.get_payload() if part.get_content_maintype() == "multipart" else None
    if isinstance(children, list):
        for child in children:
            if isinstance(child, Message):
                yield from _own_parts(child)


def told(message: Message) -> list[Told]:
    """Everything the delivery-status parts of this mail tell, in order."""
    parts = [part for part in own_parts(message) if part.get_content_type() in REPORTS]
    return [each for part in parts for each in in_text(_text(part))]


def in_text(text: str) -> list[Told]:
    """Read the fields of a report out of a text: with blank lines too many or too few, folded or not."""
    found = [_told(block) for block in islice(_blocks(text[:MOST_CHARS]), MOST_RECIPIENTS)]
    return [each for each in found if each is not None]


def original_message_id(message: Message) -> str | None:
    """The Message-ID in the returned mail, or in the fields that stand for it; without proof."""
    named = _returned_fields(message).get("message-id")
    for part in own_parts(message):
        if named is None and part.get_content_type() in REPORTS:
            found = re.search(r"(?im)^(?:x-)?original-message-id[ \t]*:\s*(<[^<>\s]{1,990}>)", _text(part))
            named = found[1] if found else None
    found = _MESSAGE_ID.search(named or "")
    return found[0] if found else None


def original_recipient(message: Message) -> str | None:
    """Whom the returned mail was written to, as its To says."""
    return first_address(_returned_fields(message).get("to", ""))


def returned_part(message: Message) -> bool:
    """True when the mail carries another one, or its header fields."""
    return any(part.get_content_type() in RETURNED for part in own_parts(message))


def first_address(text: str) -> str | None:
    """The first thing that looks like an address."""
    found = ADDRESS.search(text[:2_000])
    return found[0].strip(".'") if found else None


#: A label in Latin letters ends before the Korean particle that may follow it without a space.
_LABEL = r"(?:[A-Za-z0-9-]{1,63}+|[\w-]{1,63}+)"
ADDRESS = re.compile(rf"[\w.!#$%&'*+/=?^`{{|}}~-]{{1,64}}@{_LABEL}(?:\.{_LABEL})++")


def _returned_fields(message: Message) -> Mapping[str, str]:
    for part in own_parts(message):
        kind = part.get_content_type()
        if kind in ("message/rfc822", "message/global"):
            inner = part.get_payload()
            if isinstance(inner, list) and inner and isinstance(inner[0], Message):
                return {name.lower(): str(value) for name, value in reversed([*inner[0].raw_items()])}
            return fields(inner if isinstance(inner, str) else "")
        if kind in RETURNED:
            return fields(_text(part))
    return {}


def fields(text: str) -> dict[str, str]:
    """The header fields at the beginning of a text, unfolded, by lower-case name; the first of each."""
    found: dict[str, str] = {}
    last = ""
    for line in text[:MOST_CHARS].lstrip().splitlines():
        if not line.strip():
            break
        named = _FIELD.match(line)
        if line[:1] in " \t" and last:
            found[last] += f" {line.strip()}"
        elif named:
            last = named[1].lower()
            found.setdefault(last, named[2].strip())
    return found


def _blocks(text: str) -> Iterator[dict[str, str]]:
    """The fields of one recipient after the other; a blank line between them may be missing or too many."""
    block: dict[str, str] = {}
    last = ""
    for line in text.splitlines():
        named = _FIELD.match(line)
        if named and not (line[:1] in " \t" and last in block and named[1].lower() not in _OF_RECIPIENT):
            name = named[1].lower()
            if name not in _OF_RECIPIENT:
                last = ""
                continue
            if name in block:  # the next recipient begins
                yield block
                block = {}
            block[name] = named[2].strip()
            last = name
        elif last and line[:1] in " \t" and line.strip():
            block[last] += f" {line.strip()}"
        elif line.strip() == "":
            last = ""
            if "action" in block and ("final-recipient" in block or "original-recipient" in block):
                yield block
                block = {}
        else:
            last = ""
    if block:
        yield block


def _told(block: Mapping[str, str]) -> Told | None:
    status = block.get("status", "")
    diagnostic = _value(block.get("diagnostic-code", ""))
    action = re.sub(r"[^a-z].*", "", block.get("action", "").strip().lower())
    if action in _DONE:
        action = "done"
    elif action not in ("failed", "delayed"):
        number = _STATUS.search(status) or _STATUS.search(diagnostic)
        # No action, or one that no standard knows: the number says it.
        if number is None or "status" not in block:
            return None
        action = "done" if number[0].startswith("2") else "failed"
    return Told(
        recipient=_recipient(block), action=action, status=_comment_free(status), diagnostic=diagnostic
    )


def _recipient(block: Mapping[str, str]) -> str | None:
    for name in ("original-recipient", "final-recipient", "x-actual-recipient"):
        found = first_address(_value(block.get(name, "")))
        if found:
            return found
    return None


def _value(text: str) -> str:
    typed = _TYPED.fullmatch(text.strip())
    return (typed[1] if typed else text).strip()


def _comment_free(status: str) -> str:
    found = _STATUS.search(status)
    return found[0] if found else ""


def _text(part: Message) -> str:
    """The text of a part, whatever the library made of it."""
    payload = part.get_payload()
    if isinstance(payload, list):
        text = "\n\n".join(_of_block(block) for block in payload if isinstance(block, Message))
    else:
        text = str(payload)
    return _decoded(text, str(part.get("Content-Transfer-Encoding", "")).strip().lower())


def _of_block(block: Message) -> str:
    # A header with raw 8-bit octets comes as a Header object, not as text.
    lines = [f"{name}: {value}" for name, value in block.raw_items()]
    # Undecoded, the library would replace raw 8-bit octets, which addresses may have (RFC 6533 §3).
    body = block.get_payload(decode=True)
    octets = body if isinstance(body, bytes) else b""
    return "\n".join(lines) + ("\n" + octets.decode("utf-8", "surrogateescape") if octets.strip() else "")


def _decoded(text: str, encoding: str) -> str:
    """RFC 3464 §2.1 wants 7bit here; some systems encode all the same, and the library leaves that be."""
    octets = text.encode("utf-8", "surrogateescape")
    if encoding == "base64":
        try:
            octets = base64.b64decode(re.sub(rb"[^A-Za-z0-9+/=]", b"", octets))
        except binascii.Error:
            return text
    elif encoding == "quoted-printable":
        octets = quopri.decodestring(octets)
    return octets.decode("utf-8", "replace")
