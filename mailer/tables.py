"""The rows of the mailer: what waits to be sent, every try at it, whom not to write to, what is away.

Also who was reminded of what, and whose outbox it is.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, LargeBinary, String, Text, and_
from sqlalchemy.orm import Mapped, mapped_column

from mailer.base import Base, Name, UTCDateTime


class Channel(StrEnum):
    """Which door an outbox row leaves by."""

    MAIL = "mail"
    SLACK = "slack"


class MailKind(StrEnum):
    """Why the desk writes."""

    ANSWER = "answer"
    RECEIPT = "receipt"
    LETTER = "letter"
    STAFF_NOTICE = "staff_notice"
    CODE = "code"
    REMINDER = "reminder"
    INVITE = "invite"
    BULLETIN = "bulletin"
    CORRECTION = "correction"
    RESULT = "result"


class MailState(StrEnum):
    """Where an outbox row stands; the transitions are in states.py."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    IN_FLIGHT = "in_flight"
    SENT = "sent"
    RETRY = "retry"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


def _partial(name: str, *columns: str, where: ColumnElement[bool]) -> Index:
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)


class OutboxMail(Base):
    """A mail accepted for sending; its key names the event that caused it, so it exists once."""

    __tablename__ = "outbox_mail"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    channel: Mapped[Channel] = mapped_column(Name(Channel))
    kind: Mapped[MailKind] = mapped_column(Name(MailKind))
    state: Mapped[MailState] = mapped_column(Name(MailState))
    #: In lower case, as ``one_address`` gives it, so that caps know a person.
    recipient: Mapped[str] = mapped_column(String(320))
    #: The recipient's domain, in lower case: what is left alone together when it pushes back.
    domain: Mapped[str] = mapped_column(String(255), default="")
    subject: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(2))
    message_id: Mapped[str | None] = mapped_column(String(250), index=True)
    #: Empty string for the null sender, as on the wire.
    envelope_sender: Mapped[str] = mapped_column(String(320))
    #: The inquiry it belongs to; no foreign key, the mailer does not know that room.
    inquiry: Mapped[int | None] = mapped_column(index=True)
    #: True when no person wrote it (RFC 3834); caps count these.
    automatic: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: The three below are contest time.
    not_before: Mapped[datetime | None] = mapped_column(UTCDateTime)
    embargo_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    not_after: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: Real time, which no simulated clock moves: earliest next try, end of the claim.
    next_try_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lease_token: Mapped[str | None] = mapped_column(String(32))
    attempts: Mapped[int] = mapped_column(default=0)
    last_reply: Mapped[str | None] = mapped_column(Text)
    #: A line of the relay's log or a DSN, by which an unknown outcome was settled.
    evidence: Mapped[str | None] = mapped_column(Text)
    sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: Entry ids and versions, fact ids and values, the reason: why it says what it says.
    provenance: Mapped[dict[str, Any]]
    #: The message as sent, last so that reading a state never walks over it.
    body: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)

    __table_args__ = (
        # What a sender asks for, in the order of sending; partial, so finished rows cost nothing.
        _partial("ix_outbox_mail_waiting", "channel", "id", where=state.in_(["queued", "retry"])),
        # Whom a later mail may not overtake.
        _partial(
            "ix_outbox_mail_ahead", "recipient", "id", where=state.in_(["retry", "claimed", "in_flight"])
        ),
        _partial("ix_outbox_mail_held", "lease_until", where=state.in_(["claimed", "in_flight"])),
        _partial(
            "ix_outbox_mail_not_after",
            "channel",
            "not_after",
            where=and_(state.in_(["queued", "retry"]), not_after.is_not(None)),
        ),
        # Counts and lists by state; holds no more than the two names.
        Index("ix_outbox_mail_state", "state", "channel"),
        Index("ix_outbox_mail_recipient_created", "recipient", "created_at"),
        Index("ix_outbox_mail_domain_created", "domain", "created_at"),
        # A number is never given twice, even after the newest row was erased: Message-IDs hang on it.
        {"sqlite_autoincrement": True},
    )


class Attempt(Base):
    """One try at sending a mail."""

    __tablename__ = "attempt"

    id: Mapped[int] = mapped_column(primary_key=True)
    mail_id: Mapped[int] = mapped_column(ForeignKey(OutboxMail.id), index=True)
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: delivered, deferred, rejected or unknown; None while in flight.
    outcome: Mapped[str | None] = mapped_column(String(16))
    #: SMTP reply code, when there was one.
    code: Mapped[int | None]
    reply: Mapped[str | None] = mapped_column(Text)


class Suppression(Base):
    """An address we do not write to any more."""

    __tablename__ = "suppression"

    #: In lower case.
    address: Mapped[str] = mapped_column(String(320), primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    since: Mapped[datetime] = mapped_column(UTCDateTime)


class BouncedMail(Base):
    """A bounce that came in; with our token the row that bounced is known, without it nothing is changed."""

    __tablename__ = "bounce"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: The inbound mail; no foreign key, the mailer does not know that room.
    inbound_id: Mapped[int] = mapped_column(unique=True)
    #: Only by a signed bounce address.
    outbox_id: Mapped[int | None] = mapped_column(ForeignKey(OutboxMail.id), index=True)
    #: As the bounce says; the row's own recipient is the one that counts.
    recipient: Mapped[str | None] = mapped_column(String(320))
    #: Enhanced status (RFC 3463).
    status: Mapped[str | None] = mapped_column(String(16))
    permanent: Mapped[bool]
    delayed: Mapped[bool]
    #: Why, in words, and which rule found it.
    cause: Mapped[str] = mapped_column(String(64))
    voice: Mapped[str] = mapped_column(String(32))
    original_message_id: Mapped[str | None] = mapped_column(Text)
    #: The address that it closed, and who opened it again.
    suppressed: Mapped[str | None] = mapped_column(String(320), index=True)
    lifted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lifted_by: Mapped[str | None] = mapped_column(String(320))


class Trouble(Base):
    """The relay is away, or a recipient's domain pushes back: until when it is left alone."""

    __tablename__ = "trouble"

    #: A domain in lower case; the empty string for the relay itself.
    scope: Mapped[str] = mapped_column(String(255), primary_key=True)
    #: Real time, all three.
    since: Mapped[datetime] = mapped_column(UTCDateTime)
    until: Mapped[datetime] = mapped_column(UTCDateTime)
    #: When staff were told; null while it is not worth an alarm.
    told_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    strikes: Mapped[int]
    reply: Mapped[str] = mapped_column(Text)


class ReminderState(StrEnum):
    """What became of a reminder to one person."""

    #: Its mail waits in the outbox.
    QUEUED = "queued"
    #: Its mail is past waiting: the outbox row says what became of it.
    DONE = "done"
    #: Before it left, its person owed nothing any more, or the day was moved.
    CANCELLED = "cancelled"
    #: Its time had gone by; staff were told.
    SKIPPED_LATE = "skipped_late"


class Reminder(Base):
    """One reminder of one milestone to one person; its key lets it exist once."""

    __tablename__ = "reminder"

    id: Mapped[int] = mapped_column(primary_key=True)
    #: Also the key of its outbox row: milestone, offset, the day counted to, the person.
    key: Mapped[str] = mapped_column(String(200), unique=True)
    milestone: Mapped[str] = mapped_column(String(80))
    #: Such as D-3.
    offset: Mapped[str] = mapped_column(String(8))
    #: As whoever keeps the roster numbers people; no foreign key, the mailer does not know that room.
    person: Mapped[int]
    #: The three below are contest time. What the offset counted to.
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    slot_at: Mapped[datetime] = mapped_column(UTCDateTime)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    state: Mapped[ReminderState] = mapped_column(Name(ReminderState))
    mail_id: Mapped[int | None] = mapped_column(ForeignKey(OutboxMail.id), index=True)

    __table_args__ = (
        # Who had this one already, whatever the day was then.
        Index("ix_reminder_person", "milestone", "offset", "person"),
        # Those that may still be called back; partial, so finished rows cost nothing.
        _partial("ix_reminder_open", "mail_id", where=state == "queued"),
    )


class Installation(Base):
    """Whose outbox this is: the one row that a copy of the database takes along and cannot match."""

    __tablename__ = "installation"

    #: Always 1.
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(32))
    #: How often somebody said that this is the one; what an older copy knows is less.
    epoch: Mapped[int]
    #: Where the tables lay then: a copy lies elsewhere.
    place: Mapped[str] = mapped_column(String(80))
    #: Grows while mail leaves; the installation remembers it outside, so an older copy shows.
    pulse: Mapped[int]
    #: Contest time; reminders due before it are not sent, as the other one may have sent them.
    confirmed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: Empty for the first start.
    confirmed_by: Mapped[str] = mapped_column(String(320))
