"""Socket Mode: tickets, hello, disconnect."""

import asyncio
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from tests.slack_standin.state import Payload, Workspace

#: An app may hold this many (slack.md §1).
MOST_SOCKETS = 10
SECONDS_TO_LEAVE = 10.0


@dataclass(eq=False, slots=True, kw_only=True)
class Socket:
    """One open connection of the app."""

    id: int
    ws: web.WebSocketResponse
    request: web.Request
    #: True once it was told to leave: nothing new goes over it.
    leaving: bool = False
    _outgoing: asyncio.Queue[str | None] = field(default_factory=asyncio.Queue)

    def send(self, message: Payload) -> None:
        """Send one message after those before it."""
        self._outgoing.put_nowait(json.dumps(message))

    async def write(self) -> None:
        """Write what is sent until the connection ends."""
        while (text := await self._outgoing.get()) is not None:
            if self.ws.closed:
                return
            try:
                await self.ws.send_str(text)
            except ConnectionError:
                return

    async def close(self) -> None:
        """Say goodbye."""
        await self.ws.close()

    def abort(self) -> None:
        """Cut without a word, as a lost network does."""
        if self.request.transport:
            self.request.transport.abort()


class Sockets:
    """The connections of one workspace's app, used in turn."""

    def __init__(
        self,
        workspace: Workspace,
        *,
        on_ack: Callable[[str, Payload | None], None],
        on_closed: Callable[[Socket], None],
    ) -> None:
        self._workspace = workspace
        self._on_ack = on_ack
        self._on_closed = on_closed
        self._ids = itertools.count(1)
        self._turn = 0
        self._tickets: set[str] = set()
        self.open: list[Socket] = []

    def new_ticket(self) -> str:
        """A right to connect, once."""
        ticket = self._workspace.ids.new("TK")
        self._tickets.add(ticket)
        return ticket

    def next(self) -> Socket | None:
        """The connection whose turn it is; None when nobody listens."""
        able = [one for one in self.open if not one.leaving]
        if not able:
            return None
        self._turn += 1
        return able[self._turn % len(able)]

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Hold one connection until either side ends it."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets or not self._workspace.network:
            raise web.HTTPForbidden(text="this ticket was used or never given")
        self._tickets.discard(ticket)
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        socket = Socket(id=next(self._ids), ws=ws, request=request)
        if len(self.open) >= MOST_SOCKETS:
            await ws.send_str(json.dumps({"type": "disconnect", "reason": "too_many_websockets"}))
            await ws.close()
            return ws
        self.open.append(socket)
        socket.send(self._hello())
        writer = asyncio.create_task(socket.write())
        self._workspace.changes.touch()
        try:
            async for message in ws:
                if message.type is WSMsgType.TEXT:
                    self._read(message.data)
        finally:
            writer.cancel()
            self.open.remove(socket)
            self._on_closed(socket)
            self._workspace.changes.touch()
        return ws

    async def disconnect(self, reason: str, socket_id: int | None) -> int:
        """Tell connections to leave; return how many.

        A warning asks for nothing yet; after a refresh the app has a little time; the rest is closed at once.
        """
        chosen = [one for one in self.open if socket_id in {None, one.id}]
        for socket in chosen:
            debug = {"host": "applink-standin", "num_connections": len(self.open)}
            await socket.ws.send_str(
                json.dumps({"type": "disconnect", "reason": reason, "debug_info": debug})
            )
            if reason == "warning":
                continue
            socket.leaving = True
            if reason == "refresh_requested":
                leave_by = self._workspace.clock.now() + SECONDS_TO_LEAVE
                self._workspace.clock.call_at(leave_by, socket.abort)
            else:
                await socket.close()
        return len(chosen)

    async def close(self, socket_id: int | None = None) -> int:
        """Close connections with a goodbye; return how many."""
        chosen = [one for one in self.open if socket_id in {None, one.id}]
        for socket in chosen:
            await socket.close()
        return len(chosen)

    def abort(self, socket_id: int | None = None) -> int:
        """Cut connections without a word; return how many."""
        chosen = [one for one in self.open if socket_id in {None, one.id}]
        for socket in chosen:
            socket.leaving = True
            socket.abort()
        return len(chosen)

    async def stop(self) -> None:
        """Leave no connection open."""
        await self.close()

    def _hello(self) -> Payload:
        return {
            "type": "hello",
            "num_connections": len(self.open),
            "debug_info": {
                "host": "applink-standin",
                "build_number": 1,
                "approximate_connection_time": 18_060,
            },
            "connection_info": {"app_id": self._workspace.app_id},
        }

    def _read(self, text: str) -> None:
        try:
            message = json.loads(text)
        except ValueError:
            return
        if isinstance(message, dict) and "envelope_id" in message:
            self._on_ack(str(message["envelope_id"]), message.get("payload"))
