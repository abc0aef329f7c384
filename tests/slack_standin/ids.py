"""Ids and time stamps as Slack writes them."""

import itertools
import re


class Ids:
    """Ids that nobody else in this process has."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def new(self, prefix: str, name: str = "") -> str:
        """Make an id such as U0KIM0007: capital letters and digits, as Slack's are."""
        word = re.sub(r"[^A-Z0-9]", "", name.upper())[:12]
        return f"{prefix}0{word}{next(self._numbers):04d}"


class Stamps:
    """Time stamps of messages: seconds and a six-digit count, never twice the same, always rising."""

    def __init__(self) -> None:
        self._last = 0

    def at(self, seconds: float) -> str:
        """Stamp something that happens now; ``seconds`` since 1970."""
        self._last = max(int(seconds * 1_000_000), self._last + 1)
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"
