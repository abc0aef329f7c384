"""What happens to an inquiry: its states, and what staff do with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from bot import doors, embargo, threads
from bot.refusal import Refused
from bot.tables import Event, Inquiry, InquiryPart, InquiryState, Staff, ThreadMessage
from faq.contest import Language, Person
from mailer import outbox
from mailer.errors import ComposeError
from mailer.letter import Identity, Letter
from mailer.tables import MailKind

#: Events that are a person's act; the automatic caps of a thread start anew after one.
STAFF_ACTS = ("letter", "detail", "reopened", "closed", "claimed")
#: Events of letters: one that answers, one that asks the applicant for detail.
LETTER, DETAIL = "letter", "detail"

#: What waits for staff; `inquiries list` shows these, `--all` the rest.
WAITING = (InquiryState.NEW, InquiryState.CLAIMED, InquiryState.NEEDS_INFO, InquiryState.SNOOZED)

_OPEN = frozenset(WAITING)
_DONE = frozenset({InquiryState.CLOSED, InquiryState.ANSWERED, InquiryState.DUPLICATE, InquiryState.SPAM})
_BY_STAFF = frozenset({InquiryState.CLAIMED, InquiryState.NEEDS_INFO, InquiryState.SENDING}) | _DONE
#: From which state to which; everything else is refused.
TRANSITIONS: Mapping[InquiryState, frozenset[InquiryState]] = {
    InquiryState.NEW: _BY_STAFF | {InquiryState.SNOOZED},
    InquiryState.CLAIMED: _BY_STAFF | {InquiryState.NEW, InquiryState.SNOOZED},
    InquiryState.NEEDS_INFO: _BY_STAFF | {InquiryState.NEW, InquiryState.SNOOZED},
    InquiryState.SENDING: frozenset({InquiryState.ANSWERED, InquiryState.CLAIMED}),
    InquiryState.SNOOZED: _BY_STAFF | {InquiryState.NEW},
    InquiryState.ANSWERED: frozenset(
        {InquiryState.NEW, InquiryState.CLAIMED, InquiryState.CLOSED, InquiryState.DUPLICATE}
    ),
    InquiryState.CLOSED: frozenset({InquiryState.NEW, InquiryState.CLAIMED, InquiryState.DUPLICATE}),
    InquiryState.DUPLICATE: frozenset({InquiryState.NEW, InquiryState.CLAIMED}),
    InquiryState.SPAM: frozenset({InquiryState.NEW}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A letter of a person is on its way."""

    inquiry_id: int
    outbox_id: int


def move(inquiry: Inquiry, state: InquiryState, *, now: datetime) -> None:
    """Take an inquiry to another state.

    Raises:
        Refused: the state cannot be reached from the present one.
    """
    if state is inquiry.state:
        return
    if state not in TRANSITIONS[inquiry.state]:
        raise Refused(f"inquiry {inquiry.id} is {inquiry.state}; it cannot become {state}")
    inquiry.state = state
    inquiry.updated_at = now


def record(session: Session, inquiry: Inquiry, kind: str, *, actor: str, now: datetime, **data: Any) -> Event:
    """Write down what happened, by whom."""
    event = Event(inquiry_id=inquiry.id, at=now, actor=actor, kind=kind, data=data)
    session.add(event)
    inquiry.updated_at = now
    return event


def find(session: Session, inquiry_id: int) -> Inquiry:
    """The inquiry with this number.

    Raises:
        Refused: there is none.
    """
    inquiry = session.get(Inquiry, inquiry_id)
    if inquiry is None:
        raise Refused(f"there is no inquiry {inquiry_id}; contestdesk inquiries list --all shows them")
    return inquiry


def answer(
    session: Session,
    inquiry: Inquiry,
    text: str,
    *,
    staff: Staff,
    identity: Identity,
    now: datetime,
    undo: timedelta = timedelta(),
    asks_detail: bool = False,
    also: Mapping[str, str] | None = None,
) -> Answered:
    """Send a person's letter to the applicant, threaded; it may be undone for ``undo`` (bot/letters.py).

    With ``asks_detail`` it answers nothing yet: the inquiry then waits for the applicant. ``also`` is the
    answer in other languages, for duplicates.

    Raises:
        Refused: the text is empty, or the inquiry cannot be answered in its state.
    """
    if not text.strip():
        raise Refused("the answer is empty; give it with --text or on standard input")
    if not inquiry.applicant.address:
        raise Refused(f"inquiry {inquiry.id} came without a usable address; see the mail: inquiries show")
    waiting = select(InquiryPart.id).where(InquiryPart.inquiry_id == inquiry.id, InquiryPart.waits)
    answers = [] if asks_detail else list(session.scalars(waiting))
    event = record(
        session, inquiry, DETAIL if asks_detail else LETTER, actor=staff.address, now=now,
        text=text.strip(), parts=answers, **({"also": dict(also)} if also else {}),
    )  # fmt: skip
    session.flush()
    leaves_at = now + undo if undo else None
    letter = letter_of(session, inquiry, text, staff=staff, event_id=event.id, not_before=leaves_at)
    request = outbox.Request(key=f"letter:{event.id}", letter=letter)
    (accepted,) = doors.enqueue_all(session, [request], identity=identity, now=now)
    if isinstance(accepted, ComposeError):
        raise accepted
    if accepted is None:  # the key is this event's own id
        raise Refused(f"inquiry {inquiry.id}: this letter is already in the outbox")
    remember_ours(session, inquiry, accepted.message_id, now=now)
    if asks_detail:
        move(inquiry, InquiryState.NEEDS_INFO, now=now)
    else:
        session.execute(update(InquiryPart).where(InquiryPart.id.in_(answers)).values(waits=False))
        move(inquiry, InquiryState.SENDING if undo else InquiryState.ANSWERED, now=now)
    return Answered(inquiry_id=inquiry.id, outbox_id=accepted.id)


def letter_of(
    session: Session,
    inquiry: Inquiry,
    text: str,
    *,
    staff: Staff,
    event_id: int | None = None,
    not_before: datetime | None = None,
) -> Letter:
    """The letter that ``answer`` would send, for a look at it before."""
    applicant = inquiry.applicant
    language = Language(inquiry.language)
    return Letter(
        kind=MailKind.LETTER,
        recipient=Person(address=applicant.address, name=applicant.name, language=language),
        subject=reply_subject(inquiry.subject),
        template="letter",
        data={"body": text.strip(), "staff": staff.name, "question": None, "greeting": applicant.name},
        automatic=False,
        thread=threads.newest_thread(session, inquiry.id),
        inquiry=inquiry.id,
        provenance={"staff": staff.id, "event": event_id},
        not_before=not_before,
        embargo_until=embargo.of_letter(session, inquiry),
    )


def note(session: Session, inquiry: Inquiry, text: str, *, staff: Staff, now: datetime) -> None:
    """Keep a remark that only staff see.

    Raises:
        Refused: the remark is empty.
    """
    if not text.strip():
        raise Refused("the note is empty; give it with --text or on standard input")
    record(session, inquiry, "note", actor=staff.address, now=now, text=text.strip())


def close(session: Session, inquiry: Inquiry, *, staff: Staff, now: datetime) -> None:
    """End an inquiry without a letter.

    Raises:
        Refused: it is closed already, or cannot be closed in its state.
    """
    if inquiry.state is InquiryState.CLOSED:
        raise Refused(f"inquiry {inquiry.id} is closed already")
    move(inquiry, InquiryState.CLOSED, now=now)
    record(session, inquiry, "closed", actor=staff.address, now=now)


def spam(session: Session, inquiry: Inquiry, *, staff: Staff, now: datetime) -> None:
    """Put an inquiry aside as spam; nobody is written to.

    Raises:
        Refused: it is spam already, or cannot become it in its state.
    """
    if inquiry.state is InquiryState.SPAM:
        raise Refused(f"inquiry {inquiry.id} is spam already")
    move(inquiry, InquiryState.SPAM, now=now)
    record(session, inquiry, "spam", actor=staff.address, now=now)


def reopen(session: Session, inquiry: Inquiry, *, staff: Staff, now: datetime) -> None:
    """Put an inquiry that was done back among those that wait.

    Raises:
        Refused: it waits already.
    """
    if inquiry.state in _OPEN:
        raise Refused(f"inquiry {inquiry.id} is open already ({inquiry.state})")
    move(inquiry, InquiryState.NEW, now=now)
    record(session, inquiry, "reopened", actor=staff.address, now=now)


def asked(inquiry: Inquiry, *, waits: bool, opened: bool, now: datetime) -> None:
    """Take account of a question of the applicant: must a person act, and is the inquiry new?"""
    if not waits and opened:
        move(inquiry, InquiryState.ANSWERED, now=now)
    elif waits and inquiry.state in _DONE:
        move(inquiry, InquiryState.NEW, now=now)
    elif waits and inquiry.state in (InquiryState.NEEDS_INFO, InquiryState.SNOOZED):
        move(inquiry, InquiryState.CLAIMED if inquiry.owner else InquiryState.NEW, now=now)


def last_staff_act(session: Session, inquiry_id: int) -> datetime | None:
    """When a person last did something in this inquiry."""
    return session.scalar(
        select(func.max(Event.at)).where(Event.inquiry_id == inquiry_id, Event.kind.in_(STAFF_ACTS))
    )


def remember_ours(session: Session, inquiry: Inquiry, message_id: str, *, now: datetime) -> None:
    """Note the Message-ID of a mail of ours, so that a reply to it is found."""
    session.add(ThreadMessage(inquiry_id=inquiry.id, message_id=message_id, at=now, ours=True))


def reply_subject(subject: str) -> str:
    """The subject of a reply: "Re: " once, whatever stands there already (RFC 5322 §3.6.5)."""
    bare = subject.strip()
    while bare[:3].lower() == "re:":
        bare = bare[3:].strip()
    return f"Re: {bare}" if bare else "Re:"
