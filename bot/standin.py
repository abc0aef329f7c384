"""The stand-in for Slack on this machine, as bench and demo give it orders.

It is a program of the tests (``python -m tests.slack_standin``); nothing of the desk itself needs it.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

PATIENCE_SECONDS = 180.0
#: The workspace that the program makes for the demo.
DEMO = "demo"

#: Never through a proxy: everything is on this machine.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class StandinError(Exception):
    """The stand-in refused an order, or is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standin:
    """One workspace of the program."""

    #: Where its page is, without a slash at the end.
    url: str
    #: The workspace's id or name.
    team: str

    def order(self, name: str, /, **args: Any) -> Any:
        """Give one order and return what it comes to; raises StandinError."""
        return ask(f"{self.url}/_control/{self.team}/{name}", args)["done"]


def find(api_url: str) -> Standin | None:
    """The demo's workspace behind a Web API address; None unless it is a stand-in on this machine."""
    parts = urlsplit(api_url)
    if parts.scheme != "http" or parts.hostname != "127.0.0.1":
        return None
    found = Standin(url=f"http://{parts.netloc}", team=DEMO)
    try:
        found.order("look/people")
    except StandinError:
        return None
    return found


def ask(url: str, body: Any) -> Any:
    """Ask one of its doors by JSON; raises StandinError."""
    request = urllib.request.Request(
        url, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    try:
        with _OPENER.open(request, timeout=PATIENCE_SECONDS) as reply:
            return json.load(reply)
    except urllib.error.HTTPError as error:
        with error:
            raise StandinError(
                f"the Slack stand-in refused: {error.read().decode(errors='replace')}"
            ) from error
    except (OSError, ValueError) as error:
        raise StandinError(f"no Slack stand-in at {url}: {error}") from error
