"""The body of a mail: the text that a reader sees, and the list of what came with it."""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
from collections.abc import Iterator
from email.message import Message
from typing import TypeAlias
from urllib.parse import unquote_to_bytes

from bot.inbox import charset, header, markup, words
from bot.inbox.inbound import Attachment

#: The decoded text is cut here; the raw octets are kept whole.
MAX_TEXT_CHARS = 1_000_000
MAX_NAME_CHARS = 255

_Part: TypeAlias = "Message[str, str]"

#: What some programs still write where others write text/plain.
_PLAIN = frozenset({"text/plain", "text/enriched", "text/richtext", "text/markdown"})
# What a base64 body begins with when a list server has put its footer below it.
_BASE64_LINES = re.compile(rb"(?:[A-Za-z0-9+/]+={0,2}[ \t]*(?:\r?\n|\Z)|[ \t]*\r?\n)+")
_NO_BLANKS = b" \t\r\n"
_TRANSFER_ENCODING = re.compile(r"[a-z0-9-]*")
_PERCENT = re.compile(r"%[89A-Fa-f][0-9A-Fa-f]")


class Text:
    """One text part; decoded when somebody looks, because of alternatives only one is wanted."""

    __slots__ = ("_decoded", "_part", "is_html")

    def __init__(self, part: _Part, *, kind: str) -> None:
        self.is_html = kind == "text/html"
        self._part = part
        self._decoded: charset.Decoded | None = None

    @property
    def decoded(self) -> charset.Decoded:
        """The text, and the charset that held."""
        if self._decoded is None:
            self._decoded = _decoded(self._part, is_html=self.is_html)
        return self._decoded

    @property
    def has_words(self) -> bool:
        """True when there is anything to read."""
        return bool(self.decoded.text.strip())


def texts(message: _Part) -> list[Text]:
    """What is read as the text of a mail: the plain parts if they have words, else what HTML there is."""
    found = _readable(message)
    plain = [text for text in found if not text.is_html]
    return plain if any(text.has_words for text in plain) else found


def attachments(part: _Part) -> Iterator[Attachment]:
    """Everything that is not the text, TNEF and calendar parts too: name, size and type, not a byte more."""
    children = _children(part)
    if children and part.get_content_maintype() == "multipart" and not _is_attached(part):
        for child in children:
            yield from attachments(child)
        return
    if not children and _is_text(part):
        return
    size = sum(len(content(leaf)) for leaf in part.walk() if not leaf.is_multipart())
    yield Attachment(name=_name(part), size_bytes=size, type=part.get_content_type())


def content(part: _Part) -> bytes:
    """The octets of a part without its transfer encoding, as much of them as can be made out."""
    encoding = _TRANSFER_ENCODING.match(_field(part, "content-transfer-encoding").strip(" \t\"'").lower())
    match encoding[0] if encoding else "":
        case "base64":
            return _base64(_octets(part))
        case "quoted-printable":
            return _quoted_printable(_octets(part))
        case "x-uuencode" | "uuencode" | "uue" | "x-uue":
            payload = part.get_payload(decode=True)
            return payload if isinstance(payload, bytes) else b""
        case _:
            return _octets(part)


def _octets(part: _Part) -> bytes:
    # get_payload would decode with a charset of its own choice.
    payload = part.__dict__.get("_payload")
    return words.octets(payload) if isinstance(payload, str) else b""


def _base64(encoded: bytes) -> bytes:
    try:
        return base64.b64decode(encoded.translate(None, _NO_BLANKS), validate=True)
    except (binascii.Error, ValueError):
        sound = _BASE64_LINES.match(encoded)
    if sound is None:
        # Not one line of base64: the field is wrong, the text stands there as it is.
        return encoded
    return words.base64_octets(sound[0].decode("ascii"))


def _quoted_printable(encoded: bytes) -> bytes:
    if b" \r\n" in encoded or b" \n" in encoded or b"\t\r\n" in encoded or b"\t\n" in encoded:
        # RFC 2045 §6.7 (3): white space at the end of a line was added on the way.
        encoded = b"\n".join(line.rstrip(b" \t\r") for line in encoded.split(b"\n"))
    return binascii.a2b_qp(encoded)


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
    return kind in _PLAIN or kind == "text/html" or part.get_content_maintype() == "multipart"


def _readable(part: _Part) -> list[Text]:
    """The texts a reader sees, in order (RFC 2046 §5.1); of alternatives, the plain one."""
    children = _children(part)
    kind = part.get_content_type()
    if not children:
        return [Text(part, kind=kind)] if _is_text(part) else []
    if part.get_content_maintype() == "message" or _is_attached(part):
        return []
    if kind in ("multipart/related", "multipart/signed", "multipart/report"):
        return next((found for child in children if (found := _readable(child))), [])
    read = [found for child in children if (found := _readable(child))]
    if kind == "multipart/alternative":
        # The plain ones first: the page is rendered only when they say nothing.
        read.sort(key=lambda found: all(text.is_html for text in found))
        return next((found for found in read if any(text.has_words for text in found)), [])
    return [text for found in read for text in found]


def _decoded(part: _Part, *, is_html: bool) -> charset.Decoded:
    parameters = header.parameters(_field(part, "content-type"))
    octets = content(part)
    label = parameters.get("charset")
    if is_html and not label:
        label = markup.declared_charset(octets)
    decoded = charset.decode(octets, label)
    text = decoded.text[: MAX_TEXT_CHARS + 1]
    if is_html:
        text = markup.to_text(text)
    elif parameters.get("format", "").lower() == "flowed":
        text = _unflowed(text, delete_space=parameters.get("delsp", "").lower() == "yes")
    return charset.Decoded(text=text, charset=decoded.charset, certain=decoded.certain)


def _unflowed(text: str, *, delete_space: bool) -> str:
    """Join the soft-broken lines of format=flowed (RFC 3676 §4), within one depth of quoting."""
    paragraphs: list[list[str]] = []
    open_depth: int | None = None  # of a line that flows on
    for line in text.replace("\r\n", "\n").split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        stuffed = line[depth:].removeprefix(" ")
        flows = stuffed.endswith(" ") and stuffed != "-- "
        kept = stuffed[:-1] if flows and delete_space else stuffed
        if open_depth == depth and stuffed != "-- ":
            paragraphs[-1].append(kept)
        else:
            paragraphs.append([">" * depth + (" " if depth else ""), kept])
        open_depth = depth if flows else None
    return "\n".join("".join(paragraph) for paragraph in paragraphs)


def _name(part: _Part) -> str:
    """The file's name as its sender meant it, without folders (RFC 2183 §2.3)."""
    disposition = header.parameters(_field(part, "content-disposition"))
    name = disposition.get("filename") or header.parameters(_field(part, "content-type")).get("name", "")
    if _PERCENT.search(name):
        # Some webmail writes the octets as in a link, and nothing that says so.
        with contextlib.suppress(UnicodeDecodeError):
            name = charset.tidy(unquote_to_bytes(name).decode("utf-8"))
    return name.replace("\\", "/").rstrip("/").rpartition("/")[2][:MAX_NAME_CHARS]
