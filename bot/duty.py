"""Whose turn an inquiry is: somebody takes it on, or it rests until a day."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import triage
from bot.refusal import Refused
from bot.tables import Inquiry, InquiryState, Staff
from faq.contest import SEOUL


def claim(session: Session, inquiry: Inquiry, *, staff: Staff, now: datetime) -> bool:
    """Take an inquiry on; False when it is yours already.

    Raises:
        Refused: somebody else has it, or it cannot be claimed in its state.
    """
    if inquiry.state is InquiryState.CLAIMED and inquiry.owner == staff.address:
        return False
    if inquiry.owner not in (None, staff.address) and inquiry.state in triage.WAITING:
        raise Refused(f"inquiry {inquiry.id} is claimed by {inquiry.owner}; ask them to answer or close it")
    triage.move(inquiry, InquiryState.CLAIMED, now=now)
    inquiry.owner, inquiry.snooze_until = staff.address, None
    triage.record(session, inquiry, "claimed", actor=staff.address, now=now)
    return True


def assign(session: Session, inquiry: Inquiry, to: Staff, *, staff: Staff, now: datetime) -> bool:
    """Give an inquiry to somebody, whoever has it; False when it is theirs already.

    To oneself it is how to take over.

    Raises:
        Refused: it cannot be claimed in its state.
    """
    if inquiry.state is InquiryState.CLAIMED and inquiry.owner == to.address:
        return False
    triage.move(inquiry, InquiryState.CLAIMED, now=now)
    before, inquiry.owner, inquiry.snooze_until = inquiry.owner, to.address, None
    triage.record(
        session, inquiry, "assigned", actor=staff.address, now=now, to=to.address, before=before or ""
    )
    return True


def release(session: Session, inquiry: Inquiry, *, staff: Staff, now: datetime) -> None:
    """Put an inquiry back for anybody to take.

    Raises:
        Refused: it is not claimed, or by somebody else.
    """
    if inquiry.owner != staff.address or inquiry.state is not InquiryState.CLAIMED:
        raise Refused(f"inquiry {inquiry.id} is not yours to give back ({inquiry.state})")
    triage.move(inquiry, InquiryState.NEW, now=now)
    inquiry.owner = None
    triage.record(session, inquiry, "released", actor=staff.address, now=now)


def snooze(session: Session, inquiry: Inquiry, until: datetime, *, staff: Staff, now: datetime) -> None:
    """Let an inquiry rest until an instant; a new question in it ends that sooner.

    Raises:
        Refused: the instant is past, or the inquiry cannot rest in its state.
    """
    if until <= now:
        raise Refused(f"{until.astimezone(SEOUL):%Y-%m-%d %H:%M} KST is past; give a later instant")
    triage.move(inquiry, InquiryState.SNOOZED, now=now)
    inquiry.snooze_until = until
    triage.record(session, inquiry, "snoozed", actor=staff.address, now=now, until=until.isoformat())


def wake(session: Session, *, now: datetime) -> int:
    """End the rest of what has rested long enough; returns how many inquiries that were."""
    rested = select(Inquiry).where(Inquiry.state == InquiryState.SNOOZED, Inquiry.snooze_until <= now)
    woken = session.scalars(rested.order_by(Inquiry.id)).all()
    for inquiry in woken:
        triage.move(inquiry, InquiryState.CLAIMED if inquiry.owner else InquiryState.NEW, now=now)
        inquiry.snooze_until = None
        triage.record(session, inquiry, "woken", actor="desk", now=now)
    return len(woken)
