"""A watched mailbox in this process: the door, the committer, and what they did."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path
from ssl import SSLContext
from typing import Any

from sqlalchemy import select

from bot.clock import ContestClock
from bot.inbox import account
from bot.inbox.account import After, Start, Watched
from bot.inbox.commit import Committer
from bot.inbox.imap import ImapDoor
from bot.inbox.mailbox import Patience
from bot.inbox.watch import Pace
from bot.storage import Storage
from bot.tables import InboundMail, WatchedFolder
from mailer.tables import MailKind, OutboxMail
from tests.bot.office import DESK, OURS, eml, words
from tests.scenarios.serving import until
from tests.servers.dovecot import Dovecot

#: Quick, so that a test of a dead link does not take a minute.
QUICK = Pace(
    round=timedelta(seconds=1),
    first_pause=timedelta(milliseconds=200),
    patience=Patience(connect_s=5, reply_s=2, sign_of_life_s=2),
)

SEEN = After(seen=True)


def mails(count: int, *, first: int = 1) -> list[bytes]:
    """So many different questions."""
    return [
        eml(
            f"질문 {number}: 접수 마감이 언제예요?",
            id=f"<{number}@example.org>",
            sender=f"lab-{number}@example.org",
        )
        for number in range(first, first + count)
    ]


def watched(
    server: Dovecot,
    *,
    port: int | None = None,
    password_file: Path | None = None,
    token_file: Path | None = None,
    transport: str = "imap",
    folders: Sequence[str] = ("INBOX",),
    after: After = SEEN,
    start: Start = "all",
    size_limit_bytes: int = 1_000_000,
) -> Watched:
    """How a mailbox of this server is watched."""
    url = f"{transport}://{server.user}@localhost:{port or server.port}"
    found = account.read_url(url, password_file=password_file, token_file=token_file)
    given = "" if password_file or token_file else server.password
    return Watched(
        account=replace(found, password=given),
        folders=tuple(folders),
        after=after,
        start=start,
        address=OURS,
        size_limit_bytes=size_limit_bytes,
    )


@dataclass(kw_only=True)
class Watching:
    """A running watch; it can be stopped and started again."""

    storage: Storage
    watched: Watched
    pace: Pace = QUICK
    context: SSLContext | None = None
    stored: threading.Event = field(default_factory=threading.Event)

    def start(self) -> Watching:
        self.committer = Committer(self.storage.write, on_stored=self.stored.set)
        self.committer.start()
        self.door = ImapDoor(
            self.watched,
            self.committer,
            self.storage,
            DESK,
            ContestClock(),
            pace=self.pace,
            context=self.context,
        )
        self.door.start()
        return self

    def stop(self, *, deadline_s: float = 10.0) -> bool:
        ended = self.door.stop(deadline_s=deadline_s)
        self.committer.stop()
        return ended

    def mails(self) -> list[InboundMail]:
        """What is stored, in that order."""
        with self.storage.read() as session:
            return list(session.scalars(select(InboundMail).order_by(InboundMail.id)))

    def ids(self) -> Counter[str]:
        """How often each Message-ID is stored."""
        with self.storage.read() as session:
            raws = session.scalars(select(InboundMail.raw)).all()
        return Counter(raw.partition(b"Message-ID: ")[2].partition(b"\r\n")[0].decode() for raw in raws)

    def place(self, folder: str = "INBOX") -> WatchedFolder:
        """How far a folder was read."""
        with self.storage.read() as session:
            row = session.get(WatchedFolder, (self.watched.account.name, folder))
        return row or WatchedFolder(uidvalidity=0, stored_uid=0, settled_uid=0)

    def wait_for(self, count: int, **patience: Any) -> list[InboundMail]:
        """Wait until so many mails are stored."""
        until(lambda: len(self.ids()) >= count, f"{count} mails are stored: {len(self.ids())}", **patience)
        return self.mails()

    def wait_until_settled(self, uid: int, folder: str = "INBOX") -> None:
        """Wait until the mailbox shows what we have, up to this UID."""
        until(lambda: self.place(folder).settled_uid >= uid, f"settled up to {uid}")


def notices(storage: Storage) -> list[str]:
    """What staff were told, oldest first."""
    told = select(OutboxMail.body).where(OutboxMail.kind == MailKind.STAFF_NOTICE).order_by(OutboxMail.id)
    with storage.read() as session:
        return [words(message_from_bytes(body or b"")) for body in session.scalars(told)]


def flags(server: Dovecot, folder: str = "INBOX") -> dict[int, set[bytes]]:
    """The flags of all mails in a folder, as somebody else sees them; \\Recent left out."""
    with server.client() as client:
        client.select_folder(folder, readonly=True)
        found = client.get_flags(client.search("ALL"))
    return {uid: set(marks) - {b"\\Recent"} for uid, marks in found.items()}
