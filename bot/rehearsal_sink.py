"""Where the mails of a rehearsal go: kept in memory, read by nobody but staff and the report."""

from __future__ import annotations

import threading
from email import message_from_bytes

from mailer.relay import Delivered, Outcome, Outgoing


class Sink:
    """Takes every mail of every sender and keeps it; Slack rows as well, which are not posted."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: list[Outgoing] = []

    def send(self, mail: Outgoing) -> Outcome:
        """Keep it."""
        with self._lock:
            self._taken.append(mail)
            return Delivered(reply=f"250 2.0.0 kept as R{len(self._taken)}")

    def doctor(self) -> str:
        """Nothing can be wrong with it."""
        return "a rehearsal's sink"

    def close(self) -> None:
        """Nothing is held open."""

    def taken(self) -> tuple[Outgoing, ...]:
        """All of them, in the order in which they came."""
        with self._lock:
            return tuple(self._taken)

    def newest(self, recipient: str) -> Outgoing | None:
        """The last mail to an address."""
        return next((mail for mail in reversed(self.taken()) if mail.recipient == recipient), None)


def plain(body: bytes) -> str:
    """The plain words of a message; a Slack row's own text."""
    for part in message_from_bytes(body).walk():
        if part.get_content_type() == "text/plain":
            payload = part.get_payload(decode=True)
            return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
    return ""
