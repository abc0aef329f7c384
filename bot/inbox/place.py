"""How far a folder of a watched mailbox was read: one row, its verbs, and what is asked of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from bot.inbox import account
from bot.inbox.account import Start
from bot.tables import InboundMail, WatchedFolder

#: A folder that is opened so soon after we began to watch it is taken from its next number on.
AT_ONCE = timedelta(minutes=1)


def begin(
    session: Session, mailbox: str, folders: Collection[str], *, start: Start, real_now: datetime
) -> None:
    """Watch these folders from now on, and ask after no others; how far any was read is kept."""
    others = or_(WatchedFolder.mailbox != mailbox, WatchedFolder.folder.not_in(folders))
    nothing = {"looked_at": None, "failing_since": None, "told_at": None, "failure": None}
    session.execute(
        update(WatchedFolder).where(others).values(nothing), execution_options={"synchronize_session": False}
    )
    for folder in folders:
        row = session.get(WatchedFolder, (mailbox, folder))
        if row is None:
            row = WatchedFolder(mailbox=mailbox, folder=folder, uidvalidity=0)
            session.add(row)
        elif row.uidvalidity or start == "now":
            continue  # begun already, though perhaps nobody could open it yet
        row.counts_from = account.counts_from(start, now=real_now)


def open_at(
    session: Session, mailbox: str, folder: str, *, uidvalidity: int, uidnext: int, real_now: datetime
) -> WatchedFolder:
    """Give the row of a folder that was just opened.

    With another UIDVALIDITY the numbers that we know mean nothing any more (RFC 9051 §2.3.1.1): all that
    came since we began is looked at again.
    """
    row = _row(session, mailbox, folder)
    if row.uidvalidity == uidvalidity:
        return row
    # At the very start the numbers tell what is new to the mail, where clocks would not.
    from_now = row.counts_from is not None and real_now - row.counts_from <= account.CLOCKS_DIFFER + AT_ONCE
    old = uidnext - 1
    row.stored_uid = row.settled_uid = old if row.uidvalidity == 0 and from_now else 0
    row.uidvalidity, row.old_uid = uidvalidity, old
    return row


def stored(session: Session, row: WatchedFolder, uid: int) -> None:
    """Write down that the mails up to ``uid`` are stored, in the transaction that stores the last."""
    _move(session, row, WatchedFolder.stored_uid < uid, stored_uid=uid)


def settled(session: Session, row: WatchedFolder, uid: int) -> None:
    """Write down that the mailbox shows what we have up to ``uid``."""
    _move(session, row, WatchedFolder.settled_uid < uid, settled_uid=uid)


def has(session: Session, sha256: str) -> bool:
    """True when exactly these octets are stored already."""
    found = select(InboundMail.id).where(InboundMail.sha256 == sha256).limit(1)
    return session.scalar(found) is not None


def looked(session: Session, mailbox: str, folder: str, *, real_now: datetime) -> datetime | None:
    """Write down a look that went well; returns since when the ones before had not."""
    row = _row(session, mailbox, folder)
    failing_since = row.failing_since
    row.looked_at = real_now
    row.failing_since = row.told_at = row.failure = None
    return failing_since


def failed(session: Session, mailbox: str, folder: str, failure: str, *, real_now: datetime) -> None:
    """Write down that a look failed; since when stays what it was."""
    row = _row(session, mailbox, folder)
    row.failing_since = row.failing_since or real_now
    row.failure = failure


def alarm_due(session: Session, *, after: timedelta, real_now: datetime) -> Sequence[WatchedFolder]:
    """Give the folders that could not be read for ``after`` and of which nobody was told yet; only once."""
    due = (
        update(WatchedFolder)
        .where(WatchedFolder.failing_since <= real_now - after, WatchedFolder.told_at.is_(None))
        .values(told_at=real_now)
        .returning(WatchedFolder.mailbox, WatchedFolder.folder)
    )
    told = session.execute(due, execution_options={"synchronize_session": False}).all()
    return [session.get_one(WatchedFolder, (mailbox, folder)) for mailbox, folder in sorted(map(tuple, told))]


def looks(session: Session) -> Sequence[WatchedFolder]:
    """The folders that are watched, for those who watch the desk."""
    began = or_(WatchedFolder.looked_at.is_not(None), WatchedFolder.failing_since.is_not(None))
    query = select(WatchedFolder).where(began).order_by(WatchedFolder.mailbox, WatchedFolder.folder)
    return session.scalars(query).all()


def _row(session: Session, mailbox: str, folder: str) -> WatchedFolder:
    return session.get_one(WatchedFolder, (mailbox, folder), with_for_update=True)


def _move(session: Session, row: WatchedFolder, behind: ColumnElement[bool], **to: int) -> None:
    ours = and_(
        WatchedFolder.mailbox == row.mailbox,
        WatchedFolder.folder == row.folder,
        WatchedFolder.uidvalidity == row.uidvalidity,
    )
    session.execute(
        update(WatchedFolder).where(ours, behind).values(**to),
        execution_options={"synchronize_session": False},
    )
