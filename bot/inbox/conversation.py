"""One SMTP connection: reads a mail whole, has it committed, and answers; our faults are 4yz."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import AnyStr

import structlog
from aiosmtpd import smtp

from bot.inbox.commit import Committer, Envelope, StoreError

log = structlog.get_logger(__name__)

#: Per mail; RFC 5321 §4.5.3.1.8 asks for at least 100.
MAX_RECIPIENTS = 100
#: RFC 5321 §4.5.3.2.7 asks for at least five minutes between commands.
IDLE_S = 300.0
#: How much is read at once; within DATA each such piece renews the idle timer.
CHUNK_BYTES = 64 * 1024
#: Longest command line; RFC 5321 §4.5.3.1.4 says 512 and lets extensions add.
MAX_COMMAND_BYTES = 2048
MAX_ADDRESS_CHARS = 320
#: Per connection; a peer that needs more gets 421 and comes again.
COMMAND_LIMITS = {"RCPT": 20_000, "MAIL": 5_000, "DATA": 5_000, "RSET": 5_000, "*": 100}

END_OF_DATA = b"\r\n.\r\n"
# A path in angle brackets (a quoted local part may hold brackets), then the parameters.
_PATH = re.compile(r'\s*<((?:"(?:[^"\\]|\\.)*"|[^<>"])*)>(?:\s+(.*))?\s*$', re.S)
_SOURCE_ROUTE = re.compile(r"^@[^:]*:")

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


@dataclass(slots=True, kw_only=True)
class DoorState:
    """What all connections of one door share; touched in its loop only."""

    hostname: str
    size_limit_bytes: int
    closing: bool = False
    connections: set[Conversation] = field(default_factory=set)


class Conversation(smtp.SMTP):
    """One connection: aiosmtpd's commands, with our way to read DATA and to own up to faults."""

    line_length_limit = CHUNK_BYTES
    command_size_limit = MAX_COMMAND_BYTES

    def __init__(self, handler: Handler, state: DoorState) -> None:
        # The library keeps these in one dictionary of the class, which every connection clears.
        self.command_size_limits = {}
        super().__init__(
            handler,
            data_size_limit=state.size_limit_bytes,
            enable_SMTPUTF8=True,
            hostname=state.hostname,
            ident="ESMTP",
            timeout=IDLE_S,
            command_call_limit=COMMAND_LIMITS,
            loop=asyncio.get_running_loop(),
        )
        self.command_size_limits = _EqualLimits()
        self.state = state
        self.in_data = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection, so that the cap and the end of the door see it."""
        self.state.connections.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the connection."""
        self.state.connections.discard(self)
        super().connection_lost(error)

    def dismiss(self) -> None:
        """Say 421 and hang up, unless a mail is in hand (RFC 5321 §3.8)."""
        if self.in_data or not isinstance(self.transport, asyncio.WriteTransport):
            return
        self.transport.write(_closing(self.state.hostname))
        self.transport.close()

    def abort(self) -> None:
        """Cut the connection; the peer was promised nothing and keeps its mail."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()

    async def push(self, status: AnyStr) -> None:
        """Answer, with the enhanced code (RFC 3463) where the library leaves it out."""
        if isinstance(status, str) and status.startswith("552 Error"):
            await super().push(_too_big(self.state.size_limit_bytes))
            return
        await super().push(status)

    async def handle_exception(self, error: Exception) -> str:
        """Ask the peer to try again: a 500 would lose the mail, and our faults are not its business."""
        log.error("smtp.fault", error=type(error).__name__)
        return "451 4.3.0 Something failed here, please try again later"

    async def smtp_DATA(self, arg: str) -> None:
        """Take lines of any length, refuse for size only, and answer after the commit."""
        if await self.check_helo_needed():
            return
        envelope = self.envelope
        assert envelope is not None  # set by the library for each connection
        if not envelope.rcpt_tos:
            await self.push("503 5.5.1 Error: need RCPT command")
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        if self.state.closing:
            self.dismiss()
            return
        self.in_data = True
        try:
            await self.push("354 End data with <CR><LF>.<CR><LF>")
            content = await self._read_data()
            if content is None:
                status = _too_big(self.state.size_limit_bytes)
            else:
                envelope.content = envelope.original_content = content
                status = await self._call_handler_hook("DATA")
            self.envelope = self._create_envelope()
            await self.push(status)
        finally:
            self.in_data = False
        if self.state.closing:
            self.dismiss()

    async def _read_data(self) -> bytes | None:
        """Read up to the final dot and undo dot-stuffing (RFC 5321 §4.5.2); None when it was too big.

        Only CRLF . CRLF ends a mail; a bare CR or LF around the dot does not, so
        that no second mail can be smuggled in (CVE-2024-27305).
        """
        reader = self._reader
        pieces: list[bytes] = []
        state = "start"
        while state != "mid":
            octet = await reader.readexactly(1)
            pieces.append(octet)
            state = _DOT_STATES.get((state, octet), "mid")
            if state == "end":
                return _unstuffed(b"".join(pieces)[: -len(b".\r\n")])
        size_bytes = len(pieces)
        while True:
            try:
                piece = await reader.readuntil(END_OF_DATA)
                ended = True
            except asyncio.LimitOverrunError as overrun:
                piece = await reader.readexactly(overrun.consumed)
                ended = False
            size_bytes += len(piece)
            if size_bytes <= self.state.size_limit_bytes + len(b".\r\n"):
                pieces.append(piece)
            else:
                pieces.clear()  # and read on to the dot: only then may we answer
            if ended:
                break
            self._reset_timeout()
        if not pieces:
            return None
        return _unstuffed(b"".join(pieces)[: -len(b".\r\n")])

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """Read a path and its parameters; the library's own reading can raise on hostile ones.

        The null path comes back as ``<>``, because the library takes '' for a fault.
        """
        bracketed = _PATH.match(arg)
        if bracketed is None:
            address, _, rest = arg.strip().partition(" ")
        else:
            address, rest = bracketed[1].strip(), bracketed[2] or ""
        address = _SOURCE_ROUTE.sub("", address)
        if bracketed is not None and not address:
            return "<>", rest
        sane = address.isprintable() and " " not in address.partition('"')[0]
        if not sane or not 0 < len(address) <= MAX_ADDRESS_CHARS or address[0] == "<":
            return None, None
        return address, rest


class Handler:
    """What aiosmtpd asks: may this recipient be written to, and where does the mail go?"""

    def __init__(
        self, commit: Committer, accepts: Callable[[str], bool], clock: Callable[[], datetime]
    ) -> None:
        self.commit = commit
        self.accepts = accepts
        self.clock = clock

    async def handle_RCPT(
        self,
        server: Conversation,
        session: smtp.Session,
        envelope: smtp.Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Take recipients of ours only, at most ``MAX_RECIPIENTS`` a mail."""
        if address == "<>" or not self.accepts(address):
            return "550 5.7.1 We do not take mail for this address"
        if len(envelope.rcpt_tos) >= MAX_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Conversation, session: smtp.Session, envelope: smtp.Envelope) -> str:
        """Store, then promise: exactly one reply for the message (RFC 5321 §4.2)."""
        assert isinstance(envelope.content, bytes)
        mail = Envelope(
            received_at=self.clock(),
            door="smtp",
            sender="" if envelope.mail_from in (None, "<>") else str(envelope.mail_from),
            recipients=tuple(dict.fromkeys(envelope.rcpt_tos)),
            peer=_peer(session.peer),
            raw=envelope.content,
        )
        try:
            # Shielded: a peer that hangs up now must not undo a mail that is being stored.
            row_id = await asyncio.shield(asyncio.wrap_future(self.commit.put(mail)))
        except StoreError as failure:
            if failure.full:
                return "452 4.3.1 No room to store the mail, please try again later"
            return "451 4.3.0 The mail could not be stored, please try again later"
        return f"250 2.0.0 stored as {row_id}"


class TooMany(asyncio.Protocol):
    """Says 421 and hangs up (RFC 5321 §3.1)."""

    def __init__(self, hostname: str) -> None:
        self.hostname = hostname

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Refuse at once, in place of the greeting."""
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(_closing(self.hostname))
        transport.close()


class _EqualLimits(dict[str, int]):
    """The same length for every command, however often EHLO adds to it."""

    def __getitem__(self, command: str) -> int:
        return MAX_COMMAND_BYTES


def _unstuffed(data: bytes) -> bytes:
    return (b"\r\n" + data).replace(b"\r\n.", b"\r\n")[2:]


def _closing(hostname: str) -> bytes:
    return f"421 4.3.2 {hostname} cannot talk now, please try again later\r\n".encode()


def _too_big(limit_bytes: int) -> str:
    return f"552 5.3.4 The mail is larger than {limit_bytes} octets"


def _peer(peer: object) -> str:
    return f"{peer[0]}:{peer[1]}" if isinstance(peer, tuple) and len(peer) >= 2 else str(peer)
