"""Who was reminded of what: each reminder of each person once, or never, and then somebody knows.

Verbs take a session and never commit. ``now`` is contest time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from mailer import claiming, outbox, states
from mailer.base import Base
from mailer.errors import ComposeError, IllegalTransition
from mailer.letter import Identity, Letter
from mailer.outbox import Request
from mailer.reminder_letter import Addressee
from mailer.reminders import Slot
from mailer.states import DIRECT, ROWS
from mailer.tables import MailState, OutboxMail, Reminder, ReminderState

_REMINDERS = Base.metadata.tables[Reminder.__tablename__]
#: States of a reminder that its person had or is having.
_HAD = (ReminderState.QUEUED, ReminderState.DONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """What a slot put into the outbox."""

    #: Outbox ids, in the order of the addressees.
    mails: tuple[int, ...]
    #: Persons whose mail cannot be written, with the reason.
    unwritten: Mapping[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """A reminder whose mail has not left for good yet, as a look found it."""

    id: int
    milestone: str
    offset: str
    person: int
    due_at: datetime
    mail_id: int
    mail_state: MailState
    #: What was last said of its mail: why it was cancelled.
    said: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A reminder that reached somebody, or may have."""

    person: int
    mail_id: int
    offset: str
    due_at: datetime


def one_at_a_time(session: Session) -> None:
    """Let one scheduler at a time decide who is reminded; the keys hold without it, too."""
    states.one_at_a_time(session, "reminders")


def owed(session: Session, slot: Slot, people: Sequence[Addressee]) -> list[Addressee]:
    """Leave those who have not had this reminder, whatever the day was when they had it."""
    if not people:
        return []
    asked = select(Reminder.person).where(
        Reminder.milestone == slot.milestone.id,
        Reminder.offset == str(slot.offset),
        Reminder.state.in_(_HAD),
    )
    had = set(session.scalars(asked.where(Reminder.person.in_([one.id for one in people]))))
    return [one for one in people if one.id not in had]


def queue(
    session: Session,
    slot: Slot,
    people: Sequence[Addressee],
    *,
    write: Callable[[Addressee], Letter],
    identity: Identity,
    now: datetime,
) -> Queued:
    """Put the reminders of a slot into the outbox: for those only who have not had it.

    One that cannot be written is left out and told; it comes again at the next look.
    """
    people = owed(session, slot, people)
    requests = [Request(key=slot.key(one.id), letter=write(one)) for one in people]
    accepted = outbox.enqueue_all(session, requests, identity=identity, now=now)
    mails: dict[int, int] = {}
    unwritten: dict[int, str] = {}
    for one, answer in zip(people, accepted, strict=True):
        if isinstance(answer, ComposeError):
            unwritten[one.id] = str(answer)
        elif answer is not None:
            mails[one.id] = answer.id
    _write(session, slot, mails, ReminderState.QUEUED, now=now)
    return Queued(mails=tuple(mails.values()), unwritten=unwritten)


def skip(session: Session, slot: Slot, people: Sequence[Addressee], *, now: datetime) -> tuple[int, ...]:
    """Note that a slot went by without these; returns the persons for whom that is news."""
    people = owed(session, slot, people)
    keys = {slot.key(one.id): one.id for one in people}
    known = set(session.scalars(select(Reminder.key).where(Reminder.key.in_(keys))))
    late = dict.fromkeys(person for key, person in keys.items() if key not in known)
    _write(session, slot, late, ReminderState.SKIPPED_LATE, now=now)
    return tuple(late)


def _write(
    session: Session,
    slot: Slot,
    mails: Mapping[int, int | None],
    state: ReminderState,
    *,
    now: datetime,
) -> None:
    """Write one row a person; one that stood there without a mail (skipped, the clock went back) is used."""
    if not mails:
        return
    keys = {slot.key(person): mail for person, mail in mails.items()}
    known = set(session.scalars(select(Reminder.key).where(Reminder.key.in_(keys))))
    connection = session.connection()
    if known:
        again = [{"of_key": key, "mail_id": keys[key], "at": now} for key in sorted(known)]
        connection.execute(_AGAIN.values(state=state), again)
    rows = [
        {
            "key": slot.key(person),
            "milestone": slot.milestone.id,
            "offset": str(slot.offset),
            "person": person,
            "due_at": slot.due_at,
            "slot_at": slot.at,
            "at": now,
            "state": state,
            "mail_id": mail,
        }
        for person, mail in mails.items()
        if slot.key(person) not in known
    ]
    if rows:
        connection.execute(insert(_REMINDERS), rows)


_AGAIN = (
    update(_REMINDERS)
    .where(_REMINDERS.c.key == bindparam("of_key"))
    .values({"mail_id": bindparam("mail_id"), "at": bindparam("at")})
)


def still_open(session: Session) -> list[Open]:
    """Give the reminders whose end was not noted yet, oldest first."""
    found = session.execute(
        select(
            Reminder.id,
            Reminder.milestone,
            Reminder.offset,
            Reminder.person,
            Reminder.due_at,
            Reminder.mail_id,
            OutboxMail.state,
            OutboxMail.last_reply,
        )
        .join(OutboxMail, OutboxMail.id == Reminder.mail_id)
        .where(Reminder.state == ReminderState.QUEUED)
        .order_by(Reminder.id)
    )
    return [
        Open(
            id=row.id,
            milestone=row.milestone,
            offset=row.offset,
            person=row.person,
            due_at=row.due_at,
            mail_id=row.mail_id,
            mail_state=row.state,
            said=row.last_reply,
        )
        for row in found
        if row.mail_id is not None
    ]


def end(session: Session, reminders: Collection[Open]) -> list[Open]:
    """Note what became of those whose mail has left or was cancelled; returns the skipped ones."""
    skipped = []
    ended: dict[ReminderState, list[int]] = {}
    for one in reminders:
        state = _ended(one)
        if state is None:
            continue
        ended.setdefault(state, []).append(one.id)
        if state is ReminderState.SKIPPED_LATE:
            skipped.append(one)
    for state, ids in ended.items():
        session.execute(
            update(Reminder)
            .where(Reminder.id.in_(ids), Reminder.state == ReminderState.QUEUED)
            .values(state=state),
            **DIRECT,
        )
    return skipped


def _ended(one: Open) -> ReminderState | None:
    match one.mail_state:
        case MailState.SENT | MailState.FAILED | MailState.UNKNOWN:
            return ReminderState.DONE
        case MailState.CANCELLED if one.said == claiming.SKIPPED_LATE:
            return ReminderState.SKIPPED_LATE
        case MailState.CANCELLED:
            return ReminderState.CANCELLED
        case _:
            return None


def call_back(session: Session, one: Open, reason: str) -> bool:
    """Keep a reminder from leaving that is true no more; False when a sender holds it already."""
    try:
        outbox.cancel(session, one.mail_id, reason=reason)
    except IllegalTransition:
        return False
    session.execute(
        update(Reminder).where(Reminder.id == one.id).values(state=ReminderState.CANCELLED), **DIRECT
    )
    return True


def told(session: Session, milestone: str) -> list[Told]:
    """Give the reminders of a milestone that reached somebody, or may have, oldest first."""
    found = session.execute(
        select(Reminder.person, Reminder.mail_id, Reminder.offset, Reminder.due_at)
        .join(ROWS, ROWS.c.id == Reminder.mail_id)
        .where(
            Reminder.milestone == milestone,
            ROWS.c.state.in_([MailState.IN_FLIGHT, MailState.SENT, MailState.UNKNOWN]),
        )
        .order_by(Reminder.id)
    )
    return [
        Told(person=row.person, mail_id=row.mail_id, offset=row.offset, due_at=row.due_at)
        for row in found
        if row.mail_id is not None
    ]


def of_person(session: Session, person: int) -> list[Reminder]:
    """Give what one person was reminded of, oldest first."""
    return list(session.scalars(select(Reminder).where(Reminder.person == person).order_by(Reminder.id)))
