"""A question enters the desk's rows: the inquiry it opens, its parts, its place in the thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy.orm import Session

from bot import threads
from bot.inbox import parse
from bot.reading import Asked
from bot.slack import place
from bot.tables import Applicant, Inquiry, InquiryPart, InquiryState, Origin, ThreadMessage
from intents.decide import Verdict


def open_inquiries(session: Session, asked: Sequence[Asked], *, now: datetime) -> Mapping[int, Inquiry]:
    """Begin a conversation with each sender, who becomes an applicant by his first question.

    Returns them by the number of the inbound mail; they have their numbers.
    """
    people = threads.applicants(session, {one.mail.from_address or "" for one in asked})
    opened: dict[int, Inquiry] = {}
    for one in asked:
        address = one.mail.from_address or ""
        person = people.get(address)
        if person is None:
            language = one.decision.language
            person = Applicant(address=address, name=one.mail.from_name, language=language, first_seen_at=now)
            people[address] = person
        opened[one.inbound_id] = Inquiry(
            state=InquiryState.NEW,
            applicant=person,
            language=one.decision.language,
            origin=Origin.SLACK if place.read(one.mail.message_id) else Origin.EMAIL,
            subject=one.mail.subject or "",
            opened_at=now,
            updated_at=now,
        )
    session.add_all(opened.values())
    session.flush()
    return opened


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
            asks_back=list(part.asks_back) if part.asks_back else None,
            applicant=list(part.applicant) or None,
            reason=part.reason,
            waits=part.decision is not Verdict.ANSWER,
        )
        for position, part in enumerate(asked.decision.parts)
        if part.decision is not Verdict.IGNORE
    ]
    session.add_all(rows)
    return rows
