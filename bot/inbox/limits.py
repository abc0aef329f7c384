"""What a mail may weigh before anybody parses it; counted on the raw octets, in linear time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message

MAX_BYTES = 25 * 1024 * 1024
MAX_HEADER_BLOCK = 256 * 1024
MAX_HEADERS = 1_000
MAX_HEADER = 64 * 1024
#: A Content-* field is read for its parameters, which costs more than reading words.
MAX_CONTENT_HEADER = 8 * 1024
#: Of all parts together, as the next.
MAX_ALL_HEADERS = 20_000
MAX_ALL_HEADER_BLOCKS = 1024 * 1024
MAX_DEPTH = 30
MAX_PARTS = 500
#: The parser keeps each line; a mail that fills 25 MiB with lines of one octet needs a gigabyte.
MAX_LINES = 1_000_000

# A mail below all of these is read in well under half a second, whatever its octets are.
LIGHT_BYTES = 64 * 1024
LIGHT_LINES = 4_000
LIGHT_HEADERS = 300
LIGHT_DEPTH = 6
LIGHT_PARTS = 30

# What the standard library's parser takes for a line of the header block, so that we see its parts.
_BLOCK = re.compile(rb"(?:(?:From |[\x21-\x39\x3b-\x7e]*:|[\t ])[^\r\n]*(?:\r\n|\r|\n|\Z))*")
_FIELD = re.compile(rb"[^\r\n]*(?:(?:\r\n|\r|\n)[\t ][^\r\n]*)*")
_CONTAINER = re.compile(rb"multipart|message", re.I)
_CONTENT = re.compile(rb"content-", re.I)
#: Stands on the stack for a message/rfc822 part, which no line of its own ends.
_EMBEDDED = b""


class Unreadable(Exception):
    """The mail cannot be parsed; the message says why, for staff, who get the raw octets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """What there is to parse, counted on the raw octets."""

    size_bytes: int
    lines: int
    #: Of all parts together.
    headers: int
    depth: int
    parts: int

    @property
    def is_light(self) -> bool:
        """True when the mail can be read at once, in this process."""
        return (
            self.size_bytes <= LIGHT_BYTES
            and self.lines <= LIGHT_LINES
            and self.headers <= LIGHT_HEADERS
            and self.depth <= LIGHT_DEPTH
            and self.parts <= LIGHT_PARTS
        )


def check(raw: bytes) -> Weight:
    """Weigh a mail; raise ``Unreadable`` for one that would cost too much to parse.

    Walks the parts as the parser will: a header block, then the next boundary
    that an enclosing multipart has declared.
    """
    if len(raw) > MAX_BYTES:
        raise Unreadable(f"{len(raw)} octets, more than {MAX_BYTES}")
    if not raw.strip():
        raise Unreadable("an empty mail")
    # CRLF ends one line; where lone CR and lone LF are mixed, at most half of them are counted.
    lines = max(raw.count(b"\n"), raw.count(b"\r"))
    if lines > MAX_LINES:
        raise Unreadable(f"more than {MAX_LINES} lines")
    stack: list[bytes] = []
    position = parts = headers = header_octets = depth = 0
    while True:
        began = position
        position, kind, number = _enter(raw, position)
        headers += number
        header_octets += position - began
        if headers > MAX_ALL_HEADERS:
            raise Unreadable(f"more than {MAX_ALL_HEADERS} headers in all parts")
        if header_octets > MAX_ALL_HEADER_BLOCKS:
            raise Unreadable(f"header blocks of more than {MAX_ALL_HEADER_BLOCKS} octets in all parts")
        if kind is not None:
            stack.append(kind)
        depth = max(depth, len(stack))
        if depth > MAX_DEPTH:
            raise Unreadable(f"parts within parts, deeper than {MAX_DEPTH}")
        if kind == _EMBEDDED:
            parts += 1
            continue  # its own header block stands here
        found = _next_boundary(raw, position, stack)
        if found is None:
            return Weight(size_bytes=len(raw), lines=lines, headers=headers, depth=depth, parts=parts)
        parts += 1
        if parts > MAX_PARTS:
            raise Unreadable(f"more than {MAX_PARTS} parts")
        position, stack = found


def _enter(raw: bytes, position: int) -> tuple[int, bytes | None, int]:
    """Check the header block at ``position``: where its body starts, its boundary, its number of headers."""
    block = _BLOCK.match(raw, position)
    assert block is not None  # the pattern matches nothing as well
    header = block[0]
    if len(header) > MAX_HEADER_BLOCK:
        raise Unreadable(f"a header block of {len(header)} octets, more than {MAX_HEADER_BLOCK}")
    content: list[bytes] = []
    number = start = 0
    while start < len(header):
        field = _FIELD.match(header, start)
        assert field is not None  # the pattern matches nothing as well
        number += 1
        is_content = _CONTENT.match(field[0]) is not None
        limit = MAX_CONTENT_HEADER if is_content else MAX_HEADER
        if len(field[0]) > limit:
            raise Unreadable(f"a header of {len(field[0])} octets, more than {limit}")
        if number > MAX_HEADERS:
            raise Unreadable(f"more than {MAX_HEADERS} headers")
        if is_content:
            content.append(field[0])
        start = _after_newline(header, field.end())
    body = _after_newline(raw, block.end())
    return body, _boundary(content) if content else None, number


def _after_newline(raw: bytes, position: int) -> int:
    return position + (2 if raw[position : position + 2] == b"\r\n" else 1)


def _boundary(fields: list[bytes]) -> bytes | None:
    """The boundary of a multipart, ``_EMBEDDED`` for a mail within the mail, None for anything else."""
    if not _CONTAINER.search(b" ".join(fields)):
        return None
    part: Message[str, str] = message_from_bytes(b"\r\n".join(fields) + b"\r\n\r\n")
    kind = part.get_content_maintype()
    if kind == "message":
        return _EMBEDDED
    boundary = part.get_boundary() if kind == "multipart" else None
    return boundary.encode("utf-8", "surrogateescape") if boundary else None


def _next_boundary(raw: bytes, position: int, stack: list[bytes]) -> tuple[int, list[bytes]] | None:
    """The next line that is a boundary of the stack: where its part starts, and what encloses that part."""
    enclosing = [boundary for boundary in stack if boundary != _EMBEDDED]
    if not enclosing:
        return None
    names = b"|".join(re.escape(boundary) for boundary in sorted(enclosing, key=len, reverse=True))
    line = re.compile(rb"[\r\n]--(" + names + rb")(--)?[ \t]*(?:\r\n|\r|\n|\Z)")
    found = line.search(raw, max(position - 1, 0))
    if found is None:
        return None
    level = len(stack) - 1 - stack[::-1].index(found[1])
    if found[2]:  # the end of this multipart: what follows belongs to what encloses it
        return _next_boundary(raw, found.end(), stack[:level])
    return found.end(), stack[: level + 1]
