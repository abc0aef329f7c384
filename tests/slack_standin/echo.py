"""The bench's peer: slack-bolt with one listener that answers at once and keeps nothing.

    python -m tests.slack_standin.echo API_URL BOT_TOKEN APP_TOKEN SOCKETS

It prints one JSON line when it is connected, and ends with its standard input.
"""

import asyncio
import json
import sys
from typing import Any

import aiohttp
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient


async def serve(api_url: str, bot_token: str, app_token: str, sockets: int) -> None:
    """Answer every message in its thread with its own words, until standard input ends."""
    async with aiohttp.ClientSession() as session:
        app = AsyncApp(client=AsyncWebClient(bot_token, base_url=api_url, session=session))

        @app.event("message")
        async def on_message(event: dict[str, Any], client: AsyncWebClient) -> None:
            if "subtype" not in event:
                await client.chat_postMessage(
                    channel=event["channel"], thread_ts=event["ts"], text=event["text"]
                )

        # Bolt gives its handlers no types.
        handlers: list[Any] = [AsyncSocketModeHandler(app, app_token) for _ in range(sockets)]
        for handler in handlers:
            await handler.connect_async()
        sys.stdout.write(json.dumps({"event": "ready"}) + "\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)
        for handler in handlers:
            await handler.close_async()


if __name__ == "__main__":
    api, bot, app_level, count = sys.argv[1:]
    asyncio.run(serve(api, bot, app_level, int(count)))
