"""What all connections of one door share: its limits, who is connected, who makes room for whom."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import time
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

import structlog

from bot.inbox.tls import Certificate

if TYPE_CHECKING:
    from bot.inbox.conversation import Conversation

log = structlog.get_logger(__name__)

#: A full door is told to the operator at most this often.
TELL_EVERY_S = 60.0


class Protocol(StrEnum):
    """What is spoken at a door."""

    SMTP = "smtp"
    LMTP = "lmtp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """The one user who may bring mail where a log-in is asked for."""

    user: str
    password: str = field(repr=False)

    def is_given_by(self, user: bytes, password: bytes) -> bool:
        """True for the right words; takes as long for wrong ones."""
        right_user = hmac.compare_digest(user, self.user.encode())
        return hmac.compare_digest(password, self.password.encode()) and right_user


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorLimits:
    """What a peer may ask of the door; the defaults are the product's, tests take smaller ones."""

    #: At the same time; each is a descriptor, and services start with 1,024 of those.
    connections: int = 200
    #: From one address, or one IPv6 /64; a mail server on this machine may take all.
    connections_per_peer: int = 50
    #: Per mail; RFC 5321 §4.5.3.1.8 asks for at least 100.
    recipients: int = 100
    #: Without bringing a mail; enough to tell 1,000 recipients one by one that they are too many.
    commands_per_mail: int = 2_000
    #: RFC 5321 §4.5.3.2.7 asks for at least five minutes between commands.
    idle_s: float = 300.0
    #: Within DATA a peer may fall behind ``data_bytes_per_s`` by this long in all, and catch up again.
    #: So a mail of any size passes over the slowest link in use (GPRS, 1 to 2 kB/s), while who sends an
    #: octet now and then to keep the connection is gone after ten minutes, whatever he sent before.
    data_grace_s: float = 600.0
    data_bytes_per_s: int = 1_000
    #: Octets of mails that are not yet stored, over all connections.
    in_hand_bytes: int = 256 * 1024 * 1024
    #: A mail of this size is taken even so: large ones must not keep questions out.
    small_mail_bytes: int = 256 * 1024
    #: When all connections are taken: who is silent for this long makes room ...
    idle_when_full_s: float = 2.0
    #: ... and who has fallen behind within DATA by this long.
    data_grace_when_full_s: float = 30.0


@dataclass(slots=True, kw_only=True)
class DoorState:
    """What all connections of one door share; touched in its loop only."""

    protocol: Protocol
    hostname: str
    size_limit_bytes: int
    limits: DoorLimits
    certificate: Certificate | None = None
    login: Login | None = None
    closing: bool = False
    connections: set[Conversation] = field(default_factory=set)
    in_hand_bytes: int = 0
    _by_peer: Counter[str | None] = field(default_factory=Counter)
    _told_at: float = float("-inf")

    def has_room_for(self, peer: str) -> bool:
        """True when a connection from this address may stay; somebody idle may have to go for it.

        Refusing the newcomer would be simpler, but then whoever opens connections and
        says nothing keeps everybody else out for five minutes at a time.
        """
        if self.closing:
            return False
        if self._by_peer[_owner(peer)] >= self.limits.connections_per_peer:
            self._tell("inbox.peer_full")
            return False
        if len(self.connections) < self.limits.connections:
            return True
        self._tell("inbox.door_full")
        victim = self._who_goes(asyncio.get_running_loop().time())
        if victim is None:
            return False
        victim.dismiss(even_in_data=True)
        self.forget(victim)
        return True

    def remember(self, connection: Conversation) -> None:
        """Count a connection; again after STARTTLS changes nothing."""
        if connection not in self.connections:
            self.connections.add(connection)
            owner = _owner(connection.address)
            if owner is not None:
                self._by_peer[owner] += 1

    def forget(self, connection: Conversation) -> None:
        """Count a connection no more; it may be said more than once."""
        if connection not in self.connections:
            return
        self.connections.discard(connection)
        owner = _owner(connection.address)
        if self._by_peer[owner] > 1:
            self._by_peer[owner] -= 1
        else:
            del self._by_peer[owner]

    def _who_goes(self, now: float) -> Conversation | None:
        limits = self.limits
        waiting = [one for one in self.connections if not one.in_data]
        silent = max(waiting, key=lambda one: one.idle_s(now), default=None)
        if silent is not None and silent.idle_s(now) >= limits.idle_when_full_s:
            return silent
        receiving = [one for one in self.connections if one.is_receiving]
        slow = max(receiving, key=lambda one: one.behind_s(now), default=None)
        return slow if slow is not None and slow.behind_s(now) >= limits.data_grace_when_full_s else None

    def _tell(self, what: str) -> None:
        now = time.monotonic()
        if now - self._told_at >= TELL_EVERY_S:
            self._told_at = now
            log.warning(what, door=self.protocol, connections=len(self.connections))


@lru_cache(maxsize=1024)
def _owner(address: str) -> str | None:
    """Who is counted: an IPv4 address, an IPv6 /64; None for this machine, which is not."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if found.is_loopback:
        return None
    if found.version == 6:
        return str(ipaddress.IPv6Network((int(found), 64), strict=False))
    return str(found)
