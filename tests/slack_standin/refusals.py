"""How Slack says no."""

from typing import Any


class SlackRefusal(Exception):
    """`ok: false`: the code that Slack gives, and what it says beside it."""

    def __init__(self, code: str, *messages: str, **more: Any) -> None:
        super().__init__(code)
        self.code = code
        self.more = more
        if messages:
            self.more["response_metadata"] = {"messages": list(messages)}
