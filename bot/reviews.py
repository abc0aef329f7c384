"""What people say of the desk's answers: staff who review, applicants who click, letters that taught.

From these come the risk that an automatic answer is wrong, and questions whose right topic is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import notice, triage
from bot.desk import Desk
from bot.refusal import Refused
from bot.tables import Inquiry, InquiryPart, Opinion, Review, Staff
from faq.contest import Language
from faq.labelled import OUT_OF_SCOPE, Labelled
from faq.library import Library
from intents.decide import Verdict

#: The actor of an applicant's own feedback: the row tells whose question it was.
APPLICANT = "applicant"

BY_STAFF = (Opinion.RIGHT, Opinion.WRONG, Opinion.INCOMPLETE)
BY_APPLICANT = (Opinion.HELPFUL, Opinion.NEED_PERSON)
_GOOD = frozenset({Opinion.RIGHT, Opinion.HELPFUL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """One automatic answer that somebody judged."""

    #: As it was when the answer was sent, 0.0 to 1.0.
    confidence: float
    right: bool
    #: False when only the applicant has judged it.
    by_staff: bool
    topic: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """How automatic answers of about the same confidence fared."""

    #: Confidence from `low` (inclusive) to `high` (exclusive, but for 1.0).
    low: float
    high: float
    right: int
    wrong: int


def part_of(inquiry: Inquiry, number: int) -> InquiryPart:
    """The question with this number, counted from 1 as `inquiries show` lists them.

    Raises:
        Refused: the inquiry has no such question.
    """
    if not 1 <= number <= len(inquiry.parts):
        raise Refused(f"inquiry {inquiry.id} has {len(inquiry.parts)} questions; there is no number {number}")
    return inquiry.parts[number - 1]


def review(
    session: Session,
    part: InquiryPart,
    opinion: Opinion,
    *,
    library: Library,
    topic: str | None,
    staff: Staff,
    now: datetime,
) -> Review:
    """Keep what a staff member thinks of an automatic answer; a right one's topic is right, too.

    ``topic`` says where the question belongs: a topic, a known unknown, or "oos".

    Raises:
        Refused: the desk did not answer this by itself, or there is no such topic.
    """
    if part.decision != Verdict.ANSWER:
        raise Refused(f"the desk did not answer this by itself ({part.decision}); there is nothing to review")
    if topic is not None and topic != OUT_OF_SCOPE and topic not in {*library.entries, *library.unknowns}:
        raise Refused(f"no topic {topic!r}; contestdesk faq list shows them")
    if opinion is Opinion.WRONG and topic is not None and topic == part.topic:
        raise Refused(f"{topic} is what was answered; wrong needs another topic, or none")
    label = part.topic if opinion is not Opinion.WRONG and topic is None else topic
    return _keep(session, part.id, opinion, label=label, actor=staff.address, now=now)


def feedback(
    session: Session, desk: Desk, inquiry: Inquiry, part: InquiryPart, opinion: Opinion, *, now: datetime
) -> Review:
    """Keep what the applicant says; who needs a person gets one, and staff are told once."""
    row = _keep(session, part.id, opinion, label=None, actor=APPLICANT, now=now)
    triage.record(session, inquiry, "feedback", actor=APPLICANT, now=now, part=part.id, opinion=opinion)
    if opinion is Opinion.NEED_PERSON and not part.waits:
        part.waits = True
        triage.asked(inquiry, waits=True, opened=False, now=now)
        notice.of_questions(session, desk, inquiry, [part], key=f"need-person:{part.id}", now=now)
    return row


def teach(session: Session, part_id: int, *, label: str, staff: Staff, now: datetime) -> Review:
    """Keep that a question belongs to a topic, because the letter that answered it was approved."""
    return _keep(session, part_id, Opinion.TAUGHT, label=label, actor=staff.address, now=now)


def reviewed(session: Session) -> Sequence[Reviewed]:
    """Every automatic answer that was judged, oldest first; staff overrule the applicant.

    Among staff a single one who found it wrong or incomplete makes it wrong.
    """
    query = (
        select(Review, InquiryPart)
        .join(InquiryPart, InquiryPart.id == Review.part_id)
        .where(InquiryPart.decision == Verdict.ANSWER, Review.opinion != Opinion.TAUGHT)
        .order_by(InquiryPart.id, Review.id)
    )
    by_part: dict[int, tuple[InquiryPart, list[Review]]] = {}
    for row, part in session.execute(query):
        by_part.setdefault(part.id, (part, []))[1].append(row)
    return [_judged(part, rows) for part, rows in by_part.values()]


def _judged(part: InquiryPart, rows: Sequence[Review]) -> Reviewed:
    staff = [row for row in rows if row.opinion in BY_STAFF]
    return Reviewed(
        confidence=part.confidence,
        right=all(row.opinion in _GOOD for row in staff or rows),
        by_staff=bool(staff),
        topic=part.topic,
    )


def buckets(judged: Sequence[Reviewed], *, count: int = 10) -> list[Bucket]:
    """Count right and wrong by confidence, in ``count`` equal steps from 0.0 to 1.0."""
    counted = [[0, 0] for _ in range(count)]
    for one in judged:
        counted[min(int(one.confidence * count), count - 1)][not one.right] += 1
    return [
        Bucket(low=place / count, high=(place + 1) / count, right=right, wrong=wrong)
        for place, (right, wrong) in enumerate(counted)
    ]


def labelled(session: Session) -> list[Labelled]:
    """Questions of applicants whose right topic somebody told, each text once, by the newest opinion."""
    query = (
        select(InquiryPart.text, InquiryPart.language, Review.label)
        .join(InquiryPart, InquiryPart.id == Review.part_id)
        .where(Review.label.is_not(None))
        .order_by(Review.at, Review.id)
    )
    newest = {
        told: Labelled(text=told, label=label or "", language=Language(language))
        for told, language, label in session.execute(query)
    }
    return list(newest.values())


def _keep(
    session: Session, part_id: int, opinion: Opinion, *, label: str | None, actor: str, now: datetime
) -> Review:
    row = session.scalar(select(Review).where(Review.part_id == part_id, Review.actor == actor))
    if row is None:
        row = Review(part_id=part_id, actor=actor)
        session.add(row)
    row.opinion, row.label, row.at = opinion, label, now
    session.flush()
    return row
