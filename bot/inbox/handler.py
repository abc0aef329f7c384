"""What aiosmtpd asks of us: who may bring mail, for whom, and where it goes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from aiosmtpd import smtp

from bot.inbox import path
from bot.inbox.commit import Committer, Envelope, StoreError

if TYPE_CHECKING:
    from bot.inbox.conversation import Conversation


class Handler:
    """The answers to RCPT and the final dot; one for all connections of a door."""

    def __init__(
        self, commit: Committer, accepts: Callable[[str], bool], clock: Callable[[], datetime]
    ) -> None:
        self.commit = commit
        self.accepts = accepts
        self.clock = clock

    async def handle_RCPT(
        self,
        server: Conversation,
        session: smtp.Session,
        envelope: smtp.Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Take recipients of ours only, and so many a mail (RFC 5321 §4.5.3.1.10)."""
        if address == path.NULL or not self.accepts(address):
            return "550 5.7.1 We do not take mail for this address"
        if len(envelope.rcpt_tos) >= server.state.limits.recipients:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Conversation, session: smtp.Session, envelope: smtp.Envelope) -> str:
        """Store, then promise."""
        assert isinstance(envelope.content, bytes)
        mail = Envelope(
            received_at=self.clock(),
            door=server.state.protocol,
            sender="" if envelope.mail_from in (None, path.NULL) else str(envelope.mail_from),
            recipients=tuple(dict.fromkeys(envelope.rcpt_tos)),
            peer=_peer(session.peer),
            raw=envelope.content,
        )
        try:
            # Shielded: a peer that hangs up now must not undo a mail that is being stored.
            row_id = await asyncio.shield(asyncio.wrap_future(self.commit.put(mail)))
        except StoreError as failure:
            if failure.full:
                return "452 4.3.1 No room to store the mail, please try again later"
            return "451 4.3.0 The mail could not be stored, please try again later"
        return f"250 2.0.0 stored as {row_id}"


def _peer(peer: object) -> str:
    return f"{peer[0]}:{peer[1]}" if isinstance(peer, tuple) and len(peer) >= 2 else str(peer)
