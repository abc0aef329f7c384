"""Postfix before a desk that runs as its operator runs it, and a sink behind both."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.scenarios.conftest import (  # noqa: F401  the same fixtures, for these tests too
    migrated_sqlite,
    serve,
    sqlite_url,
    warm_cache,
)
from tests.servers import postfix as servers
from tests.servers.free_port import free_port
from tests.servers.postfix import Postfix
from tests.servers.sink import Sink


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """A Postfix, and the port of the desk behind it."""

    postfix: Postfix
    #: Where the desk is to listen for LMTP; free between two of its starts.
    lmtp_port: int

    @property
    def listen(self) -> str:
        """The desk's setting."""
        return f"127.0.0.1:{self.lmtp_port}"


StartFront = Callable[..., Front]


@pytest.fixture
def start_front(sink: Sink) -> Iterator[StartFront]:
    """start_front(**settings): Postfix with these lines in its main.cf."""
    missing = servers.why_not()
    if missing is not None:
        pytest.skip(missing)
    with ExitStack() as stack:

        def start(**settings: str) -> Front:
            lmtp_port = free_port()
            running = servers.running(lmtp_port=lmtp_port, relay_port=sink.port, settings=settings)
            return Front(postfix=stack.enter_context(running), lmtp_port=lmtp_port)

        yield start


@pytest.fixture
def front(start_front: StartFront) -> Front:
    """Postfix as its package sets it up, but for the times of its queue."""
    return start_front()
