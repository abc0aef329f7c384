"""The header of a mail: who wrote to whom, when, in which thread; each field decoded when it is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Any

from bot.inbox import header, words

MAX_DATE_CHARS = 200


class Fields(Mapping[str, tuple[str, ...]]):
    """Header fields by lower-case name: all their values in order, decoded at the first look.

    Most of what a mail carries (trace fields, signatures) nobody ever asks for.
    """

    __slots__ = ("_decoded", "_raw")

    def __init__(self, message: Message[str, str]) -> None:
        """Take the fields of a message as they stand, surrogate escapes and all."""
        gathered: dict[str, list[str]] = {}
        # raw_items: the library's own reading of values may fail or guess.
        for name, value in message.raw_items():
            gathered.setdefault(name.lower(), []).append(str(value))
        self._raw = gathered
        self._decoded: dict[str, tuple[str, ...]] = {}

    def raw(self, name: str) -> tuple[str, ...]:
        """The values of a field as they came."""
        return tuple(self._raw.get(name, ()))

    def __getitem__(self, name: str) -> tuple[str, ...]:
        decoded = self._decoded.get(name)
        if decoded is None:
            decoded = self._decoded[name] = tuple(words.decode(value) for value in self._raw[name])
        return decoded

    def get(self, name: str, default: Any = None) -> Any:
        """The values of a field, or ``default``; most fields that rules ask for are not there."""
        return self[name] if name in self._raw else default

    def __contains__(self, name: object) -> bool:
        return name in self._raw

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)


def sender(values: tuple[str, ...], defects: list[str]) -> tuple[str | None, str | None]:
    """The one mailbox of the one From field (RFC 5322 §3.6.2 allows more; we answer one person).

    Returns address and name; what is wrong is added to ``defects``.
    """
    if not values:
        defects.append("from_missing")
        return None, None
    mailboxes = header.mailboxes(values[0])
    if len(values) > 1 or len(mailboxes) > 1:
        defects.append("from_many")
        return None, None
    if not mailboxes or mailboxes[0].address is None:
        defects.append("from_malformed")
        return None, (mailboxes[0].name or None) if mailboxes else None
    return mailboxes[0].address, mailboxes[0].name or None


def addresses(values: tuple[str, ...]) -> tuple[str, ...]:
    """The sound addresses of To or Cc, each once."""
    found = (mailbox.address for value in values for mailbox in header.mailboxes(value))
    return tuple(dict.fromkeys(address for address in found if address is not None))


def message_id(values: tuple[str, ...]) -> str | None:
    """The mail's own id with its brackets."""
    if not values:
        return None
    found = header.message_ids(values[0])
    if found:
        return found[0]
    bare = words.decode(values[0])  # some programs leave the brackets out
    return f"<{bare}>" if re.fullmatch(r"[^<>\s]{1,900}", bare) else None


def date(values: tuple[str, ...]) -> datetime | None:
    """The instant that Date names; without a zone it is taken as UTC."""
    if not values or len(values[0]) > MAX_DATE_CHARS:
        return None
    try:
        found = parsedate_to_datetime(words.decode(values[0]))
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        return None
