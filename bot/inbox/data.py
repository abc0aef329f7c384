"""The octets between DATA and the final dot: read whole, dot-stuffing undone, within what we can hold."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import StrEnum

#: How much is read at once; also the longest line that aiosmtpd's reader holds.
CHUNK_BYTES = 64 * 1024

END_OF_DATA = b"\r\n.\r\n"
FINAL_DOT = b".\r\n"

# Where DATA stands while it is read octet by octet; most mails leave after the first.
_DOT_STATES: dict[tuple[str, bytes], str] = {
    ("start", b"."): "dot",
    ("start", b"\r"): "cr",
    ("dot", b"\r"): "dot-cr",
    ("dot-cr", b"\n"): "end",
    ("dot-cr", b"\r"): "cr",
    ("cr", b"\n"): "start",
    ("cr", b"\r"): "cr",
}


class Dropped(StrEnum):
    """Why a mail was read to its end and not kept."""

    TOO_BIG = "too big"
    NO_ROOM = "no room"


async def read(
    reader: asyncio.StreamReader, *, limit_bytes: int, hold: Callable[[int], bool]
) -> bytes | Dropped:
    """Read up to the final dot and undo dot-stuffing (RFC 5321 §4.5.2).

    Only CRLF . CRLF ends a mail; a bare CR or LF around the dot does not, so that
    no second mail can be smuggled in (CVE-2024-27305). ``hold`` is asked for each
    piece whether there is memory for so many octets. What is dropped is read on
    to its dot all the same: only then may we answer.
    """
    first, ended = await _beginning(reader)
    if ended:
        return unstuffed(first[: -len(FINAL_DOT)])
    pieces: list[bytes] = [first]
    dropped: Dropped | None = None
    size_bytes = len(first)
    while not ended:
        piece, ended = await _piece(reader)
        size_bytes += len(piece)
        if size_bytes > limit_bytes + len(FINAL_DOT):
            dropped = Dropped.TOO_BIG
        elif dropped is None and not hold(len(piece)):
            dropped = Dropped.NO_ROOM
        if dropped is None:
            pieces.append(piece)
        else:
            pieces.clear()
    return dropped or unstuffed(b"".join(pieces)[: -len(FINAL_DOT)])


async def _beginning(reader: asyncio.StreamReader) -> tuple[bytes, bool]:
    """Read until no dot can follow the 354 directly; True when the mail has ended there."""
    pieces: list[bytes] = []
    state = "start"
    while state not in ("mid", "end"):
        octet = await reader.readexactly(1)
        pieces.append(octet)
        state = _DOT_STATES.get((state, octet), "mid")
    return b"".join(pieces), state == "end"


async def _piece(reader: asyncio.StreamReader) -> tuple[bytes, bool]:
    try:
        return await reader.readuntil(END_OF_DATA), True
    except asyncio.LimitOverrunError as overrun:
        return await reader.readexactly(overrun.consumed), False


def unstuffed(data: bytes) -> bytes:
    """Take the first dot from each line that begins with one."""
    return (b"\r\n" + data).replace(b"\r\n.", b"\r\n")[2:]
