"""Two inquiries are one: the second becomes a duplicate of the first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from bot import strangers, threads, triage
from bot.refusal import Refused
from bot.tables import HandledMail, Inquiry, InquiryPart, InquiryState, Staff, ThreadMessage

#: Nothing is merged into what is itself put aside.
_ASIDE = (InquiryState.DUPLICATE, InquiryState.SPAM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What a merge did."""

    source_id: int
    target_id: int
    #: False when it had been done before.
    now_merged: bool
    #: True when the two have different senders: nothing was moved, and only the target's is written to.
    other_sender: bool


def merge(
    session: Session,
    source: Inquiry,
    target: Inquiry,
    *,
    staff: Staff,
    other_sender: bool = False,
    now: datetime,
) -> Merged:
    """Make ``source`` a duplicate of ``target``; twice is once.

    Of one sender, questions, mails and thread ids move, so that his next mail in either thread finds the
    target, and a letter there answers all of it. Of two senders nothing moves: a letter to one would
    carry the other's Message-IDs; the source is only marked, and its sender is not written to.

    Raises:
        Refused: the same inquiry, one that is a duplicate or spam, a letter that may still be undone, or
            two senders without ``other_sender``.
    """
    if source.id == target.id:
        raise Refused(f"inquiry {source.id} cannot be merged into itself")
    differ = not threads.same_person(source.applicant.address, target.applicant.address)
    if source.state is InquiryState.DUPLICATE and source.duplicate_of == target.id:
        return Merged(source_id=source.id, target_id=target.id, now_merged=False, other_sender=differ)
    _refuse_aside(source)
    _refuse_aside(target)
    if target.state is InquiryState.SENDING:
        raise Refused(f"a letter is on its way in inquiry {target.id}; merge when it is out")
    if differ and not other_sender:
        raise Refused(
            f"inquiries {source.id} and {target.id} have different senders; with --other-sender"
            f" {source.id} is closed as a duplicate, and only the sender of {target.id} is written to"
        )
    triage.move(source, InquiryState.DUPLICATE, now=now)
    source.duplicate_of = target.id
    level = strangers.of(session, source).level
    waiting = _waiting(session, source)
    if differ:
        session.execute(update(InquiryPart).where(InquiryPart.inquiry_id == source.id).values(waits=False))
    else:
        for rows in (InquiryPart, ThreadMessage, HandledMail):
            session.execute(update(rows).where(rows.inquiry_id == source.id).values(inquiry_id=target.id))
        triage.asked(target, waits=waiting > 0, opened=False, now=now)
    triage.record(session, source, "duplicate", actor=staff.address, now=now, of=target.id)
    # The least sure mail tells how sure the whole is; of another sender no mail has come here.
    known = {} if differ or level is None else {"identity": level}
    triage.record(session, target, "merged", actor=staff.address, now=now, source=source.id, **known)
    return Merged(source_id=source.id, target_id=target.id, now_merged=True, other_sender=differ)


def _refuse_aside(inquiry: Inquiry) -> None:
    if inquiry.state in _ASIDE:
        of = f" of {inquiry.duplicate_of}" if inquiry.duplicate_of else ""
        raise Refused(f"inquiry {inquiry.id} is {inquiry.state}{of}; reopen it first")


def _waiting(session: Session, inquiry: Inquiry) -> int:
    wanted = (InquiryPart.inquiry_id == inquiry.id, InquiryPart.waits)
    return session.scalar(select(func.count()).select_from(InquiryPart).where(*wanted)) or 0
