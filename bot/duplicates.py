"""What was asked by several: one answer, told to each in their own thread, channel and language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import triage
from bot.refusal import Refused
from bot.tables import Event, Inquiry, InquiryState, Staff
from bot.triage import Answered
from mailer.letter import Identity


def waiting(session: Session, target: Inquiry) -> Sequence[Inquiry]:
    """Duplicates of an inquiry whose own senders have heard nothing, oldest first.

    One of the same sender moved into the target when it was merged, and is answered with it.
    """
    marked = select(Inquiry).where(
        Inquiry.duplicate_of == target.id,
        Inquiry.state == InquiryState.DUPLICATE,
        Inquiry.applicant_id != target.applicant_id,
    )
    return session.scalars(marked.order_by(Inquiry.id)).all()


def texts(session: Session, target: Inquiry) -> dict[str, str]:
    """The answer to an inquiry by language, as far as it has been written.

    The newest letter, and what its writer added for duplicates.
    """
    event = session.scalar(
        select(Event)
        .where(Event.inquiry_id == target.id, Event.kind == triage.LETTER)
        .order_by(Event.id.desc())
        .limit(1)
    )
    if event is None:
        return {}
    told = {target.language: str(event.data["text"])}
    return {**event.data.get("also", {}), **told}


def answer_all(
    session: Session,
    target: Inquiry,
    *,
    words: Mapping[str, str],
    staff: Staff,
    identity: Identity,
    now: datetime,
    undo: timedelta = timedelta(),
) -> Sequence[Answered]:
    """Tell every duplicate that waits what the target was told; ``words`` has the answer by language.

    Raises:
        Refused: none waits, or one of them reads a language in which there is no answer.
    """
    those = waiting(session, target)
    if not those:
        raise Refused(f"no duplicate of inquiry {target.id} waits for an answer")
    lacking = sorted({one.language for one in those} - {name for name, text in words.items() if text.strip()})
    if lacking:
        raise Refused(f"there is no answer in {', '.join(lacking)}; write it first")
    sent = []
    for one in those:
        triage.move(one, InquiryState.CLAIMED, now=now)
        one.owner = staff.address
        sent.append(
            triage.answer(
                session, one, words[one.language], staff=staff, identity=identity, now=now, undo=undo
            )
        )
    return sent
