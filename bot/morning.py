"""What staff should know in the morning: how much waits, what waits longest, what is asked in vain."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot import triage
from bot.tables import Event, Inquiry, InquiryPart, InquiryState

#: First answers of so many days count.
LOOKS_BACK = timedelta(days=7)
OLDEST = 5
TOPICS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One inquiry that waits."""

    inquiry_id: int
    state: InquiryState
    opened_at: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """A topic or known unknown about which questions wait, and one inquiry that asks."""

    name: str
    count: int
    inquiry_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Morning:
    """The figures of one morning."""

    counts: dict[InquiryState, int]
    oldest: tuple[Waiting, ...]
    #: From the question to the first answer of a person; None when none was given in the week.
    first_answer: timedelta | None
    unanswered: tuple[Unanswered, ...]


def figures(session: Session, *, now: datetime) -> Morning:
    """Count what stands open now and how the last week went."""
    counted = session.execute(
        select(Inquiry.state, func.count()).where(Inquiry.state.in_(triage.WAITING)).group_by(Inquiry.state)
    )
    return Morning(
        counts={state: count for state, count in counted},
        oldest=_oldest(session),
        first_answer=_first_answer(session, now=now),
        unanswered=_unanswered(session),
    )


def _oldest(session: Session) -> tuple[Waiting, ...]:
    rows = session.scalars(
        select(Inquiry).where(Inquiry.state.in_(triage.WAITING)).order_by(Inquiry.id).limit(OLDEST)
    )
    return tuple(
        Waiting(
            inquiry_id=row.id,
            state=row.state,
            opened_at=row.opened_at,
            text=row.parts[0].text if row.parts else row.subject,
        )
        for row in rows
    )


def _first_answer(session: Session, *, now: datetime) -> timedelta | None:
    first = (
        select(Event.inquiry_id, func.min(Event.at).label("at"))
        .where(Event.kind == triage.LETTER)
        .group_by(Event.inquiry_id)
        .subquery()
    )
    rows = session.execute(
        select(Inquiry.opened_at, first.c.at)
        .join(first, first.c.inquiry_id == Inquiry.id)
        .where(first.c.at >= now - LOOKS_BACK)
    ).all()
    waits = [answered - opened for opened, answered in rows]
    return median(waits) if waits else None


def _unanswered(session: Session) -> tuple[Unanswered, ...]:
    rows = session.execute(
        select(InquiryPart.unknown, InquiryPart.nearest, InquiryPart.inquiry_id)
        .where(InquiryPart.waits)
        .order_by(InquiryPart.id)
    ).all()
    names: Counter[str] = Counter()
    newest: dict[str, int] = {}
    for unknown, nearest, inquiry_id in rows:
        name = unknown or nearest
        if name:
            names[name] += 1
            newest[name] = inquiry_id
    return tuple(
        Unanswered(name=name, count=count, inquiry_id=newest[name])
        for name, count in names.most_common(TOPICS)
    )
