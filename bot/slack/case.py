"""An inquiry as the surfaces in Slack show it, read once from the rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot import datasets, duplicates, letters, strangers, writing
from bot.slack import place
from bot.tables import Event, Inquiry, InquiryPart, InquiryState, Origin, Staff
from faq import wording
from faq.contest import Contest, Language, Milestone
from faq.library import Library
from mailer.tables import MailState

#: Below this confidence an entry is not worth a look.
LIKE = 0.25
#: What says that an applicant wrote.
WROTE = ("asked", "thanks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Similar:
    """The approved entry that comes nearest to what waits."""

    topic: str
    title: str
    #: 0.0 to 1.0.
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """A staff member at work, since when."""

    address: str
    name: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything that a card tells of one inquiry; words of the applicant are as they were written."""

    number: int
    version: int
    state: InquiryState
    origin: Origin
    language: str
    opened_at: datetime
    #: A number and a masked address.
    applicant: str
    #: What the applicant wrote last that needs an answer.
    asked: str
    #: Titles of what it is about, as far as that was found.
    about: tuple[str, ...]
    similar: Similar | None
    #: The applicant's next deadline, in words; None when all are past.
    deadline: str | None
    owner: Who | None
    writer: Who | None
    snoozed_until: datetime | None
    duplicate_of: int | None
    #: Duplicates of other senders who have heard nothing.
    duplicates: int
    #: Until when the letter may be taken back.
    undo_until: datetime | None
    #: What staff should know about the sender, in Korean.
    remarks: tuple[str, ...]
    #: True when it asks about a dataset that can be judged.
    judges: bool
    #: True when a letter of staff went out from which an entry can be made.
    teaches: bool


def read(session: Session, inquiry: Inquiry, library: Library, *, now: datetime) -> Case:
    """Look up what the surfaces show of an inquiry, as of ``now``."""
    parts = session.scalars(
        select(InquiryPart).where(InquiryPart.inquiry_id == inquiry.id).order_by(InquiryPart.id)
    ).all()
    waiting = [part for part in parts if part.waits] or list(parts)
    writer = writing.present(session, inquiry.id, now=now)
    found = letters.newest(session, inquiry)
    in_hand = found is not None and found[1].state in (MailState.QUEUED, MailState.RETRY)
    return Case(
        number=inquiry.id,
        version=inquiry.version,
        state=inquiry.state,
        origin=inquiry.origin,
        language=inquiry.language,
        opened_at=inquiry.opened_at,
        applicant=f"A-{inquiry.applicant_id} · {masked(inquiry.applicant.address)}",
        asked=_asked(session, inquiry) or inquiry.subject,
        about=_about(waiting, library),
        similar=_similar(waiting, library),
        deadline=next_deadline(library.contest, now=now),
        owner=_owner(session, inquiry),
        writer=_who(session, writer.staff, writer.since) if writer else None,
        snoozed_until=inquiry.snooze_until if inquiry.state is InquiryState.SNOOZED else None,
        duplicate_of=inquiry.duplicate_of,
        duplicates=len(duplicates.waiting(session, inquiry)),
        undo_until=found[1].not_before if found and in_hand else None,
        remarks=strangers.remarks(strangers.of(session, inquiry)),
        judges=any(_is_dataset(part) for part in parts),
        teaches=found is not None and found[0].kind == "letter",
    )


def masked(address: str) -> str:
    """An address of which staff see enough to tell two apart, and a screenshot not enough to write to it."""
    if place.is_stand_in(address):
        return "Slack"
    local, at, domain = address.partition("@")
    if not at:
        return "(주소 없음 no address)"
    return f"{local[:2] if len(local) > 3 else local[:1]}•••@{domain}"


def next_deadline(contest: Contest, *, now: datetime) -> str | None:
    """The next day that counts for applicants: "접수 11월 30일(월) D-10"; hours only where one is stated."""
    ahead = [one for one in contest.milestones.values() if not one.is_past(now=now)]
    if not ahead:
        return None
    nearest = min(ahead, key=lambda one: (one.closes_at, one.id))
    return f"{nearest.title[Language.KO]} {wording.last_day(nearest, Language.KO)}{_left(nearest, now=now)}"


def _left(milestone: Milestone, *, now: datetime) -> str:
    if milestone.approximate is not None:
        return ""
    days = milestone.days_left(now=now)
    return f" · D-{days}" if days else " · D-day"


def _asked(session: Session, inquiry: Inquiry) -> str:
    event = session.scalar(
        select(Event)
        .where(Event.inquiry_id == inquiry.id, Event.kind.in_(("asked", "edited")))
        .order_by(Event.id.desc())
        .limit(1)
    )
    return str(event.data.get("text", "")) if event else ""


def _about(parts: list[InquiryPart], library: Library) -> tuple[str, ...]:
    names = dict.fromkeys(part.topic or part.unknown or part.nearest or "" for part in parts)
    titled = (library.entries.get(name) or library.unknowns.get(name) for name in names)
    return tuple(one.title[Language.KO] for one in titled if one is not None)


def _similar(parts: list[InquiryPart], library: Library) -> Similar | None:
    candidates = [one for part in parts for one in part.candidates if one.get("topic") in library.entries]
    if not candidates:
        return None
    best = max(candidates, key=lambda one: float(one["confidence"]))
    if float(best["confidence"]) < LIKE:
        return None
    entry = library.entries[best["topic"]]
    return Similar(topic=entry.id, title=entry.title[Language.KO], confidence=float(best["confidence"]))


def _owner(session: Session, inquiry: Inquiry) -> Who | None:
    if inquiry.owner is None:
        return None
    since = session.scalar(
        select(func.max(Event.at)).where(
            Event.inquiry_id == inquiry.id, Event.kind.in_(("claimed", "assigned", "letter"))
        )
    )
    return _who(session, inquiry.owner, since or inquiry.updated_at)


def _who(session: Session, address: str, since: datetime) -> Who:
    return Who(address=address, name=staff_name(session, address), since=since)


def staff_name(session: Session, address: str) -> str:
    """How staff know somebody; the address where there is no such row."""
    return session.scalar(select(Staff.name).where(Staff.address == address)) or address


def _is_dataset(part: InquiryPart) -> bool:
    dataset = datasets.read(part.feasibility)
    return dataset is not None and bool(dataset.modality)
