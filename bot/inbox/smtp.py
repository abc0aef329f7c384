"""The SMTP door: listens in a thread of its own, and closes without losing what is in hand."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import structlog

from bot.inbox.commit import Committer
from bot.inbox.conversation import Conversation, DoorState, Handler, TooMany

log = structlog.get_logger(__name__)

MAX_CONNECTIONS = 200


class DoorError(Exception):
    """The door cannot open; the message names address and setting."""


class Listener:
    """An SMTP server in a thread of its own, which hands each mail to the committer.

    ``accepts`` says whether a recipient is ours; any other is refused, so that
    nobody relays through us. ``port`` 0 takes a free one. ``clock`` gives the
    instant that is stored as ``received_at``.
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
        max_connections: int = MAX_CONNECTIONS,
    ) -> None:
        self.host = host
        self.port = port
        self.max_connections = max_connections
        self._state = DoorState(hostname=hostname, size_limit_bytes=size_limit_bytes)
        self._handler = Handler(commit, accepts, clock)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> int:
        """Open the door and return the bound port; raises ``DoorError`` when it cannot be opened."""
        # aiosmtpd logs addresses and commands of applicants there; our own events say what staff need.
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)
        self._state.closing = False
        loop = asyncio.new_event_loop()
        loop.set_exception_handler(_log_loop_fault)
        try:
            server = loop.run_until_complete(loop.create_server(self._meet, self.host, self.port))
        except (OSError, OverflowError) as error:
            loop.close()
            raise DoorError(
                f"cannot listen on {self.host}:{self.port} ({_cause(error)}); "
                "free the port or set CONTESTDESK_SMTP_LISTEN to another host:port (0 = any free one)"
            ) from error
        bound: int = server.sockets[0].getsockname()[1]
        self._loop = loop
        self._server = server
        self._thread = threading.Thread(target=self._run, args=(loop,), name="smtp-door", daemon=True)
        self._thread.start()
        log.info("smtp.open", port=bound)
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
        log.info("smtp.closed")

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
        if self._state.closing or len(self._state.connections) >= self.max_connections:
            return TooMany(self._state.hostname)
        return Conversation(self._handler, self._state)

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
            log.warning("smtp.cut_at_deadline")
            conversation.abort()
        await asyncio.sleep(0)


def _cause(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


def _log_loop_fault(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A peer that vanishes while we answer is everyday; its traceback would name addresses."""
    error = context.get("exception")
    log.debug("smtp.loop", error=type(error).__name__ if error else context.get("message"))
