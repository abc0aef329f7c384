"""One connection: aiosmtpd's commands, with our way to read DATA, our limits, and our faults as 4yz."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, AnyStr

import structlog
from aiosmtpd import smtp

from bot.inbox import data, path
from bot.inbox.door import DoorState
from bot.inbox.handler import Handler

log = structlog.get_logger(__name__)

#: Longest command line; RFC 5321 §4.5.3.1.4 says 512 and lets extensions add.
MAX_COMMAND_BYTES = 2048
#: How long a peer has to read our last words before the connection is cut.
LINGER_S = 5.0


class Conversation(smtp.SMTP):
    """One SMTP connection."""

    line_length_limit = data.CHUNK_BYTES
    command_size_limit = MAX_COMMAND_BYTES
    #: What the greeting names, and the command that has to come first.
    greeting = "ESMTP"
    hello = "EHLO"

    def __init__(self, handler: Handler, state: DoorState, address: str) -> None:
        self.state = state
        #: The peer's IP address.
        self.address = address
        #: From 354 until the answer to the final dot.
        self.in_data = False
        #: From 354 until the final dot.
        self.is_receiving = False
        self._active_at = self._data_ends_at = 0.0
        self._held_bytes = self._commands = 0
        # The library keeps these in one dictionary of the class, which every connection clears.
        self.command_size_limits = {}
        super().__init__(
            handler,
            data_size_limit=state.size_limit_bytes,
            enable_SMTPUTF8=True,
            hostname=state.hostname,
            ident=self.greeting,
            tls_context=state.certificate.context() if state.certificate else None,
            timeout=state.limits.idle_s,
            auth_required=state.login is not None,
            authenticator=self._check_login,
            loop=asyncio.get_running_loop(),
        )
        self.command_size_limits = _EqualLimits()
        self._smtp_methods = {
            name: partial(self._obey, method) for name, method in self._smtp_methods.items()
        }

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection, so that the cap and the end of the door see it."""
        self.state.remember(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the connection."""
        self.state.forget(self)
        super().connection_lost(error)

    def data_received(self, octets: bytes) -> None:
        """Within DATA any octet shows that the peer lives, however long the line is."""
        if self.is_receiving:
            limits = self.state.limits
            self._active_at = self.loop.time()
            earned = self._data_ends_at + len(octets) / limits.data_bytes_per_s
            self._data_ends_at = min(earned, self._active_at + limits.data_grace_s)
        super().data_received(octets)

    def idle_s(self, now: float) -> float:
        """Seconds since the last command, or since the last octet within DATA."""
        return now - self._active_at

    def behind_s(self, now: float) -> float:
        """Seconds of our patience within DATA that the peer has used up by slowness."""
        return self.state.limits.data_grace_s - (self._data_ends_at - now)

    def dismiss(self, *, even_in_data: bool = False) -> None:
        """Say 421 and hang up, unless a mail is in hand (RFC 5321 §3.8)."""
        if even_in_data or not self.in_data:
            self._hang_up(f"421 4.3.2 {self.state.hostname} cannot talk now, please try again later")

    def abort(self) -> None:
        """Cut the connection; the peer was promised nothing and keeps its mail."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()

    async def push(self, status: AnyStr) -> None:
        """Answer, with the enhanced code (RFC 3463) where the library leaves it out."""
        if isinstance(status, str):
            if status.startswith("552 Error"):
                status = self._too_big()
            # An echo of what no charset can write must not become a fault of ours.
            await super().push(status.encode("utf-8", "backslashreplace"))
            return
        await super().push(status)

    async def handle_exception(self, error: Exception) -> str:
        """Ask the peer to try again: a 500 would lose the mail, and our faults are not its business."""
        if isinstance(error, smtp.TLSSetupException):
            log.info("inbox.tls_failed", error=type(error.__cause__).__name__)
        elif not isinstance(error, asyncio.IncompleteReadError | ConnectionError):
            log.error("inbox.fault", error=type(error).__name__)
        return "451 4.3.0 Something failed here, please try again later"

    async def check_helo_needed(self, helo: str = "") -> bool:
        """Ask for the command that has to come first."""
        return await super().check_helo_needed(helo or self.hello)

    async def smtp_EHLO(self, hostname: str) -> None:
        """Greet, and say what we can in one piece; the library's own has no PIPELINING (RFC 2920)."""
        if not hostname:
            await self.push(f"501 5.5.4 Syntax: {self.hello} hostname")
            return
        session = self.session
        assert session is not None  # set by the library for each connection
        self.envelope = self._create_envelope()
        session.extended_smtp = True
        session.host_name = hostname
        within_tls = session.ssl is not None
        offered = [self.hostname, f"SIZE {self.state.size_limit_bytes}", "8BITMIME", "SMTPUTF8", "PIPELINING"]
        if self.tls_context and not within_tls:
            offered.append("STARTTLS")
        if self.state.login and within_tls:
            offered.append("AUTH LOGIN PLAIN")
        *more, last = offered
        await self.push("".join(f"250-{line}\r\n" for line in more) + f"250 {last}")

    async def smtp_STARTTLS(self, arg: str) -> None:
        """Begin TLS; what was sent in the clear behind the command is never obeyed (CVE-2024-34083)."""
        if self.session is not None and self.session.ssl is not None:
            await self.push("503 5.5.1 TLS is active")
            return
        # The library throws such text away once TLS stands; nobody honest sends it (RFC 3207 §4.2).
        # Nothing public says whether octets wait; the library looks at the same buffer.
        waiting = self._reader._buffer  # type: ignore[attr-defined]
        if self.tls_context and not arg and waiting:
            log.warning("inbox.starttls_injection")
            self._hang_up("421 4.7.0 Nothing may follow STARTTLS")
            return
        await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg: str) -> None:
        """Log in, where a log-in is set."""
        if self.state.login is None:
            await self.push("502 5.5.1 Nobody needs to log in here")
            return
        await super().smtp_AUTH(arg)

    async def smtp_HELP(self, arg: str) -> None:
        """Point to the standard."""
        await self.push("214 2.0.0 See RFC 5321")

    async def smtp_DATA(self, arg: str) -> None:
        """Take lines of any length, refuse for size only, and answer after the commit."""
        if await self.check_helo_needed() or await self.check_auth_needed("DATA"):
            return
        envelope = self.envelope
        assert envelope is not None  # set by the library for each connection
        if not envelope.rcpt_tos:
            await self.push("503 5.5.1 Error: need RCPT command")
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        self._begin_data()
        try:
            await self.push("354 End data with <CR><LF>.<CR><LF>")
            status = await self._take(envelope)
            self.envelope = self._create_envelope()
            await self.push(self.after_data(status, envelope.rcpt_tos))
        finally:
            self._end_data()
        if self.state.closing:
            self.dismiss()

    def after_data(self, status: str, recipients: list[str]) -> str:
        """Answer the final dot: with exactly one reply (RFC 5321 §4.2)."""
        return status

    async def _take(self, envelope: smtp.Envelope) -> str:
        try:
            content = await data.read(self._reader, limit_bytes=self.state.size_limit_bytes, hold=self._hold)
            self.is_receiving = False
            match content:
                case data.Dropped.TOO_BIG:
                    return self._too_big()
                case data.Dropped.NO_ROOM:
                    log.warning("inbox.too_much_in_hand", octets=self.state.in_hand_bytes)
                    return "452 4.3.1 Too much mail at once, please try again later"
                case bytes():
                    envelope.content = envelope.original_content = content
                    status = str(await self._call_handler_hook("DATA"))
                    if status.startswith("250"):
                        self._commands = 0
                    return status
        # Answered here and not by the library, which knows nothing of one reply for each recipient.
        except Exception as error:
            return await self.handle_exception(error)

    def _hold(self, size_bytes: int) -> bool:
        limits = self.state.limits
        is_small = self._held_bytes + size_bytes <= limits.small_mail_bytes
        if not is_small and self.state.in_hand_bytes + size_bytes > limits.in_hand_bytes:
            return False
        self._held_bytes += size_bytes
        self.state.in_hand_bytes += size_bytes
        return True

    def _begin_data(self) -> None:
        limits = self.state.limits
        self.in_data = self.is_receiving = True
        self._data_ends_at = self.loop.time() + limits.data_grace_s
        self._active_at = self.loop.time()
        ringing = self._timeout_handle
        if ringing is not None and ringing.when() > self._data_ends_at:
            ringing.cancel()
            self._timeout_handle = self.loop.call_at(self._data_ends_at, self._timeout_cb)

    def _end_data(self) -> None:
        self.in_data = self.is_receiving = False
        self.state.in_hand_bytes -= self._held_bytes
        self._held_bytes = 0
        self._active_at = self.loop.time()

    async def _obey(self, method: Any, arg: str) -> None:
        """Run one command; a peer that gives very many and brings no mail hears 421."""
        self._commands += 1
        if self.transport is None or self.transport.is_closing():
            return  # what was sent behind the command that made us hang up is not obeyed
        if self.state.closing:
            self.dismiss()
        elif self._commands > self.state.limits.commands_per_mail:
            self._hang_up("421 4.7.0 Too many commands without a mail")
        else:
            await method(arg)

    def _check_login(
        self, server: object, session: object, envelope: object, mechanism: str, given: Any
    ) -> smtp.AuthResult:
        """Compare with the log-in that the operator has set (RFC 4954 §4)."""
        login = self.state.login
        right = login is not None and login.is_given_by(given.login, given.password)
        if not right:
            log.warning("inbox.login_refused", door=self.state.protocol)
        return smtp.AuthResult(success=right, handled=False)

    def _reset_timeout(self, duration: float | None = None) -> None:
        """Note that the peer lives; one timer a connection looks at the note when it rings."""
        self._active_at = self.loop.time()
        if self._timeout_handle is None:
            self._timeout_handle = self.loop.call_later(self.state.limits.idle_s, self._timeout_cb)

    def _timeout_cb(self) -> None:
        """Hang up on who was silent for too long, or was too slow within DATA."""
        now, ends = self.loop.time(), self._active_at + self.state.limits.idle_s
        if self.is_receiving:
            ends = min(ends, self._data_ends_at)
        elif self.in_data:  # the mail is here and being stored: the delay is ours
            ends = now + self.state.limits.idle_s
        if ends > now:
            self._timeout_handle = self.loop.call_at(ends, self._timeout_cb)
            return
        self._hang_up(f"421 4.4.2 {self.state.hostname} has waited long enough")

    def _hang_up(self, line: str) -> None:
        transport = self.transport
        if isinstance(transport, asyncio.WriteTransport) and not transport.is_closing():
            transport.write(line.encode() + b"\r\n")
            transport.close()
            self.loop.call_later(LINGER_S, transport.abort)  # who does not read would stay for ever

    def _too_big(self) -> str:
        return f"552 5.3.4 The mail is larger than {self.state.size_limit_bytes} octets"

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        return path.read(arg)


class _EqualLimits(dict[str, int]):
    """The same length for every command, however often EHLO adds to it."""

    def __getitem__(self, command: str) -> int:
        return MAX_COMMAND_BYTES
