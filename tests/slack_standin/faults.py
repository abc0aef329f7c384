"""What goes wrong on demand, call by call."""

import asyncio
import itertools
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What happens to a call."""

    RATE = "429"
    BROKEN = "500"
    AWAY = "503"
    SLOW = "slow"
    #: Cut, and nothing was done.
    DROP = "drop"
    #: Done, and then cut.
    LOST_REPLY = "lost_reply"
    HTML = "html"
    ERROR = "error"
    #: The call waits until it is released, before or after it is done.
    HOLD_BEFORE = "hold_before"
    HOLD_AFTER = "hold_after"


#: Strikes after the call was carried out.
AFTERWARDS = {Kind.LOST_REPLY, Kind.HOLD_AFTER}


@dataclass(slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong."""

    id: int
    kind: Kind
    #: "*": any method.
    method: str = "*"
    #: Strikes calls that name this channel only.
    channel: str | None = None
    #: How often it strikes; None: always.
    times: int | None = 1
    #: error, retry_after, seconds: what the kind needs.
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Held:
    """A call that waits to be released."""

    method: str
    args: dict[str, Any]
    kind: Kind
    free: asyncio.Event


class Faults:
    """The faults of one workspace, first match first."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._waiting: list[Fault] = []
        self.held: list[Held] = []

    def add(self, kind: Kind, *, method: str, channel: str | None, times: int | None, **details: Any) -> int:
        """Let something go wrong from now on."""
        fault = Fault(
            id=next(self._ids), kind=kind, method=method, channel=channel, times=times, details=details
        )
        self._waiting.append(fault)
        return fault.id

    def clear(self) -> None:
        """Let everything go well, and what is held go on."""
        self._waiting.clear()
        self.release()

    def release(self) -> int:
        """Let the held calls go on; return how many."""
        held, self.held = self.held, []
        for one in held:
            one.free.set()
        return len(held)

    def take(self, method: str, channel: str | None) -> Fault | None:
        """The fault that strikes this call, if one does; it is used up by that."""
        for fault in self._waiting:
            if fault.method not in {"*", method} or fault.channel not in {None, channel}:
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._waiting.remove(fault)
            return fault
        return None
