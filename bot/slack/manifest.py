"""The app's manifest as it is shipped: what is asked of Slack, in one place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

PATH = Path(__file__).parent / "manifest.yaml"


def read() -> dict[str, Any]:
    """The manifest as Slack takes it (sockets; HTTP adds request URLs)."""
    loaded: dict[str, Any] = yaml.safe_load(PATH.read_text("utf-8"))
    return loaded


def scopes() -> frozenset[str]:
    """What the bot token must be allowed."""
    return frozenset(read()["oauth_config"]["scopes"]["bot"])
