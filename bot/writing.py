"""Who writes an answer just now, and the drafts of letters: one for each person, none is ever lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from bot import triage
from bot.tables import Inquiry, Staff
from bot.writing_tables import Writing

#: Who has not been seen for so long is not writing any more.
PRESENCE = timedelta(minutes=5)
#: Characters of a draft that are kept; a letter is shorter.
LONGEST = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """Somebody is writing."""

    #: Address of the staff member.
    staff: str
    since: datetime
    text: str
    #: The same answer in other languages, for duplicates.
    also: Mapping[str, str]


def present(session: Session, inquiry_id: int, *, now: datetime) -> Presence | None:
    """Who writes in an inquiry; None when nobody has been seen there for five minutes."""
    row = session.scalar(
        select(Writing)
        .where(Writing.inquiry_id == inquiry_id, Writing.since.is_not(None), Writing.seen_at > now - PRESENCE)
        .order_by(Writing.since.desc())
        .limit(1)
    )
    if row is None or row.since is None:
        return None
    return Presence(staff=row.staff, since=row.since, text=row.text, also=row.also)


def begin(session: Session, inquiry: Inquiry, *, staff: Staff, now: datetime) -> Presence | None:
    """Sit down to write; the one who already does when that is somebody else, and then nothing changes."""
    other = present(session, inquiry.id, now=now)
    if other is not None and other.staff != staff.address:
        return other
    _sit_down(session, inquiry, staff.address, now=now)
    return None


def take_over(session: Session, inquiry: Inquiry, *, staff: Staff, now: datetime) -> str:
    """Write in the place of whoever does; returns the text to go on from. Both drafts are kept."""
    other = present(session, inquiry.id, now=now)
    row = _sit_down(session, inquiry, staff.address, now=now)
    if other is not None and other.staff != staff.address:
        session.execute(
            update(Writing)
            .where(Writing.inquiry_id == inquiry.id, Writing.staff != staff.address)
            .values(since=None)
        )
        if not row.text:
            row.text, row.also = other.text, dict(other.also)
        triage.record(session, inquiry, "took_over", actor=staff.address, now=now, of=other.staff)
    return row.text


def keep(
    session: Session,
    inquiry: Inquiry,
    text: str,
    *,
    address: str,
    now: datetime,
    also: Mapping[str, str] | None = None,
) -> None:
    """Keep what somebody has written so far; an empty text is a draft thrown away.

    It does not say that they write just now, but who does is seen again by it.
    """
    row = _row(session, inquiry, address, now=now)
    row.text, row.seen_at = text[:LONGEST], now
    if also is not None:
        row.also = dict(also)


def draft(session: Session, inquiry_id: int, *, staff: str) -> tuple[str, dict[str, str]]:
    """What this person has written in an inquiry and not sent, and the same in other languages."""
    row = session.get(Writing, (inquiry_id, staff))
    return (row.text, dict(row.also)) if row else ("", {})


def end(session: Session, inquiry: Inquiry, *, staff: Staff, now: datetime, sent: bool) -> None:
    """Leave the desk; what was sent is a draft no longer."""
    row = session.get(Writing, (inquiry.id, staff.address))
    if row is None:
        return
    if row.since is not None:
        inquiry.updated_at = now
    row.since = None
    if sent:
        row.text, row.also = "", {}


def gone(*, now: datetime) -> Select[int]:
    """Ask for inquiries whose writer has not been seen for five minutes."""
    return select(Writing.inquiry_id).where(Writing.since.is_not(None), Writing.seen_at <= now - PRESENCE)


def expire(session: Session, *, now: datetime) -> Sequence[int]:
    """Let those go who have not been seen for five minutes; returns the inquiries, which have changed."""
    gone = session.scalars(
        select(Writing).where(Writing.since.is_not(None), Writing.seen_at <= now - PRESENCE)
    ).all()
    for row in gone:
        row.since = None
        inquiry = session.get(Inquiry, row.inquiry_id)
        if inquiry is not None:
            inquiry.updated_at = now
    return sorted({row.inquiry_id for row in gone})


def _sit_down(session: Session, inquiry: Inquiry, address: str, *, now: datetime) -> Writing:
    row = _row(session, inquiry, address, now=now)
    if row.since is None:
        row.since = now
        inquiry.updated_at = now
    row.seen_at = now
    return row


def _row(session: Session, inquiry: Inquiry, address: str, *, now: datetime) -> Writing:
    row = session.get(Writing, (inquiry.id, address))
    if row is None:
        row = Writing(inquiry_id=inquiry.id, staff=address, since=None, seen_at=now, text="", also={})
        session.add(row)
        session.flush()
    return row
