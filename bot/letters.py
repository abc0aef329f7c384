"""A letter of staff between "send" and sent: it may be taken back, and its inquiry learns when it is out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from bot import triage, writing
from bot.refusal import Refused
from bot.tables import Event, Inquiry, InquiryPart, InquiryState, Staff, ThreadMessage
from faq.contest import SEOUL
from mailer import outbox
from mailer.errors import IllegalTransition
from mailer.tables import MailState, OutboxMail

log = structlog.get_logger(__name__)

#: How long a letter waits before it leaves, so that its writer may think again.
UNDO = timedelta(seconds=30)

_KINDS = (triage.LETTER, triage.DETAIL)
#: From these no letter goes out by itself any more.
_FAILED = (MailState.FAILED, MailState.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """A letter that was taken back."""

    inquiry_id: int
    #: Its words, which are the writer's draft again.
    text: str


def newest(session: Session, inquiry: Inquiry) -> tuple[Event, OutboxMail] | None:
    """The newest letter of staff in an inquiry, with its row in the outbox; None when there is none."""
    event = session.scalar(
        select(Event)
        .where(Event.inquiry_id == inquiry.id, Event.kind.in_(_KINDS))
        .order_by(Event.id.desc())
        .limit(1)
    )
    if event is None:
        return None
    row = session.scalar(select(OutboxMail).where(OutboxMail.key == f"letter:{event.id}"))
    return None if row is None else (event, row)


def undo(session: Session, inquiry: Inquiry, *, staff: Staff, now: datetime) -> Undone:
    """Take the newest letter back: nothing leaves, the inquiry is its writer's again, with the draft.

    Raises:
        Refused: there is none, somebody else wrote it, it was taken back before, or it is too late.
    """
    found = newest(session, inquiry)
    if found is None or inquiry.state not in (InquiryState.SENDING, InquiryState.NEEDS_INFO):
        raise Refused(f"inquiry {inquiry.id} is {inquiry.state}: no letter of it can be taken back")
    event, row = found
    if event.actor != staff.address:
        raise Refused(f"{event.actor} wrote this letter; only they can take it back")
    if row.state is MailState.CANCELLED:
        raise Refused(f"the letter in inquiry {inquiry.id} was taken back before")
    leaves_at = row.not_before or row.created_at
    if now >= leaves_at:
        raise Refused(_too_late(inquiry, leaves_at))
    try:
        outbox.cancel(session, row.id, reason=f"taken back by {staff.address}")
    except IllegalTransition as error:
        raise Refused(_too_late(inquiry, leaves_at)) from error
    session.execute(
        delete(ThreadMessage).where(
            ThreadMessage.inquiry_id == inquiry.id, ThreadMessage.message_id == row.message_id
        )
    )
    _wait_again(session, event)
    text = str(event.data["text"])
    triage.move(inquiry, InquiryState.CLAIMED, now=now)
    inquiry.owner = staff.address
    writing.keep(session, inquiry, text, address=staff.address, also=event.data.get("also", {}), now=now)
    triage.record(session, inquiry, "undone", actor=staff.address, now=now, letter=event.id)
    return Undone(inquiry_id=inquiry.id, text=text)


def settle(session: Session, *, now: datetime) -> Sequence[int]:
    """Let inquiries know what became of their letters; returns their numbers.

    What is out answers the inquiry, unless the applicant has asked something else meanwhile. What did
    not leave and never will gives it back to its owner, with the letter as a draft.
    """
    pending = session.scalars(select(Inquiry).where(Inquiry.state == InquiryState.SENDING)).all()
    settled = []
    for inquiry in pending:
        found = newest(session, inquiry)
        if found is None:
            continue
        event, row = found
        if row.state is MailState.SENT:
            _sent(session, inquiry, now=now)
        elif row.state in _FAILED:
            _failed(session, inquiry, event, row, now=now)
        else:
            continue
        settled.append(inquiry.id)
    return settled


def _sent(session: Session, inquiry: Inquiry, *, now: datetime) -> None:
    waiting = select(InquiryPart.id).where(InquiryPart.inquiry_id == inquiry.id, InquiryPart.waits).limit(1)
    more = session.scalar(waiting) is not None
    triage.move(inquiry, InquiryState.CLAIMED if more else InquiryState.ANSWERED, now=now)
    triage.record(session, inquiry, "sent", actor="desk", now=now)


def _failed(session: Session, inquiry: Inquiry, event: Event, row: OutboxMail, *, now: datetime) -> None:
    _wait_again(session, event)
    triage.move(inquiry, InquiryState.CLAIMED, now=now)
    writing.keep(session, inquiry, str(event.data["text"]), address=event.actor, now=now)
    triage.record(session, inquiry, "not_sent", actor="desk", now=now, letter=event.id, outbox=row.id)
    log.warning("letter.not_sent", inquiry=inquiry.id, mail=row.id, state=row.state)


def _wait_again(session: Session, event: Event) -> None:
    """The questions that the letter would have answered wait again."""
    answered = event.data.get("parts", [])
    session.execute(update(InquiryPart).where(InquiryPart.id.in_(answered)).values(waits=True))


def _too_late(inquiry: Inquiry, leaves_at: datetime) -> str:
    return (
        f"too late: the letter in inquiry {inquiry.id} left at"
        f" {leaves_at.astimezone(SEOUL):%H:%M:%S} KST; write another one to correct it"
    )
