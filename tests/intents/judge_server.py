"""A stand-in for an OpenAI-compatible endpoint, on a free port."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class StandIn:
    """Answers every request with what it was told to say, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        #: One word, or raw bytes in place of the JSON.
        self.says: str | bytes = "yes"
        self.status = 200
        #: Set to let a request that is to hang go on.
        self.hangs: threading.Event | None = None
        self.url = ""


@contextmanager
def running() -> Iterator[StandIn]:
    """Listen on loopback until the block is left."""
    stand_in = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            stand_in.asked.append(json.loads(body))
            stand_in.keys.append(self.headers["authorization"])
            if stand_in.hangs is not None:
                stand_in.hangs.wait(10)
                return
            says = stand_in.says
            if isinstance(says, str):
                says = json.dumps({"choices": [{"message": {"content": says}}]}).encode()
            self.send_response(stand_in.status)
            self.send_header("content-length", str(len(says)))
            self.end_headers()
            self.wfile.write(says)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    stand_in.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield stand_in
    finally:
        if stand_in.hangs is not None:
            stand_in.hangs.set()
        server.shutdown()
        thread.join()
        server.server_close()
