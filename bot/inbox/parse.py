"""Raw octets become an ``Inbound``: what the mail says, decoded, with nothing trusted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import TypeAlias

from bot.inbox import charset, header, limits, markup
from bot.inbox.limits import Unreadable

__all__ = ["Attachment", "Inbound", "Unreadable", "parse"]

#: The decoded text is cut here; the raw octets are kept whole.
MAX_TEXT_CHARS = 1_000_000
MAX_NAME_CHARS = 255

_Part: TypeAlias = "Message[str, str]"
_TRANSFER_ENCODINGS = frozenset({"base64", "quoted-printable", "7bit", "8bit", "binary"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A part that is not the text; never unpacked, never executed, never sent on."""

    name: str
    #: Of the decoded content.
    size_bytes: int
    #: Media type as declared, such as ``application/pdf``.
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """A mail that was parsed: every text decoded, NFC, without controls."""

    #: With its angle brackets, as ``in_reply_to`` and ``references`` (RFC 5322 §3.6.4).
    message_id: str | None
    in_reply_to: tuple[str, ...]
    #: Oldest first.
    references: tuple[str, ...]
    #: The one address of the one From field; None when there is no such one (see ``defects``).
    from_address: str | None
    from_name: str | None
    to: tuple[str, ...]
    cc: tuple[str, ...]
    subject: str | None
    #: Aware; None when it cannot be read.
    date: datetime | None
    #: The whole text: text/plain where there is one, else the HTML as text.
    text: str
    #: Of the text part; None when there is no text.
    charset: str | None
    is_html: bool
    attachments: tuple[Attachment, ...]
    #: Lower-case name to decoded values, in order.
    headers: Mapping[str, tuple[str, ...]]
    #: What was odd: from_missing, from_many, from_malformed, charset_guessed, text_cut, and the parser's own.
    defects: tuple[str, ...]
    #: The parsed structure, for those who read reports (RFC 3464).
    report: _Part = field(repr=False, compare=False)

    def header(self, name: str) -> str:
        """The first value of a header (lower-case name), '' when there is none."""
        return self.headers.get(name, ("",))[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    text: str
    charset: str
    certain: bool
    is_html: bool


def parse(raw: bytes) -> Inbound:
    """Parse a mail; whatever the octets are, the outcome is an ``Inbound`` or ``Unreadable``."""
    limits.check(raw)
    try:
        return _parse(raw)
    except Unreadable:
        raise
    # RecursionError and every fault of the library's parser: octets from outside must not stop the
    # worker, and staff see the mail as unreadable.
    except Exception as error:
        raise Unreadable(f"the parser failed: {type(error).__name__}") from error


def _parse(raw: bytes) -> Inbound:
    message: _Part = message_from_bytes(raw)
    for part in message.walk():
        _mend_transfer_encoding(part)
    raws = _raw_headers(message)
    if not raws:
        raise Unreadable("not one header line: this is no mail")
    defects = [type(defect).__name__ for defect in message.defects]
    sender, name = _sender(raws.get("from", ()), defects)
    found = _readable(message)
    plain = [piece for piece in found if not piece.is_html]
    chosen = plain if any(piece.text.strip() for piece in plain) else found
    text = "\n".join(piece.text for piece in chosen)
    if not all(piece.certain for piece in chosen):
        defects.append("charset_guessed")
    if len(text) > MAX_TEXT_CHARS:
        defects.append("text_cut")
    return Inbound(
        message_id=_message_id(raws.get("message-id", ())),
        in_reply_to=header.message_ids(" ".join(raws.get("in-reply-to", ()))),
        references=header.message_ids(" ".join(raws.get("references", ()))),
        from_address=sender,
        from_name=name,
        to=_addresses(raws.get("to", ())),
        cc=_addresses(raws.get("cc", ())),
        subject=header.decode(raws["subject"][0]) if "subject" in raws else None,
        date=_date(raws.get("date", ())),
        text=charset.tidy(text[:MAX_TEXT_CHARS]),
        charset=chosen[0].charset if chosen else None,
        is_html=bool(chosen) and all(piece.is_html for piece in chosen),
        attachments=tuple(_attachments(message)),
        headers=MappingProxyType({key: tuple(header.decode(value) for value in raws[key]) for key in raws}),
        defects=tuple(dict.fromkeys(defects)),
        report=message,
    )


def _raw_headers(message: _Part) -> dict[str, tuple[str, ...]]:
    """Values as they stand, surrogate escapes and all: the library's own reading may fail or guess."""
    gathered: dict[str, list[str]] = {}
    for name, value in message.raw_items():
        gathered.setdefault(name.lower(), []).append(str(value))
    return {name: tuple(values) for name, values in gathered.items()}


def _sender(values: tuple[str, ...], defects: list[str]) -> tuple[str | None, str | None]:
    """The one mailbox of the one From field (RFC 5322 §3.6.2 allows more; we answer one person)."""
    if not values:
        defects.append("from_missing")
        return None, None
    mailboxes = header.mailboxes(values[0])
    if len(values) > 1 or len(mailboxes) > 1:
        defects.append("from_many")
        return None, None
    if not mailboxes or mailboxes[0].address is None:
        defects.append("from_malformed")
        return None, (mailboxes[0].name or None) if mailboxes else None
    return mailboxes[0].address, mailboxes[0].name or None


def _addresses(values: tuple[str, ...]) -> tuple[str, ...]:
    found = (mailbox.address for value in values for mailbox in header.mailboxes(value))
    return tuple(dict.fromkeys(address for address in found if address is not None))


def _message_id(values: tuple[str, ...]) -> str | None:
    if not values:
        return None
    found = header.message_ids(values[0])
    if found:
        return found[0]
    bare = header.decode(values[0])  # some programs leave the brackets out
    return f"<{bare}>" if re.fullmatch(r"[^<>\s]{1,900}", bare) else None


def _date(values: tuple[str, ...]) -> datetime | None:
    if not values or len(values[0]) > 200:
        return None
    try:
        date = parsedate_to_datetime(header.decode(values[0]))
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        return None


def _mend_transfer_encoding(part: _Part) -> None:
    """Let the library decode where the field has a comment or white space too much."""
    raw = next((str(value) for name, value in part.raw_items() if name.lower() == _CTE), None)
    if raw is None:
        return
    named = re.match(r"[a-z0-9-]*", raw.strip().strip("\"'").lower())
    if named is not None and named[0] in _TRANSFER_ENCODINGS and named[0] != raw.lower():
        part.replace_header(_CTE, named[0])


_CTE = "content-transfer-encoding"


def _content(part: _Part) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _field(part: _Part, name: str) -> str:
    return next((str(value) for key, value in part.raw_items() if key.lower() == name), "")


def _children(part: _Part) -> list[_Part]:
    payload = part.get_payload() if part.is_multipart() else []
    return [child for child in payload if isinstance(child, Message)] if isinstance(payload, list) else []


def _is_attached(part: _Part) -> bool:
    return _field(part, "content-disposition").strip().lower().startswith("attachment")


def _is_text(part: _Part) -> bool:
    """True for what a reader sees: text that is not attached, or a multipart that never began."""
    if part.is_multipart() or _is_attached(part):
        return False
    kind = part.get_content_type()
    return kind in ("text/plain", "text/html") or part.get_content_maintype() == "multipart"


def _readable(part: _Part) -> list[_Text]:
    """The texts a reader sees, in order (RFC 2046 §5.1); of alternatives, the plain one."""
    children = _children(part)
    kind = part.get_content_type()
    if not children:
        return [_decoded(part)] if _is_text(part) else []
    if part.get_content_maintype() == "message" or _is_attached(part):
        return []
    if kind in ("multipart/related", "multipart/signed", "multipart/report"):
        return next((texts for child in children if (texts := _readable(child))), [])
    found = [_readable(child) for child in children]
    if kind == "multipart/alternative":
        with_words = [texts for texts in found if any(text.text.strip() for text in texts)]
        plain = [texts for texts in with_words if not all(text.is_html for text in texts)]
        return (plain or with_words or [[]])[0]
    return [text for texts in found for text in texts]


def _decoded(part: _Part) -> _Text:
    parameters = header.parameters(_field(part, "content-type"))
    is_html = part.get_content_type() == "text/html"
    content = _content(part)
    label = parameters.get("charset")
    if is_html and not label:
        label = markup.declared_charset(content)
    decoded = charset.decode(content, label)
    text = decoded.text[: MAX_TEXT_CHARS + 1]
    if is_html:
        text = markup.to_text(text)
    elif parameters.get("format", "").lower() == "flowed":
        text = _unflowed(text, delete_space=parameters.get("delsp", "").lower() == "yes")
    return _Text(text=text, charset=decoded.charset, certain=decoded.certain, is_html=is_html)


def _unflowed(text: str, *, delete_space: bool) -> str:
    """Join the soft-broken lines of format=flowed (RFC 3676 §4), within one depth of quoting."""
    paragraphs: list[list[str]] = []
    open_depth: int | None = None  # of a line that flows on
    for line in text.replace("\r\n", "\n").split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        content = line[depth:].removeprefix(" ")
        flows = content.endswith(" ") and content != "-- "
        kept = content[:-1] if flows and delete_space else content
        if open_depth == depth and content != "-- ":
            paragraphs[-1].append(kept)
        else:
            paragraphs.append([">" * depth + (" " if depth else ""), kept])
        open_depth = depth if flows else None
    return "\n".join("".join(paragraph) for paragraph in paragraphs)


def _attachments(part: _Part) -> Iterator[Attachment]:
    children = _children(part)
    if children and part.get_content_maintype() == "multipart" and not _is_attached(part):
        for child in children:
            yield from _attachments(child)
        return
    if not children and _is_text(part):
        return
    disposition = header.parameters(_field(part, "content-disposition"))
    name = disposition.get("filename") or header.parameters(_field(part, "content-type")).get("name", "")
    size = sum(len(_content(leaf)) for leaf in part.walk() if not leaf.is_multipart())
    yield Attachment(name=name[:MAX_NAME_CHARS], size_bytes=size, type=part.get_content_type())
