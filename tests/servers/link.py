"""A TCP link to a server that can fall silent, as a mobile network or a firewall makes it."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

#: What the link does to octets on their way.
Touch = Callable[[bytes], bytes]


def untouched(octets: bytes) -> bytes:
    """Pass them on as they are."""
    return octets


class Link:
    """Listens on a port and passes octets on, both ways, until it is told to keep silent.

    A silent connection stays open: the kernel still acknowledges, and nobody hears anything.
    """

    def __init__(self, port: int, *, to_server: Touch = untouched, to_client: Touch = untouched) -> None:
        """`to_server` and `to_client` see all octets before they are passed on."""
        self._server = port
        self._touches = (to_server, to_client)
        self._listening = socket.create_server(("127.0.0.1", 0))
        #: Where clients connect.
        self.port: int = self._listening.getsockname()[1]
        self._sockets: list[socket.socket] = []
        self._silent: set[socket.socket] = set()
        #: How many connections were made.
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def fall_silent(self) -> None:
        """Pass nothing on any more over the connections that there are; new ones work."""
        self._silent = set(self._sockets)

    def close(self) -> None:
        """End it, with all connections."""
        for end in (self._listening, *self._sockets):
            with suppress(OSError):  # closed by its peer before
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self._server))
            except OSError:
                return
            self._sockets += [client, server]
            self.connections += 1
            to_server, to_client = self._touches
            for ends in ((client, server, to_server), (server, client, to_client)):
                threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, touch: Touch) -> None:
        try:
            while octets := source.recv(65536):
                if source not in self._silent:
                    target.sendall(touch(octets))
            if source not in self._silent:
                target.shutdown(socket.SHUT_WR)
        except OSError:
            return
