"""The program.

    python -m tests.slack_standin [--port 0] [--demo] [--until-stdin-ends] [--around COMMAND …]

It prints one JSON line when it listens: `{"event": "ready", "url": …}`. With --around it starts a command
with the settings of the demo's workspace in its environment, ends when that ends, with its exit code.
"""

import argparse
import asyncio
import json
import os
import signal
import sys

from aiohttp import web

from tests.slack_standin import sample
from tests.slack_standin.server import Server

#: How long a child may take to close by itself.
SECONDS_TO_END = 15.0


async def serve(options: argparse.Namespace) -> int:
    """Listen on loopback until the command, standard input or a signal ends it; return the exit code."""
    server = Server(url="")
    runner = web.AppRunner(server.app(), access_log=None, handle_signals=False, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", options.port)
    await site.start()
    host, port = runner.addresses[0][:2]
    server.url = f"http://{host}:{port}"
    told = asyncio.Event()
    signals: list[signal.Signals] = []

    def hear(number: signal.Signals) -> None:
        signals.append(number)
        told.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, hear, number)
    try:
        settings = sample.make(server) if options.demo or options.around else {}
        if options.around:
            return await _around(options.around, settings, told, signals)
        print(json.dumps({"event": "ready", "url": server.url}), flush=True)  # noqa: T201 - a program's door
        if options.until_stdin_ends:
            await _stdin_ends(told)
        else:
            await told.wait()
        return 0
    finally:
        await runner.cleanup()


async def _around(
    command: list[str], settings: dict[str, str], told: asyncio.Event, signals: list[signal.Signals]
) -> int:
    """Run a command as our child; told to end, it is asked to, and waited for."""
    # Real tokens of this shell never reach the demo.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CONTESTDESK_SLACK_")}
    child = await asyncio.create_subprocess_exec(*command, env=kept | settings)
    ended = asyncio.create_task(child.wait())
    asked = asyncio.create_task(told.wait())
    await asyncio.wait([ended, asked], return_when=asyncio.FIRST_COMPLETED)
    if signal.SIGINT in signals:
        # Ctrl-C reaches the child as well; a second signal would disturb it while it closes.
        await asyncio.wait([ended], timeout=SECONDS_TO_END)
    if not ended.done():
        child.send_signal(signal.SIGTERM)
    asked.cancel()
    code = await ended
    return code if code >= 0 else 128 - code


async def _stdin_ends(told: asyncio.Event) -> None:
    """Return when standard input ends, as it does with whoever started us."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    ends = asyncio.create_task(reader.read())
    asked = asyncio.create_task(told.wait())
    await asyncio.wait([ends, asked], return_when=asyncio.FIRST_COMPLETED)
    ends.cancel()
    asked.cancel()


def main() -> int:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.slack_standin", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--demo", action="store_true", help="with the workspace of the demo")
    parser.add_argument("--until-stdin-ends", action="store_true")
    parser.add_argument("--around", nargs=argparse.REMAINDER, default=[], help="a command to run beside it")
    return asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
