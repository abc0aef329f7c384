"""A port that nobody listens on."""

import socket


def free_port() -> int:
    """Find a free TCP port on loopback.

    Another process may take it first: a server that can bind port 0 itself should do that.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
