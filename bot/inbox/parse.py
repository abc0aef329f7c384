"""Raw octets become an ``Inbound``: what the mail says, decoded, with nothing trusted."""

from __future__ import annotations

from bot.inbox import child, limits, reader, wire
from bot.inbox.inbound import Attachment, Inbound
from bot.inbox.limits import Unreadable

__all__ = ["Attachment", "Inbound", "Unreadable", "parse"]


def parse(raw: bytes) -> Inbound:
    """Parse a mail; whatever the octets are, the outcome is an ``Inbound`` or ``Unreadable``, within 10 s.

    A mail that is plainly light is read here, any other in a child process whose CPU and memory are capped.
    """
    if limits.check(raw).is_light:
        return reader.read(raw)
    return wire.loads(child.READERS.read(raw))
