"""A question enters the desk's rows: the inquiry it opens, its parts, its place in the thread."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy.orm import Session

from bot import threads
from bot.inbox import parse
from bot.reading import Asked
from bot.tables import Applicant, Inquiry, InquiryPart, InquiryState, Origin, ThreadMessage
from intents.decide import Verdict


def open_inquiry(session: Session, asked: Asked, *, now: datetime) -> Inquiry:
    """Begin a conversation with the sender, who becomes an applicant by his first question."""
    address = asked.mail.from_address or ""
    person = threads.applicant(session, address)
    if person is None:
        person = Applicant(
            address=address, name=asked.mail.from_name, language=asked.decision.language, first_seen_at=now
        )
        session.add(person)
        session.flush()
    inquiry = Inquiry(
        state=InquiryState.NEW,
        applicant_id=person.id,
        language=asked.decision.language,
        origin=Origin.EMAIL,
        subject=asked.mail.subject or "",
        opened_at=now,
        updated_at=now,
    )
    session.add(inquiry)
    session.flush()
    return inquiry


def remember_theirs(session: Session, inquiry: Inquiry, mail: parse.Inbound, *, now: datetime) -> None:
    """Note the applicant's Message-ID, so that what refers to it is found."""
    if mail.message_id:
        session.add(ThreadMessage(inquiry_id=inquiry.id, message_id=mail.message_id, at=now, ours=False))


def add_parts(session: Session, inquiry: Inquiry, asked: Asked) -> list[InquiryPart]:
    """Write down each question and its decision; those without a full answer wait for a person."""
    rows = [
        InquiryPart(
            inquiry_id=inquiry.id,
            inbound_id=asked.inbound_id,
            position=position,
            text=part.text,
            language=asked.decision.language,
            decision=part.decision,
            topic=part.topic,
            unknown=part.unknown,
            nearest=part.candidates[0].topic if part.candidates else None,
            confidence=part.confidence,
            candidates=[asdict(candidate) for candidate in part.candidates],
            feasibility=asdict(part.feasibility) if part.feasibility else None,
            reason=part.reason,
            waits=part.decision is not Verdict.ANSWER,
        )
        for position, part in enumerate(asked.decision.parts)
        if part.decision is not Verdict.IGNORE
    ]
    session.add_all(rows)
    return rows
