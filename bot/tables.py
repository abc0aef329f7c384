"""The rows of the desk: what came in, what is asked, who may act, what was changed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from bot.inbox.identity import Level
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
    #: How sure it is who wrote it; null when nobody could read it.
    identity: Mapped[Level | None] = mapped_column(Name(Level))


class Cursor(Base):
    """Up to which number nothing waits, so that nobody looks through what is long done."""

    __tablename__ = "cursor"

    #: What is counted: inbound.
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    #: Every mail up to here is handled, and none with a lower number can still appear.
    low_water: Mapped[int]


class WatchedFolder(Base):
    """How far a folder of a watched mailbox was read; numbers are the server's UIDs (RFC 9051 §2.3.1.1)."""

    __tablename__ = "watched_folder"

    #: user@host, without the password.
    mailbox: Mapped[str] = mapped_column(String(320), primary_key=True)
    folder: Mapped[str] = mapped_column(String(80), primary_key=True)
    #: 0 until the folder was first opened. Up to 2^32 - 1, as all UIDs.
    uidvalidity: Mapped[int] = mapped_column(BigInteger, default=0)
    #: Up to here each mail that is ours is stored; written in the transaction that stored it.
    stored_uid: Mapped[int] = mapped_column(BigInteger, default=0)
    #: Up to here the mailbox shows it: seen or moved.
    settled_uid: Mapped[int] = mapped_column(BigInteger, default=0)
    #: What lay there when we began: up to this UID a mail is ours if it came at counts_from or later.
    old_uid: Mapped[int] = mapped_column(BigInteger, default=0)
    #: Null for all of them.
    counts_from: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: The three below are real time. The last look that went well to its end.
    looked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: Since when none has; null while all is well.
    failing_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: When staff were told; null while it is not worth an alarm.
    told_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    failure: Mapped[str | None] = mapped_column(Text)


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
    #: Slots that the reply asked for.
    asks_back: Mapped[list[Any] | None] = mapped_column(JSON)
    #: The kinds of applicant that the mail says its writer is, the deciding one first.
    applicant: Mapped[list[Any] | None] = mapped_column(JSON)
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
    """An approved change to the library: entry, fact, phrasing, precedent ...; its id is the version."""

    __tablename__ = "overlay"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    #: Topic, fact or unknown id.
    subject: Mapped[str] = mapped_column(String(80))
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    author: Mapped[str] = mapped_column(String(320))
    approved_by: Mapped[str] = mapped_column(String(320))
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class DraftState(StrEnum):
    """What became of a proposed change."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"


class Draft(Base):
    """A change to the library that somebody proposes; approved, it becomes an overlay row."""

    __tablename__ = "draft"

    id: Mapped[int] = mapped_column(primary_key=True)
    #: The three below are as in an overlay row.
    kind: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str] = mapped_column(String(80))
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    #: Who wrote the content as it stands now.
    author: Mapped[str] = mapped_column(String(320))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    state: Mapped[DraftState] = mapped_column(Name(DraftState), index=True)
    #: The question whose letter it was made from.
    part_id: Mapped[int | None] = mapped_column(ForeignKey(InquiryPart.id))
    #: What the regression said of exactly this content; null before the first run.
    regression: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    decided_by: Mapped[str | None] = mapped_column(String(320))
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: Why it was rejected, or approved in spite of the regression.
    reason: Mapped[str | None] = mapped_column(Text)
    overlay_id: Mapped[int | None] = mapped_column(ForeignKey(Overlay.id))


class OneTimeCode(Base):
    """A code that was mailed to a staff member, so that an approval is his; the code itself is not kept."""

    __tablename__ = "one_time_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    staff: Mapped[str] = mapped_column(String(320), index=True)
    #: What it approves, such as draft:12 or campaign:3.
    purpose: Mapped[str] = mapped_column(String(80))
    #: SHA-256 of what was approved as it stood when the code was sent.
    content: Mapped[str] = mapped_column(String(64))
    #: Keyed hash of the code with all of the above.
    digest: Mapped[str] = mapped_column(String(64))
    #: The three below are real time: a code is good for minutes, whatever the contest's clock shows.
    sent_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: Used, or void because a newer one was sent.
    spent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    tries: Mapped[int]


class Opinion(StrEnum):
    """What somebody says of what the desk did with a question."""

    #: By staff, on an automatic answer.
    RIGHT = "right"
    WRONG = "wrong"
    INCOMPLETE = "incomplete"
    #: By the applicant.
    HELPFUL = "helpful"
    NEED_PERSON = "need_person"
    #: A letter of staff answered it, and became an entry or a phrasing.
    TAUGHT = "taught"


class Review(Base):
    """One opinion on one question; who changes his mind replaces his own."""

    __tablename__ = "review"

    id: Mapped[int] = mapped_column(primary_key=True)
    part_id: Mapped[int] = mapped_column(ForeignKey(InquiryPart.id))
    opinion: Mapped[Opinion] = mapped_column(Name(Opinion))
    #: Topic or known unknown that the question belongs to, "oos" for none; null when it was not said.
    label: Mapped[str | None] = mapped_column(String(80))
    #: applicant, or the address of a staff member.
    actor: Mapped[str] = mapped_column(String(320))
    at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (UniqueConstraint("part_id", "actor"),)


class JudgmentState(StrEnum):
    """Where a verdict on a dataset stands."""

    #: Waits for an approver.
    PROPOSED = "proposed"
    #: Contradicts an approved one and is not justified yet.
    HELD = "held"
    #: Answers like questions, as a precedent.
    APPROVED = "approved"
    #: A newer verdict took its place.
    SUPERSEDED = "superseded"


class Judgment(Base):
    """What staff say of one dataset; approved, it becomes an overlay row of kind precedent."""

    __tablename__ = "judgment"

    id: Mapped[int] = mapped_column(primary_key=True)
    inquiry_id: Mapped[int] = mapped_column(ForeignKey(Inquiry.id), index=True)
    part_id: Mapped[int] = mapped_column(ForeignKey(InquiryPart.id))
    #: feasible, conditional, not_feasible.
    verdict: Mapped[str] = mapped_column(String(16))
    #: Language → why, in words for applicants.
    reason: Mapped[dict[str, Any]] = mapped_column(JSON)
    #: The dataset as it was read when it was judged.
    dataset: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[JudgmentState] = mapped_column(Name(JudgmentState), index=True)
    author: Mapped[str] = mapped_column(String(320))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: Ids of the precedents that it contradicts.
    contradicts: Mapped[list[Any]] = mapped_column(JSON)
    #: Why it stands all the same.
    justification: Mapped[str | None] = mapped_column(Text)
    approved_by: Mapped[str | None] = mapped_column(String(320))
    approved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    overlay_id: Mapped[int | None] = mapped_column(ForeignKey(Overlay.id))


Index("ix_event_inquiry_at", Event.inquiry_id, Event.at)
