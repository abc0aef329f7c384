"""A mail door: listens in a thread of its own, and closes without losing what is in hand."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import structlog

from bot.inbox.commit import Committer
from bot.inbox.conversation import Conversation
from bot.inbox.door import DoorLimits, DoorState, Login, Protocol
from bot.inbox.handler import Handler
from bot.inbox.lmtp import LmtpConversation
from bot.inbox.tls import Certificate

log = structlog.get_logger(__name__)

#: Connections that may wait to be accepted: a burst of many senders is no reason to refuse any.
BACKLOG = 256
SPOKEN: dict[Protocol, type[Conversation]] = {
    Protocol.SMTP: Conversation,
    Protocol.LMTP: LmtpConversation,
}


class DoorError(Exception):
    """The door cannot open; the message names address and setting."""


class Listener:
    """An SMTP or LMTP server in a thread of its own, which hands each mail to the committer.

    ``accepts`` says whether a recipient is ours; any other is refused, so that
    nobody relays through us. ``port`` 0 takes a free one. ``clock`` gives the
    instant that is stored as ``received_at``. With a ``certificate`` STARTTLS is
    offered; with a ``login`` too, mail is taken from nobody else.
    """

    def __init__(
        self,
        host: str,
        port: int,
        commit: Committer,
        *,
        size_limit_bytes: int,
        hostname: str,
        accepts: Callable[[str], bool],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        protocol: Protocol = Protocol.SMTP,
        limits: DoorLimits | None = None,
        certificate: Certificate | None = None,
        login: Login | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self._state = DoorState(
            protocol=protocol,
            hostname=hostname,
            size_limit_bytes=size_limit_bytes,
            limits=limits or DoorLimits(),
            certificate=certificate,
            login=login,
        )
        self._handler = Handler(commit, accepts, clock)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> int:
        """Open the door and return the bound port; raises ``DoorError`` when it cannot be opened."""
        # aiosmtpd logs addresses and commands of applicants there; our own events say what staff need.
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)
        self._state.closing = False
        protocol = self._state.protocol
        loop = asyncio.new_event_loop()
        loop.set_exception_handler(_log_loop_fault)
        try:
            # asyncio makes the socket with IPPROTO_TCP. One made by hand without it would get no
            # TCP_NODELAY, and each EHLO reply would wait 40 ms for a delayed ACK.
            opening = loop.create_server(self._meet, self.host, self.port, backlog=BACKLOG)
            server = loop.run_until_complete(opening)
        except (OSError, OverflowError) as error:
            loop.close()
            raise DoorError(
                f"cannot listen on {self.host}:{self.port} ({_cause(error)}); free the port or set "
                f"CONTESTDESK_{protocol.upper()}_LISTEN to another host:port (0 = any free one)"
            ) from error
        bound: int = server.sockets[0].getsockname()[1]
        self._loop = loop
        self._server = server
        self._thread = threading.Thread(target=self._run, args=(loop,), name=f"{protocol}-door", daemon=True)
        self._thread.start()
        log.info("inbox.open", door=protocol, port=bound)
        return bound

    def stop(self, *, deadline_s: float = 10.0) -> None:
        """Answer 421 to all that is not within DATA, finish what is, close after ``deadline_s`` at most."""
        loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._drain(deadline_s), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        self._loop = self._thread = None
        log.info("inbox.closed", door=self._state.protocol)

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            loop.run_forever()
        finally:
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            if tasks:  # of nothing, gather would make a loop of its own
                loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            loop.close()

    def _meet(self) -> asyncio.BaseProtocol:
        return _Doorkeeper(self._handler, self._state)

    async def _drain(self, deadline_s: float) -> None:
        """The listening socket stays open meanwhile: a peer that comes now hears 421, not silence."""
        self._state.closing = True
        for conversation in tuple(self._state.connections):
            conversation.dismiss()
        ends = asyncio.get_running_loop().time() + deadline_s
        while self._state.connections and asyncio.get_running_loop().time() < ends:
            await asyncio.sleep(0.01)
        self._server.close()
        for conversation in tuple(self._state.connections):
            log.warning("inbox.cut_at_deadline", door=self._state.protocol)
            conversation.dismiss(even_in_data=True)
            conversation.abort()
        await asyncio.sleep(0)


class _Doorkeeper(asyncio.Protocol):
    """Meets each peer: lets it in, or says 421 and hangs up (RFC 5321 §3.1)."""

    def __init__(self, handler: Handler, state: DoorState) -> None:
        self._handler = handler
        self._state = state

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Decide by the peer's address; a refused connection costs hardly anything."""
        assert isinstance(transport, asyncio.Transport)
        peer = transport.get_extra_info("peername")
        # A peer that has gone again has no name.
        address = str(peer[0]) if peer else ""
        if not self._state.has_room_for(address):
            transport.write(f"421 4.3.2 {self._state.hostname} is busy, please try again later\r\n".encode())
            transport.close()
            return
        conversation = SPOKEN[self._state.protocol](self._handler, self._state, address)
        transport.set_protocol(conversation)
        conversation.connection_made(transport)


def _cause(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


def _log_loop_fault(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A peer that vanishes while we answer is everyday; its traceback would name addresses."""
    error = context.get("exception")
    log.debug("inbox.loop", error=type(error).__name__ if error else context.get("message"))
