"""A small app of slack-bolt in a thread of its own, so that a test can stay plain and synchronous."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import aiohttp
from aiohttp import web
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.slack_standin.driver import Workspace

T = TypeVar("T")
Register = Callable[[AsyncApp], None]


class Loop:
    """An event loop in a thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T], *, timeout: float = 30.0) -> T:
        """Run it there, and return what it returns."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout)

    def close(self) -> None:
        """Cancel what is left, and end the thread."""
        self.run(_cancel_rest())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _cancel_rest() -> None:
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


@contextmanager
def over_sockets(
    workspace: Workspace, register: Register, *, sockets: int = 1, retry_handlers: Any = ()
) -> Iterator[Loop]:
    """Run an app over Socket Mode, with so many connections."""
    loop = Loop()

    async def start() -> tuple[aiohttp.ClientSession, list[Any]]:
        session = aiohttp.ClientSession()
        app = _app(workspace, register, session, retry_handlers)
        # Soon enough to see a cut connection within a test.
        handlers: list[Any] = [
            AsyncSocketModeHandler(app, workspace.app_token, ping_interval=0.3) for _ in range(sockets)
        ]
        for handler in handlers:
            await handler.connect_async()
        return session, handlers

    async def stop(session: aiohttp.ClientSession, handlers: list[Any]) -> None:
        for handler in handlers:
            await handler.close_async()
        await session.close()

    session, handlers = loop.run(start())
    try:
        workspace.wait_for_sockets(sockets)
        yield loop
    finally:
        loop.run(stop(session, handlers))
        loop.close()


@contextmanager
def over_http(workspace: Workspace, register: Register) -> Iterator[str]:
    """Run an app behind a URL of its own; the workspace sends there."""
    loop = Loop()

    async def start() -> tuple[aiohttp.ClientSession, web.AppRunner, str]:
        session = aiohttp.ClientSession()
        app = _app(workspace, register, session, ())
        runner = web.AppRunner(app.web_app("/slack/events"), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        return session, runner, f"http://{host}:{port}/slack/events"

    async def stop(session: aiohttp.ClientSession, runner: web.AppRunner) -> None:
        await runner.cleanup()
        await session.close()

    session, runner, url = loop.run(start())
    try:
        workspace.use_http(url)
        yield url
    finally:
        loop.run(stop(session, runner))
        loop.close()


def _app(
    workspace: Workspace, register: Register, session: aiohttp.ClientSession, retry_handlers: Any
) -> AsyncApp:
    client = AsyncWebClient(
        workspace.bot_token,
        base_url=workspace.api_url,
        session=session,
        retry_handlers=list(retry_handlers),
    )
    app = AsyncApp(client=client, signing_secret=workspace.signing_secret)
    register(app)
    return app
