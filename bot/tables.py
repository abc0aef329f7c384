"""The rows of the desk: what came in, what is asked, who may act, what was changed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mailer.base import Base, Name, UTCDateTime


class InboundMail(Base):
    """A mail as it came, stored before we said 250. Append-only; nothing points to it by a key."""

    __tablename__ = "inbound_mail"

    id: Mapped[int] = mapped_column(primary_key=True)
    received_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: Which door: smtp, lmtp, imap:FOLDER.
    door: Mapped[str] = mapped_column(String(80))
    #: Empty string for the null sender (RFC 5321 §4.5.5).
    envelope_sender: Mapped[str] = mapped_column(String(320))
    recipients: Mapped[list[Any]] = mapped_column(JSON)
    peer: Mapped[str] = mapped_column(String(80))
    size_bytes: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    raw: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)

    # A number is never given twice, even after the newest row was erased: the mark of a handled mail
    # would pass for that of the next one.
    __table_args__ = ({"sqlite_autoincrement": True},)


class HandledMail(Base):
    """The mark that an inbound mail is done, written in the transaction that did it."""

    __tablename__ = "handled_mail"

    inbound_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    handled_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: question, reply, auto_reply, bounce, list, own, spam, unreadable, or duplicate.
    verdict: Mapped[str] = mapped_column(String(16))
    rule: Mapped[str | None] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(Text)
    from_address: Mapped[str | None] = mapped_column(String(320), index=True)
    subject: Mapped[str | None] = mapped_column(Text)
    message_id: Mapped[str | None] = mapped_column(String(998))
    #: Message-ID, body and stable headers hashed: the same mail twice is one; null on the second.
    dedup_key: Mapped[str | None] = mapped_column(String(64), unique=True)
    inquiry_id: Mapped[int | None] = mapped_column(index=True)


class Cursor(Base):
    """Up to which number nothing waits, so that nobody looks through what is long done."""

    __tablename__ = "cursor"

    #: What is counted: inbound.
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    #: Every mail up to here is handled, and none with a lower number can still appear.
    low_water: Mapped[int]


class Applicant(Base):
    """Somebody who wrote to us, by address."""

    __tablename__ = "applicant"

    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(String(320), unique=True)
    name: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(2))
    first_seen_at: Mapped[datetime] = mapped_column(UTCDateTime)


class InquiryState(StrEnum):
    """Where an inquiry stands; the transitions are in triage.py."""

    NEW = "new"
    CLAIMED = "claimed"
    NEEDS_INFO = "needs_info"
    SENDING = "sending"
    ANSWERED = "answered"
    CLOSED = "closed"
    SNOOZED = "snoozed"
    DUPLICATE = "duplicate"
    SPAM = "spam"


class Origin(StrEnum):
    """Where an inquiry began."""

    EMAIL = "email"
    SLACK = "slack"


class Inquiry(Base):
    """One conversation with one applicant, opened by its first question."""

    __tablename__ = "inquiry"

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    state: Mapped[InquiryState] = mapped_column(Name(InquiryState), index=True)
    applicant_id: Mapped[int] = mapped_column(ForeignKey(Applicant.id), index=True)
    #: Address of the staff member who claimed it.
    owner: Mapped[str | None] = mapped_column(String(320))
    snooze_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    duplicate_of: Mapped[int | None] = mapped_column(ForeignKey("inquiry.id"))
    language: Mapped[str] = mapped_column(String(2))
    origin: Mapped[Origin] = mapped_column(Name(Origin))
    subject: Mapped[str] = mapped_column(Text)
    draft: Mapped[str | None] = mapped_column(Text)
    opened_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)

    applicant: Mapped[Applicant] = relationship(lazy="joined")
    parts: Mapped[list[InquiryPart]] = relationship(order_by="InquiryPart.id", viewonly=True)

    # SQLAlchemy reads it as declared; it is never changed.
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class InquiryPart(Base):
    """One question of an inquiry and what was decided on it."""

    __tablename__ = "inquiry_part"

    id: Mapped[int] = mapped_column(primary_key=True)
    inquiry_id: Mapped[int] = mapped_column(ForeignKey(Inquiry.id), index=True)
    inbound_id: Mapped[int]
    position: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(2))
    decision: Mapped[str] = mapped_column(String(16))
    topic: Mapped[str | None] = mapped_column(String(80), index=True)
    unknown: Mapped[str | None] = mapped_column(String(80), index=True)
    #: The best candidate whatever the decision, for the unanswered log.
    nearest: Mapped[str | None] = mapped_column(String(80))
    confidence: Mapped[float]
    candidates: Mapped[list[Any]] = mapped_column(JSON)
    feasibility: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    reason: Mapped[str] = mapped_column(Text)
    #: True until the desk or a person has answered it.
    waits: Mapped[bool]

    __table_args__ = (UniqueConstraint("inbound_id", "position"),)


class Event(Base):
    """What happened to an inquiry, by whom; append-only."""

    __tablename__ = "event"

    id: Mapped[int] = mapped_column(primary_key=True)
    inquiry_id: Mapped[int] = mapped_column(ForeignKey(Inquiry.id), index=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: desk, applicant, or the address of a staff member.
    actor: Mapped[str] = mapped_column(String(320))
    #: asked, answered, letter, note, claimed, closed, reopened, ...
    kind: Mapped[str] = mapped_column(String(32))
    data: Mapped[dict[str, Any]] = mapped_column(JSON)


class ThreadMessage(Base):
    """Which Message-IDs belong to which inquiry; ids are attacker-chosen, so they are not unique."""

    __tablename__ = "thread_message"

    id: Mapped[int] = mapped_column(primary_key=True)
    inquiry_id: Mapped[int] = mapped_column(ForeignKey(Inquiry.id), index=True)
    message_id: Mapped[str] = mapped_column(String(998), index=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: True when we wrote it.
    ours: Mapped[bool]


class StaffRole(StrEnum):
    """What a staff member may do; each role may also do what the ones before it may."""

    TRIAGE = "triage"
    APPROVER = "approver"
    ADMIN = "admin"


class Staff(Base):
    """A person who works at the desk."""

    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(String(320), unique=True)
    name: Mapped[str] = mapped_column(Text)
    slack_id: Mapped[str | None] = mapped_column(String(32), unique=True)
    role: Mapped[StaffRole] = mapped_column(Name(StaffRole))
    added_at: Mapped[datetime] = mapped_column(UTCDateTime)
    removed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Overlay(Base):
    """An approved change to the library: entry, fact, phrasing, unknown or mode; its id is the version."""

    __tablename__ = "overlay"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    #: Topic, fact or unknown id.
    subject: Mapped[str] = mapped_column(String(80))
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    author: Mapped[str] = mapped_column(String(320))
    approved_by: Mapped[str] = mapped_column(String(320))
    at: Mapped[datetime] = mapped_column(UTCDateTime)


Index("ix_event_inquiry_at", Event.inquiry_id, Event.at)
