"""Where in Slack something was said, and by whom, in the words of mail: Message-IDs and addresses.

Conversations, applicants and threads are the same for both doors because of these names. ``.invalid``
is a domain that nobody can own (RFC 2606 §2), so no mail can ever go there or truly come from there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DOMAIN = "slack.invalid"

_MESSAGE_ID = re.compile(
    r"<(?P<ts>\d{1,20}\.\d{1,10})\.(?P<channel>[A-Z0-9]{1,30})\.(?P<team>[A-Z0-9]{1,30})"
    r"(?:\.(?P<thread>\d{1,20}\.\d{1,10}))?@slack\.invalid>"
)
_ADDRESS = re.compile(r"(?P<user>[a-z0-9]{1,30})\.(?P<team>[a-z0-9]{1,30})@slack\.invalid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One message of a workspace."""

    team: str
    channel: str
    ts: str
    #: The message that began the thread, where that is another one.
    thread_ts: str | None = None

    @property
    def root(self) -> str:
        """The ts that answers hang on."""
        return self.thread_ts or self.ts

    @property
    def is_direct(self) -> bool:
        """True in a conversation of one person with the desk."""
        return self.channel.startswith("D")


def message_id(place: Place) -> str:
    """The Message-ID that stands for a Slack message, with its angle brackets."""
    thread = f".{place.thread_ts}" if place.thread_ts and place.thread_ts != place.ts else ""
    return f"<{place.ts}.{place.channel}.{place.team}{thread}@{DOMAIN}>"


def root_id(place: Place) -> str:
    """The Message-ID of the message that began the thread."""
    return message_id(Place(team=place.team, channel=place.channel, ts=place.root))


def read(message_id: str | None) -> Place | None:
    """The message that an id stands for; None for every id that is not of Slack."""
    found = _MESSAGE_ID.fullmatch(message_id) if message_id else None
    if found is None:
        return None
    return Place(team=found["team"], channel=found["channel"], ts=found["ts"], thread_ts=found["thread"])


def stand_in(user: str, team: str) -> str:
    """The address that stands for a Slack user until a mail address of his is proven."""
    return f"{user}.{team}@{DOMAIN}".lower()


def person(address: str) -> tuple[str, str] | None:
    """User id and team id behind a stand-in address; None for every other address."""
    found = _ADDRESS.fullmatch(address.lower())
    return (found["user"].upper(), found["team"].upper()) if found else None


def is_stand_in(address: str | None) -> bool:
    """True for an address that no mail can go to because it stands for a Slack user."""
    return address is not None and address.lower().rpartition("@")[2] == DOMAIN


def is_ours(message_id: str | None) -> bool:
    """True for every id in our stand-in domain, well-formed or not: no mail may claim one."""
    return message_id is not None and message_id.lower().rstrip(">").endswith(f"@{DOMAIN}")
